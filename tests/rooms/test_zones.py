"""Names of time zones."""

from zoneinfo import ZoneInfo

import pytest

from rooms.zones import from_windows, windows_names, zone


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Europe/London", "Europe/London"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("Pacific Standard Time", "America/Los_Angeles"),
        ("UTC", "UTC"),
        ("tzone://Microsoft/Utc", "UTC"),
        ("Europe/Kyiv (Kiev)", "Europe/Kyiv"),
        (" Tokyo Standard Time ", "Asia/Tokyo"),
        ("Kamchatka Standard Time", "Asia/Kamchatka"),
    ],
)
def test_names_that_services_use_are_known(name: str, found: str) -> None:
    assert zone(name).key == found


@pytest.mark.parametrize(
    "name",
    [
        "",
        "tzone://Microsoft/Custom",
        "Customized Time Zone",
        "../etc/passwd",
        "/etc/passwd",
        "Europe",
        "\0",
    ],
)
def test_other_names_are_key_errors(name: str) -> None:
    with pytest.raises(KeyError):
        zone(name)


def test_every_windows_name_leads_to_a_zone_that_exists() -> None:
    assert len(windows_names()) > 130
    for name, iana in windows_names().items():
        assert ZoneInfo(iana).key == from_windows(name)
