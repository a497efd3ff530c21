"""The metrics, judged by Prometheus' own tool."""

from tests.peers.conftest import need, run
from tests.process.conftest import until
from tests.process.test_demo import Demo


async def test_prometheus_has_no_complaint_about_the_metrics(demo: Demo) -> None:
    program = need("promtool", "prometheus")
    fault = {"kind": "status", "status": 503}
    async with demo.http.post(f"{demo.told['graph']['control']}/faults", json=fault) as answer:
        assert answer.status == 201

    async def troubled() -> str:
        text = await scraped(demo)
        return text if 'roombridge_troubles{code="' in text else ""

    text = await until(troubled, "a trouble among the metrics")
    assert await run(program, "check", "metrics", stdin=text) == (0, "", "")


async def scraped(demo: Demo) -> str:
    async with demo.http.get(demo.told["api"].replace("/api/v1", "/metrics")) as answer:
        assert answer.status == 200
        return await answer.text()
