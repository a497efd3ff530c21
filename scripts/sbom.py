# ruff: noqa: INP001 - a script, not a module of the appliance
"""Makes one bill of materials of two: what the lock file pins, and what was installed from it.

    python scripts/sbom.py LOCKED INSTALLED OUT

The lock knows hashes, packages themselves know their licences and one another. Run in the
environment of requirements/audit.lock; the result is held against the schema of CycloneDX.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

Component = dict[str, Any]


def canonical(name: str) -> str:
    """A package's name as everybody writes it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def release(version: str) -> str:
    """A version as everybody writes it: 2.012 is 2.12 (version specifiers of PyPA)."""
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", version).lower()


def merged(locked: dict[str, Any], installed: dict[str, Any]) -> dict[str, Any]:
    """What was installed, each component with the hashes that the lock allows.

    What the lock pins for other systems is left out.

    Raises:
        SystemExit: something was installed that the lock does not pin.
    """
    pins = {(canonical(one["name"]), release(one["version"])): one for one in locked["components"]}
    for component in installed["components"]:
        pin = pins.get((canonical(component["name"]), release(component["version"])))
        if pin is None:
            sys.exit(f"{component['name']} {component['version']} is not in the lock file")
        component["version"], component["purl"] = pin["version"], pin["purl"]
        component["externalReferences"] = [
            *component.get("externalReferences", []),
            *distributions(pin),
        ]
    return installed


def distributions(pin: Component) -> list[dict[str, Any]]:
    """Where the files come from, with the hashes of those that may be installed."""
    found = [one for one in pin["externalReferences"] if one["type"] == "distribution"]
    return [one | {"comment": "hashes of the files that the lock file allows"} for one in found]


def main(locked: str, installed: str, out: str) -> None:
    """Merge, check, write."""
    made = merged(json.loads(Path(locked).read_text()), json.loads(Path(installed).read_text()))
    text = json.dumps(made, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if fault is not None:
        sys.exit(f"not CycloneDX 1.6: {fault}")
    Path(out).write_text(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
