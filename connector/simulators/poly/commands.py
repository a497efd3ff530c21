"""What CLI commands do to a unit, and what it answers (endpoints.md 3.4)."""

import re
import shlex
from collections.abc import Callable, Iterator
from typing import Protocol

from connector.simulators.poly import command_calendar
from connector.simulators.poly.calls import Call
from connector.simulators.poly.unit import Unit

UNKNOWN = "error: command not found"
ILLEGAL = "error: command has illegal parameters"
TONES = re.compile(r"[0-9*#]+")


class Terminal(Protocol):
    """Who gave a command."""

    unit: Unit
    user: str
    notices: set[str]


Command = Callable[[Terminal, list[str]], Iterator[str]]


def run(terminal: Terminal, line: str) -> Iterator[str]:
    """The lines of the answer."""
    try:
        name, *words = shlex.split(line)
    except ValueError:
        yield ILLEGAL
        return
    unit = terminal.unit
    if name in COMMANDS:
        yield from COMMANDS[name](terminal, words)
    elif name in unit.family.commands:
        yield from command_calendar.setting(unit, name, words)
    else:
        yield UNKNOWN


def _dial(terminal: Terminal, words: list[str]) -> Iterator[str]:
    """`manual "<speed>" "<str>" [type]`, `auto "<speed>" "<str>"`, `phone sip|h323 "<str>"`."""
    match words:
        case ["manual", speed, number, *kind] if speed.isdecimal() and len(kind) <= 1:
            protocol = {"h323": "H323", "sip": "SIP", "ip": ""}.get(kind[0]) if kind else ""
        case ["auto", speed, number] if speed.isdecimal():
            protocol = ""
        case ["phone", "sip" | "h323" as protocol, number]:
            speed = "0"
        case ["addressbook", number]:
            protocol, speed = "", "0"
        case _:
            yield ILLEGAL
            return
    if protocol is None or not number:
        yield ILLEGAL
        return
    unit = terminal.unit
    yield f"dialing {words[0]}"
    audio = words[0] == "phone"
    unit.calls.dial(number, unit.now(), protocol=protocol, rate=int(speed), audio=audio)


def _hangup(terminal: Terminal, words: list[str]) -> Iterator[str]:
    """`video ["id"]`, `all`."""
    calls = terminal.unit.calls
    match words:
        case ["all"]:
            yield "hanging up all"
            calls.hang_up_all()
        case ["video"]:
            yield "hanging up video"
            calls.hang_up_all()
        case ["video", number] if number.isdecimal():
            yield "hanging up video"
            calls.hang_up(int(number))
        case _:
            yield ILLEGAL


def _gendial(terminal: Terminal, words: list[str]) -> Iterator[str]:
    """One tone, or several."""
    if len(words) != 1 or not TONES.fullmatch(words[0]):
        yield ILLEGAL
        return
    for digit in words[0]:
        terminal.unit.calls.tone(digit)
    yield f"gendial {words[0]}"


def _callinfo(terminal: Terminal, words: list[str]) -> Iterator[str]:
    """`all`, `callid "<id>"`."""
    unit = terminal.unit
    calls = unit.calls.all()
    match words:
        case ["all"]:
            pass
        case ["callid", number] if number.isdecimal():
            calls = tuple(call for call in calls if call.id == int(number))
        case _:
            yield ILLEGAL
            return
    if not calls:
        yield "system is not in a call"
        return
    yield "callinfo begin"
    for call in calls:
        name = "Far end" if unit.switches.named else ""
        state = _state(unit, call)
        way = "outgoing" if call.outgoing else "incoming"
        kind = "audiocall" if call.audio else "videocall"
        yield f"callinfo:{call.id}:{name}:{call.number}:{call.rate}:{state}:notmuted:{way}:{kind}"
    yield "callinfo end"


def _state(unit: Unit, call: Call) -> str:
    state = call.state(unit.now(), unit.answers)
    return {"dialling": "allocated", "ringing": "ringing", "connected": "connected"}[state]


