"""What a unit finds to dial in a meeting (endpoints.md 3.1, 3.3)."""

from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.simulators.poly import Unit, bodies
from connector.simulators.poly.bodies import BEGIN, END


def encoded(*lines: str, end: str = "\n") -> str:
    """A token as it stands in a body."""
    text = "\n".join(("POLYCOM-VERSION=1", *lines)) + end
    return f"{BEGIN}\r\n{b64encode(text.encode()).decode()}\r\n{END}\r\n"


USUAL = encoded(
    "POLYCOM-DIALINPREFIX=",
    "POLYCOM-VMRNUMBER=123",
    "POLYCOM-SIGNALINGPREFIX=sip:",
    "POLYCOM-SIGNALINGPOSTFIX=example.com",
    "POLYCOM-MEETINGPASSWORD=77",
)


def found(family: Any = "group", /, body: str = "", **more: Any) -> list[tuple[str, str]]:
    """The numbers, and where each stood."""
    settings = more.pop("settings", {})
    texts = {"location": more.pop("location", ""), "subject": more.pop("subject", ""), "body": body}
    unit = Unit(family, **more)
    for name, value in settings.items():
        unit.settings.set(name, value)
    numbers, _ = bodies.numbers(family, unit.settings, unit.switches, texts)
    return [(one.number, one.found) for one in numbers]


TOKEN = [("123@example.com", "token")]


@pytest.mark.parametrize(
    "lines",
    [
        ["VMRNUMBER=123", "SIGNALINGPREFIX=sip", "SIGNALINGPOSTFIX=example.com"],
        ["VMRNUMBER=123", "SIGNALINGPREFIX=sip:", "SIGNALINGPOSTFIX=@example.com"],
        ["VMRNUMBER=123@example.com", "SIGNALINGPREFIX=sip:", "SIGNALINGPOSTFIX="],
        ["VMRNUMBER=23", "DIALINPREFIX=1", "SIGNALINGPOSTFIX=example.com"],
    ],
)
def test_the_token_is_read_in_every_form(lines: list[str]) -> None:
    assert found(body=encoded(*(f"POLYCOM-{line}" for line in lines))) == TOKEN


def test_the_token_may_sit_in_a_hidden_block() -> None:
    lines = USUAL.split("\r\n")
    block = "".join(f"<p>{line}</p>" for line in lines)
    assert found(body=f'<html><div style="display:none">{block}</div>Hello</html>') == TOKEN


def test_a_token_without_its_last_line_end_counts_unless_the_unit_is_strict() -> None:
    body = encoded("POLYCOM-VMRNUMBER=123@example.com", end="")
    assert found(body=body) == TOKEN
    assert found(body=body, strict_token=True) == []
    assert found(body=USUAL, strict_token=True) == TOKEN


def test_an_address_with_its_scheme_is_found_where_the_family_looks() -> None:
    where = {"location": "sip:9@example.com", "body": f"{USUAL}sip:123@example.com"}
    assert found("hdx", **where) == TOKEN
    assert found("studio", **where) == [*TOKEN, ("9@example.com", "location")]
    assert found("trio", **where) == [("9@example.com", "location"), ("123@example.com", "body")]
    assert found("trio", reads="both", **where)[0] == TOKEN[0]
    assert found("studio", subject="Call sip:8@example.com.") == [("8@example.com", "subject")]


def test_a_trio_takes_an_email_address_only_when_told_to() -> None:
    plain = {"location": "123@example.com"}
    assert found("trio", **plain) == []
    emails = {"exchange.meeting.parseEmailsAsSipUris": "1"}
    assert found("trio", settings=emails, **plain) == [("123@example.com", "location")]
    allowed = emails | {"exchange.meeting.parseAllowedSipUriDomains": "example.org"}
    assert found("trio", settings=allowed, **plain) == []


def test_the_password_comes_with_the_token() -> None:
    unit = Unit("group")
    texts = {"location": "", "subject": "", "body": USUAL}
    assert bodies.numbers("group", unit.settings, unit.switches, texts)[1] == "77"


@given(st.text())
def test_any_body_can_be_searched(body: str) -> None:
    found(body=body)
    found(body=f"{BEGIN}{body}{END}")
