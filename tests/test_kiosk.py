"""The files for a screen that shows nothing but its room agree with one another."""

import json
import re
from pathlib import Path

KIOSK = Path(__file__).parents[1] / "systemd" / "kiosk"


def test_nothing_but_the_appliance_can_be_opened() -> None:
    policies = json.loads((KIOSK / "policies.json").read_text())
    address = re.search(
        r"^URL=(https://[^/]+)/", (KIOSK / "roombridge-kiosk.default").read_text(), re.MULTILINE
    )
    assert address
    assert policies["URLBlocklist"] == ["*"]
    assert policies["URLAllowlist"] == [address[1]]
    assert policies["DeveloperToolsAvailability"] == 2


def test_the_browser_is_its_own_user_without_a_shell_and_always_begun_again() -> None:
    unit = (KIOSK / "roombridge-kiosk.service").read_text()
    user = re.search(r"^User=(\S+)$", unit, re.MULTILINE)
    assert user
    assert re.search(
        rf"^u {user[1]} .* /usr/sbin/nologin$",
        (KIOSK / "roombridge-kiosk.sysusers").read_text(),
        re.MULTILINE,
    )
    assert "\nRestart=always\n" in unit
    assert "\nStartLimitIntervalSec=0\n" in unit
    assert "remote-debugging" not in unit


def test_systemd_is_given_no_variable_of_the_shell_to_fill_in() -> None:
    for unit in KIOSK.glob("*.service"):
        commands = re.findall(r"^ExecStart=((?:.*\\\n)*.*)$", unit.read_text(), re.MULTILINE)
        for command in commands:
            assert set(re.findall(r"(?<!\$)\$(?!\$)\{?(\w*)", command)) <= {"URL"}, unit
