"""The description of the API, judged by Redocly's linter."""

import json
from pathlib import Path

from tests.peers.conftest import module, need, run
from tests.process.test_demo import Demo


async def test_the_description_of_the_api_is_openapi_31_without_a_complaint(
    demo: Demo, tmp_path: Path
) -> None:
    async with demo.http.get(f"{demo.told['api']}/openapi.json") as answer:
        described = await answer.json()
    assert described["openapi"].startswith("3.1.")
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(described))
    status, out, errors = await run(
        *(need("node", "npm"), module("@redocly/cli/bin/cli.js"), "lint", str(file)),
        *("--extends", "recommended", "--format", "json"),
        # Liveness is open to everybody and asks for nothing: nothing can be wrong with a request.
        *("--skip-rule", "operation-4xx-response"),
        # Forms of people, and their way to a provider, end in a redirect: looked at below.
        *("--skip-rule", "operation-2xx-response"),
        REDOCLY_TELEMETRY="off",
        REDOCLY_SUPPRESS_UPDATE_NOTICE="true",
    )
    told = [f"{one['ruleId']}: {one['message']}" for one in json.loads(out)["problems"]]
    assert (told, status) == ([], 0), errors
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            good = {status for status in operation["responses"] if status[0] == "2"}
            leads = path.startswith("/admin/") and "303" in operation["responses"]
            assert good or leads, (method, path)
