"""Invitations written by others, where their folder is (`BRIDGE_CONTRACTS`); never dialled."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from rooms import join
from rooms.join.unwrap import unwrap
from rooms.model import JoinDetails

NOT_OURS = {"url_pwd", "vtc_conference_id", "phone_conference_id"}
"""What the corpus tells beyond join details."""

PERCENT_DECODED = {"R009", "R010", "R011"}
"""Records whose expected link is decoded once more than the filter encoded it."""


@pytest.fixture(scope="session")
def corpus(contracts: Path) -> Path:
    folder = contracts / "corpus"
    if not folder.is_dir():
        pytest.skip("BRIDGE_CONTRACTS holds no corpus of invitations")
    return folder


def lines(file: Path) -> Iterator[dict[str, Any]]:
    for line in file.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if not record.get("disputed"):
            yield record


def wrong(expect: Mapping[str, Any], details: JoinDetails | None) -> list[str]:
    """The asserted fields that are not as asserted."""
    return [key for key, value in expect.items() if not _as_asserted(key, value, details)]


def _as_asserted(key: str, value: Any, details: JoinDetails | None) -> bool:
    if key in NOT_OURS:
        return True
    return details is not None and value in _read(key, details)


def _read(key: str, details: JoinDetails) -> tuple[Any, ...]:
    """What was read for a field of the corpus; either of two for a SIP address."""
    if key == "sip":
        return details.sip_printed, details.sip
    if key in {"sip_full", "sip_derived"}:
        return (details.sip,)
    if key == "sip_as_written":
        return (details.sip_printed,)
    if key == "h323_gateways":
        return (list(details.h323_gateways),)
    return (getattr(details, key),)


def share(bad: list[str], count: int) -> float:
    print(f"{count - len(bad)} of {count}; not: {', '.join(bad) or '-'}")  # noqa: T201 with -s
    return 1 - len(bad) / count


def test_links_of_others(corpus: Path) -> None:
    records = list(lines(corpus / "links.jsonl"))
    bad = []
    for record in records:
        details = join.read(join.Invitation(body=record["text"])).details
        provider = details.provider if details else None
        if wrong(record["expect"], details) or provider != record["provider"]:
            bad.append(record["id"])
    assert share(bad, len(records)) >= 0.99


def test_texts_without_a_meeting_and_stale_links(corpus: Path) -> None:
    records = list(lines(corpus / "negatives.jsonl"))
    bad = []
    for record in records:
        details = join.read(join.Invitation(body=record["text"])).details
        if wrong(record["expect"], details) or (details and not record["expect"]):
            bad.append(record["id"])
    assert share(bad, len(records)) == 1


def test_rewritten_links(corpus: Path) -> None:
    records = list(lines(corpus / "rewrites.jsonl"))
    bad = []
    for record in records:
        found = unwrap(record["rewritten"])
        plain = unquote(found.url) if record["id"] in PERCENT_DECODED else found.url
        right = bool(found.opaque) if record["original"] is None else plain == record["original"]
        if not right:
            bad.append(record["id"])
    assert share(bad, len(records)) >= 0.98


def test_whole_invitations(corpus: Path) -> None:
    bad, count = [], 0
    for sidecar in sorted((corpus / "invites").glob("*.json")):
        if sidecar.with_suffix(".expect.json").exists():
            continue
        record = json.loads(sidecar.read_text(encoding="utf-8"))
        if record.get("disputed"):
            continue
        count += 1
        name = record["file"]
        data = (corpus / "invites" / name).read_bytes()
        details = join.read(join.files.invitation(name, data)).details
        masked = not record["expect"] and details and (details.meeting_id or details.passcode)
        if masked or wrong(record["expect"], details):
            bad.append(name)
    assert share(bad, count) >= 0.97
