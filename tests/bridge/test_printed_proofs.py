"""What `roombridge endpoints show` says of a certificate and of an SSH host key."""

from typing import Any

import pytest

from bridge.cli import endpoints

CERTIFICATE, OTHER = "sha256:" + "0f" * 32, "sha256:" + "1e" * 32
KEY, OTHER_KEY = "SHA256:" + "a" * 43, "SHA256:" + "b" * 43
TLS, SSH = "tls: {fingerprint: …}", "ssh: {fingerprint: …}"
PINNED = "it is the one that is pinned"


def said(capsys: pytest.CaptureFixture[str], **proof: Any) -> tuple[str, str]:
    """What is printed on both streams."""
    nothing: dict[str, Any] = {
        "certificate": None,
        "ends": None,
        "names": [],
        "weakness": "",
        "host_key": None,
        "pinned": "",
        "host_key_pinned": "",
        "matches": None,
    }
    endpoints._print_proof({**nothing, **proof})
    told = capsys.readouterr()
    return told.out, told.err


@pytest.mark.parametrize(
    ("proof", "words", "silent"),
    [
        ({"certificate": CERTIFICATE}, [f"pin it: {TLS} in rooms.yaml"], [SSH, PINNED]),
        ({"host_key": KEY}, [f"pin it: {SSH} in rooms.yaml"], [TLS, PINNED]),
        (
            {"certificate": CERTIFICATE, "host_key": KEY},
            [f"pin them: {TLS}, {SSH} in rooms.yaml"],
            [PINNED],
        ),
        (
            {"certificate": CERTIFICATE, "pinned": CERTIFICATE, "matches": True},
            [PINNED],
            [TLS, SSH],
        ),
        (
            {"certificate": CERTIFICATE, "pinned": CERTIFICATE, "host_key": KEY, "matches": True},
            [PINNED, f"compare the SSH host key at the unit itself, then pin it: {SSH}"],
            [TLS],
        ),
        (
            # Its web interface may be known by an authority, and is often not used at all.
            {"certificate": CERTIFICATE, "host_key": KEY, "host_key_pinned": KEY, "matches": True},
            [PINNED],
            [TLS, SSH],
        ),
        (
            {"host_key": KEY, "pinned": OTHER},
            [f"pin it: {SSH} in rooms.yaml"],
            [TLS, PINNED],
        ),
        ({}, ["it shows no certificate"], [TLS, SSH, PINNED]),
    ],
)
def test_what_is_not_pinned_yet_is_to_be_pinned_by_its_own_setting(
    capsys: pytest.CaptureFixture[str], proof: dict[str, Any], words: list[str], silent: list[str]
) -> None:
    out, err = said(capsys, **proof)
    assert all(one in out for one in words), out
    assert not any(one in out for one in silent), out
    assert not err


def test_what_is_another_than_the_pinned_one_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    proof = {"host_key": KEY, "host_key_pinned": OTHER_KEY, "matches": False}
    out, err = said(capsys, **proof)
    assert err == f"NOT the one that is pinned: {OTHER_KEY}\n"
    assert SSH not in out
