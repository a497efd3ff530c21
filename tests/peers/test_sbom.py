"""`make sbom` lists what the appliance consists of, as the lock pins it."""

import json
import re
import subprocess

import pytest

from tests.process.conftest import ROOT


def locked() -> dict[tuple[str, str], set[str]]:
    """What the lock pins for this system, with the hashes that it allows."""
    text = (ROOT / "requirements" / "run.lock").read_text()
    found = {}
    for entry in re.split(r"\n(?=\S)", text):
        pin = re.match(r"([\w.-]+)==([\w.]+)", entry)
        if pin and "sys_platform == 'win32'" not in entry.partition("\n")[0]:
            name = re.sub(r"[-_.]+", "-", pin[1]).lower()
            found[name, pin[2]] = set(re.findall(r"sha256:([0-9a-f]{64})", entry))
    return found


@pytest.mark.timeout(600)
def test_the_bill_of_materials_names_every_package_with_hashes_and_licence() -> None:
    # The tool holds it against the schema of CycloneDX, or fails.
    made = subprocess.run(["make", "sbom"], cwd=ROOT, text=True, capture_output=True, check=False)
    assert made.returncode == 0, made.stderr
    bill = json.loads((ROOT / "build" / "sbom.cdx.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["name"] == "room-calendar-bridge"
    pins = locked()
    components = {
        (re.sub(r"[-_.]+", "-", one["name"]).lower(), one["version"]): one
        for one in bill["components"]
    }
    for key, component in components.items():
        hashes = {
            one["content"]
            for reference in component["externalReferences"]
            if reference["type"] == "distribution"
            for one in reference.get("hashes", ())
        }
        assert hashes == pins[key], key
        assert component["purl"].startswith("pkg:pypi/"), key
    assert components.keys() == pins.keys()
    silent = [one["name"] for one in components.values() if not one.get("licenses")]
    assert len(silent) <= 2, f"these packages do not tell their licence: {silent}"
    related = {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}
    assert len(related["root-component"]) >= 10
