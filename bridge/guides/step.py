"""One step of a guide, and a guide as text."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What is done, why, and with which commands."""

    title: str
    words: str = ""
    language: Literal["", "sh", "powershell"] = ""
    """Where the commands are pasted."""
    commands: Sequence[str] = ()


def printed(steps: Iterable[Step]) -> str:
    """A guide for the terminal; it is Markdown too."""
    parts = []
    for number, step in enumerate(steps, start=1):
        lines = [f"## {number}. {step.title}"]
        if step.words:
            lines += ["", step.words]
        if step.commands:
            lines += ["", f"```{step.language}", *step.commands, "```"]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)
