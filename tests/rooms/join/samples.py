"""Our own invitations, and how they are compared with what was read."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from rooms import join

FOLDER = Path(__file__).parents[2] / "samples" / "join"


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One invitation and what must be found in it."""

    file: str
    name: str
    invitation: join.Invitation
    expect: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.file}: {self.name}"


def samples() -> Iterator[Sample]:
    """Every sample of the folder; a new file is picked up by itself."""
    for file in sorted(FOLDER.glob("*.yaml")):
        for record in yaml.safe_load(file.read_text(encoding="utf-8")):
            expect = dict(record["expect"])
            expect.setdefault("provider", file.stem)
            yield Sample(
                file=file.stem, name=record["name"], invitation=_invitation(record), expect=expect
            )


def _invitation(record: Mapping[str, Any]) -> join.Invitation:
    return join.Invitation(
        subject=record.get("subject", ""),
        locations=(record["location"],) if "location" in record else (),
        online_url=record.get("online_url", ""),
        conference=tuple(join.EntryPoint(**point) for point in record.get("conference", ())),
        body=record.get("html") or record.get("text", ""),
        html="html" in record,
        organizer_domain=record.get("organizer_domain", ""),
    )