def _answer(_terminal: Terminal, words: list[str]) -> Iterator[str]:
    """`video`: nobody ever calls a simulated unit."""
    yield f"answer {words[0]}" if words in (["video"], ["phone"]) else ILLEGAL


def _notify(terminal: Terminal, words: list[str]) -> Iterator[str]:
    if not words:
        yield f"registered for {len(terminal.notices)} notifications"
        yield from (f"notify {name}" for name in sorted(terminal.notices))
    elif words[0] in {"calendarmeetings", "callstatus"} and len(words) == 1:
        known = words[0] in terminal.notices
        terminal.notices.add(words[0])
        yield f"info: event/notification already active:{words[0]}" if known else _done("", words)
    else:
        yield ILLEGAL


def _nonotify(terminal: Terminal, words: list[str]) -> Iterator[str]:
    if len(words) == 1 and words[0] in terminal.notices:
        terminal.notices.discard(words[0])
        yield _done("no", words)
    else:
        yield ILLEGAL


def _done(no: str, words: list[str]) -> str:
    return f"{no}notify {words[0]} success"


def _callstate(terminal: Terminal, words: list[str]) -> Iterator[str]:
    match words:
        case ["register"]:
            terminal.notices.add("callstate")
            yield "callstate registered"
        case ["unregister"]:
            terminal.notices.discard("callstate")
            yield "callstate unregistered"
        case ["get"]:
            yield f"callstate {'' if 'callstate' in terminal.notices else 'un'}registered"
        case _:
            yield ILLEGAL


def _whoami(terminal: Terminal, _words: list[str]) -> Iterator[str]:
    yield f"Hi, my name is : {terminal.unit.name}"


def _version(terminal: Terminal, _words: list[str]) -> Iterator[str]:
    yield f"version {terminal.unit.software}"


def _serial(terminal: Terminal, _words: list[str]) -> Iterator[str]:
    yield f"serialnum {terminal.unit.serial}"


def _date(terminal: Terminal, words: list[str]) -> Iterator[str]:
    now = terminal.unit.now().astimezone(terminal.unit.zone)
    yield f"date {now:%Y-%m-%d}" if words in ([], ["get"]) else ILLEGAL


def _time(terminal: Terminal, words: list[str]) -> Iterator[str]:
    now = terminal.unit.now().astimezone(terminal.unit.zone)
    yield f"time {now:%H:%M:%S}" if words in ([], ["get"]) else ILLEGAL


def _status(terminal: Terminal, words: list[str]) -> Iterator[str]:
    return command_calendar.status(terminal.unit, words)


def _meetings(terminal: Terminal, words: list[str]) -> Iterator[str]:
    return command_calendar.meetings(terminal.unit, words, admin=terminal.user != "user")


COMMANDS: dict[str, Command] = {
    "answer": _answer,
    "calendarmeetings": _meetings,
    "calendarstatus": _status,
    "callinfo": _callinfo,
    "callstate": _callstate,
    "date": _date,
    "dial": _dial,
    "gendial": _gendial,
    "hangup": _hangup,
    "nonotify": _nonotify,
    "notify": _notify,
    "serialnum": _serial,
    "time": _time,
    "version": _version,
    "whoami": _whoami,
}


def call_states(call: Call, *, ended: bool) -> Iterator[str]:
    """What `callstate register` tells of a call."""
    if ended:
        yield f"cleared: call[{call.id}]"
        yield f"ended: call[{call.id}]"
        return
    for state in ("ALLOCATED", "RINGING", "COMPLETE"):
        yield f"cs: call[{call.id}] chan[0] dialstr[{call.number}] state[{state}]"
    yield f"active: call[{call.id}] speed[{call.rate}]"


def call_notice(unit: Unit, call: Call, *, ended: bool) -> str:
    """What `notify callstatus` tells of a call."""
    name = "Far end" if unit.switches.named else ""
    state = "disconnected" if ended else "connected"
    way = "outgoing" if call.outgoing else "incoming"
    kind = "audiocall" if call.audio else "videocall"
    return (
        f"notification:callstatus:{way}:{call.id}:{name}:{call.number}:{state}:{call.rate}:0:{kind}"
    )
