"""Commands as somebody gives them, whichever way they come: what is allowed, what comes back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from connector.simulators.cisco import actions
from connector.simulators.cisco.actions import Arguments, Result
from connector.simulators.cisco.catalogue import Command, Path, known
from connector.simulators.cisco.codec import Codec
from connector.simulators.cisco.versions import Version

WRONG = "Invalid or missing parameters"
DENIED = "Permission denied"
PUSHES: set[Path] = {("Bookings", "Put"), ("Bookings", "Clear")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command as somebody gave it."""

    path: Path
    parameters: Mapping[str, str] = field(default_factory=dict)
    several: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Those that may come more than once."""
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Giver:
    """Who gives a command, and how."""

    user: str
    way: str
    """The path that it came to: `/putxml`, `/ws`, `ssh`."""
    raw: str = ""
    """The request as it came."""


def result_name(path: Path) -> str:
    """How the answer to a command is called: the last two words of its path."""
    return "".join(path[-2:]) + "Result"


def ordered(
    version: Version, path: Path, given: Iterable[tuple[str, str]], body: str = ""
) -> Order:
    """A command with what came with it, in the order in which it came."""
    command = known(version).get(path)
    parameters: dict[str, str] = {}
    several: dict[str, tuple[str, ...]] = {}
    for name, value in given:
        bare = name.partition("[")[0]
        if command and bare in command.parameters and command.parameters[bare].several:
            several[bare] = (*several.get(bare, ()), value)
        else:
            parameters[name] = value
    return Order(path=path, parameters=parameters, several=several, body=body)


def spelled(version: Version, words: Iterable[str]) -> Path:
    """A path as the version spells it, whatever its case."""
    path = tuple(words)
    lower = tuple(word.lower() for word in path)
    for found in known(version):
        if tuple(word.lower() for word in found) == lower:
            return found
    return path


def perform(codec: Codec, order: Order, giver: Giver) -> Result:
    """Do what a user asked, and remember it if it was a push of bookings."""
    result = execute(codec, order, codec.users.roles(giver.user))
    if order.path in PUSHES and result.status != "Unknown":
        codec.keep_push(giver.way, giver.raw, giver.user, accepted=result.status == "OK")
    return result


def execute(codec: Codec, order: Order, roles: tuple[str, ...]) -> Result:
    """Do what was asked, as far as the version, the words and the roles allow."""
    command = known(codec.version).get(order.path)
    if command is None or not order.parameters.keys() <= command.parameters.keys():
        return Result("Unknown")
    wrong = _wrong(command, order)
    if wrong:
        return Result("ParameterError", {"Reason": WRONG, "XPath": _xpath(order.path, wrong)})
    if not set(roles) & set(command.roles):
        return actions.refused(DENIED)
    return command.run(codec, Arguments(order.parameters, order.body, order.several))


def _wrong(command: Command, order: Order) -> str | None:
    """The first parameter that is missing or not in its value space."""
    for name, parameter in command.parameters.items():
        given = order.parameters.get(name)
        if given is None and parameter.required:
            return name
        if given is not None and not parameter.space.accepts(given):
            return name
        if not all(parameter.space.accepts(one) for one in order.several.get(name, ())):
            return name
    return None


def _xpath(path: Path, name: str) -> str:
    return "/".join(("/Command", *path, name))
