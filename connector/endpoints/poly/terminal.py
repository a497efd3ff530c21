"""The command line of HDX and Group units (endpoints.md 3.4), and what its lines mean.

A greeting of a dozen lines may come at any time, also between the lines of an answer, and each
line may begin with a prompt. So an answer is what is recognised as one, never what comes first.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from connector.endpoint import Facts, PhoneCall, Progress
from connector.endpoints.poly.meetings import Meeting
from connector.endpoints.poly.way import unsupported
from connector.errors import Malformed
from connector.lines import Lines
from connector.secret import Secret
from connector.telnet_login import sign_in

PROMPT = "-> "
IDLE_OR_END = frozenset({"system is not in a call", "callinfo end"})
"""How the answer to `callinfo all` ends."""

STATES: dict[str, Progress] = {
    "connected": "connected",
    "complete": "connected",
    "ringing": "ringing",
    "allocated": "dialling",
    "connecting": "dialling",
    "dialing": "dialling",
    "disconnecting": "ending",
}


class Terminal:
    """One conversation with a unit."""

    __slots__ = ("_lines",)

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    async def sign_in(self, username: str, password: Secret) -> None:
        """Answer the questions of a telnet login, each once.

        Raises:
            Unavailable, Denied: named after who must act.
        """
        await sign_in(
            self._lines,
            username,
            password,
            prompts=(PROMPT,),
            greeted=lambda line: "my name is" in line,
        )

    async def ask(self, command: str, ends: Callable[[str], bool]) -> list[str]:
        """Send a command; all lines up to and with the one that ends its answer.

        Raises:
            Malformed: the unit does not know the command, or refuses it.
            Unavailable: no such line comes.
        """
        await self._lines.send(command)
        heard = []
        while True:
            line = _bare(await self._lines.line())
            if line.startswith("error:"):
                raise _error(line)
            if not line or line == command:  # an echo
                continue
            heard.append(line)
            if ends(line):
                return heard

    async def tell(self, command: str) -> list[str] | None:
        """Send a command whose answer is not documented; None where the unit refuses it.

        What comes before the answer to a question that every unit knows belongs to it.
        """
        await self._lines.send(command)
        await self._lines.send("callinfo all")
        heard: list[str] = []
        fine = True
        while True:
            line = _bare(await self._lines.line())
            if line.startswith("error:"):
                fine = False
            elif line in IDLE_OR_END:
                return heard if fine else None
            heard.append(line)


def _bare(line: str) -> str:
    """A line without the prompts before it."""
    line = line.strip()
    while line.startswith(PROMPT.strip()):
        line = line.removeprefix(PROMPT.strip()).strip()
    return line


def _error(line: str) -> Malformed:
    if "command not found" in line:
        return unsupported(
            "the unit does not know this command", "check its software, and `family`"
        )
    return Malformed("the unit refuses the command", reason="request_refused")


def quoted(text: str) -> str:
    """An argument.

    Raises:
        Malformed: it holds a quotation mark, which could begin another one.
    """
    if '"' in text:
        raise Malformed(
            "a quotation mark cannot be told to the unit",
            reason="request_refused",
            fix="choose a user name and password without quotation marks",
        )
    return f'"{text}"'


def calendar_of(lines: list[str]) -> str:
    """`established` or `unavailable`, from the answer to `calendarstatus get`."""
    return lines[-1].partition(" ")[2].strip()[:40]


def calls_of(lines: list[str]) -> list[PhoneCall]:
    """The calls in the answer to `callinfo all`."""
    return [call for line in lines if (call := _call(line))]


def _call(line: str) -> PhoneCall | None:
    """A `callinfo:` line. Name and number may be empty, and the number may hold colons."""
    parts = line.split(":")
    if parts[0] != "callinfo" or len(parts) < 9:
        return None
    state, _, direction, _ = parts[-4:]
    return PhoneCall(
        id=parts[1][:40],
        state=STATES.get(state.lower(), "unknown"),
        direction={"outgoing": "out", "incoming": "in"}.get(direction, ""),  # type: ignore[arg-type]
    )


_TIME = r"(\d{4}-\d\d-\d\d:\d\d:\d\d)"
_MEETING = re.compile(rf"meeting\|([^|]*)\|{_TIME}\|{_TIME}(?:\||$)")


def meetings_of(lines: list[str]) -> list[Meeting]:
    """The meetings in the answer to `calendarmeetings list`, in the unit's own local time."""
    found = []
    for line in lines:
        if match := _MEETING.match(line):
            start, end = _local(match[2]), _local(match[3])
            if start and end:
                found.append(Meeting(id=match[1], start=start, ends=(end,)))
    return found


def _local(text: str) -> datetime | None:
    try:
        # The unit does not say in which zone: that is found out by comparing.
        told = datetime.strptime(text, "%Y-%m-%d:%H:%M")  # noqa: DTZ007
    except ValueError:
        return None
    # Far from the ends of the calendar, where no offset can be subtracted.
    return told if 1970 <= told.year < 3000 else None


def joined_of(lines: list[str]) -> dict[str, Any]:
    """Whether and where a meeting is dialled, from the answer to `calendarmeetings info`."""
    dialable: bool | None = None
    dials = []
    for line in lines:
        parts = line.split("|")
        if "dialable" in parts or "nondialable" in parts:
            dialable = "nondialable" not in parts
        elif parts[0] == "dialingnumber" and len(parts) > 2:
            dials.append(parts[2])
    return {"dialable": dialable, "dials": tuple(dials) or None}


def facts_of(lines: list[str], calendar: str, way: str) -> Facts:
    """What the greeting and the answers to `whoami`, `version` and `serialnum` say of the unit."""
    told = {}
    for line in lines:
        key, colon, value = line.partition(":")
        if not colon:
            key, _, value = line.partition(" ")
        told[key.strip().lower()] = value.strip()[:200]
    return Facts(
        product=told.get("model", ""),
        software=told.get("software version") or told.get("version", ""),
        serial=told.get("serial number") or told.get("serialnum", ""),
        way=way,
        calendar=calendar,
    )
