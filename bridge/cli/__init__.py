"""The command line: `roombridge`.

Exit status: 0 fine, 1 findings or the thing asked about is not fine, 2 bad usage or a configuration
that would not start. Commands import what they need when they run, so that each starts at once.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from bridge.cli import keeping, trusted
from bridge.cli.simulators import add_calendars, add_poly, add_sip

_DEFAULTS = (Path("/etc/roombridge/bridge.yaml"), Path("config/bridge.yaml"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words[:1] == ["__complete"]:
        from bridge.cli import completion  # noqa: PLC0415 - only where a shell asks

        return completion.answer(words[1:], _parser(), _DEFAULTS)
    given = _parser().parse_args(words)
    if given.config is None:
        given.config = next((path for path in _DEFAULTS if path.exists()), _DEFAULTS[0])
    command = importlib.import_module(f"bridge.cli.{given.module}")
    try:
        status = getattr(command, given.function)(given)
    except BrokenPipeError:  # the reader had enough, as `head` does
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        return 130
    assert isinstance(status, int)  # noqa: S101 - every command answers with its status
    return status


def _parser() -> argparse.ArgumentParser:
    """Everything that may be typed; help, completion and the manual page are made from it."""
    parser = argparse.ArgumentParser(
        prog="roombridge",
        description="Room calendars for room displays and H.323/SIP endpoints.",
        parents=[_common()],
    )
    parser.set_defaults(config=None, json=False)
    parser.add_argument("--version", action=_Version, nargs=0, help="which version this is")
    commands = Commands(parser)
    _add_running(commands)
    _add_asking(commands)
    trusted.add_people(commands.group("people", "who may sign in, as what, and where they are"))
    _add_secrets(commands)
    _add_sources(commands)
    _add_rooms(commands)
    keeping.add_lists(commands)
    _add_endpoints(commands)
    keeping.add_inventory(commands)
    _add_offline(commands)
    trusted.add_audit(commands.group("audit", "the audit log: who did what"))
    _add_examining(commands)
    keeping.add_shell(commands)
    return parser


class _Version(argparse.Action):
    """Prints the version; the package's metadata is read only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"roombridge {version('room-calendar-bridge')}")
        parser.exit()


def _common() -> argparse.ArgumentParser:
    """What may stand before a command and after it; where it does not stand, it sets nothing."""
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="bridge.yaml (default: /etc/roombridge/bridge.yaml, else config/bridge.yaml)",
    )
    common.add_argument("--json", action="store_true", help="answer in JSON")
    return common


class Commands:
    """Adds commands that take what all of them take."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(self, name: str, words: str, runs: str) -> argparse.ArgumentParser:
        """A command; `runs` names its module here and the function in it."""
        command = self._commands.add_parser(
            name, parents=[_common()], help=words, description=words
        )
        module, _, function = runs.rpartition(".")
        command.set_defaults(module=module, function=function)
        return command

    def group(self, name: str, words: str) -> "Commands":
        """A command that has commands of its own."""
        group = self._commands.add_parser(name, parents=[_common()], help=words, description=words)
        return Commands(group)


def _add_running(commands: Commands) -> None:
    demo = commands.add(
        "demo", "the whole system on loopback, simulated, with nothing to configure", "demo.demo"
    )
    demo.add_argument("--port", type=int, default=8080, help="of the appliance (default: 8080)")
    demo.add_argument("--rooms", type=int, default=4, help="how many rooms (default: 4)")
    commands.add("run", "the appliance, in the foreground", "run.run")
    _add_certificate(commands.group("certificate", "the certificate that callers meet"))
    commands.add("check", "read the configuration and print all its problems", "check.check")


def _add_certificate(commands: Commands) -> None:
    commands.add("show", "what it says of itself: names, fingerprint, end", "certificate.show")
    request = commands.add(
        "request", "a request for the site's authority, with the key kept here", "certificate.ask"
    )
    request.add_argument(
        "--name",
        action="append",
        help="host or IP address (default: public_url's, else the machine's; may be repeated)",
    )
    install = commands.add(
        "install", "take the certificate that the authority sent", "certificate.install"
    )
    install.add_argument("file", metavar="FILE", type=Path, help="PEM: it, then those above it")


def _add_asking(commands: Commands) -> None:
    agenda = commands.add("agenda", "what a room shows", "ask.agenda")
    agenda.add_argument("room", metavar="ROOM")
    agenda.add_argument("--from", dest="start", metavar="TIME", help="RFC 3339")
    agenda.add_argument("--to", dest="end", metavar="TIME", help="RFC 3339")
    explain = commands.add(
        "explain",
        "how join details were found or why there are none, and what the room systems know",
        "ask.explain",
    )
    explain.add_argument("room", metavar="ROOM")
    explain.add_argument("booking", metavar="BOOKING", nargs="?", help="only this booking")
    alerts = commands.group("alerts", "mail and webhooks that tell of troubles")
    alerts.add("test", "send a test message to every receiver", "alerts.test")
    _add_displays(commands.group("displays", "room displays: which room each belongs to"))
    tokens = commands.group("tokens", "tokens of callers: services and displays")
    create = tokens.add("create", "make a token; it is told this once", "tokens.create")
    create.add_argument("name", metavar="NAME", help="what it is for")
    create.add_argument(
        "--scope",
        action="append",
        choices=["read", "join", "write", "control", "rooms", "audit", "people"],
        help="read: agendas; join: their join details too; write: what rooms' policies allow,"
        " and joining; rooms: the inventory and displays; control: room systems and sources;"
        " audit: the audit log; people: accounts and tokens (default: read; may be repeated)",
    )
    create.add_argument(
        "--list", action="append", metavar="LIST", help="only for rooms of it; may be repeated"
    )
    create.add_argument("--display", metavar="ROOM", help="for the display of this room")
    create.add_argument("--days", type=int, help="how long it is valid (default: until revoked)")
    tokens.add("list", "all tokens, without the tokens themselves", "tokens.every")
    revoke = tokens.add("revoke", "end a token at once", "tokens.revoke")
    revoke.add_argument("id", metavar="ID")


def _add_displays(displays: Commands) -> None:
    pair = displays.add(
        "pair", "bind the display that shows a code to a room; it opens at once", "displays.pair"
    )
    pair.add_argument("code", metavar="CODE", nargs="?", help="as the display shows it")
    pair.add_argument("room", metavar="ROOM")
    pair.add_argument("--name", default="", help="of the display (default: the room's)")
    pair.add_argument("--move", metavar="ID", help="a paired display instead of a code")
    displays.add("list", "all paired displays, and when each was seen last", "displays.every")
    revoke = displays.add("revoke", "sign a display out at once", "displays.revoke")
    revoke.add_argument("id", metavar="ID")


def _add_examining(commands: Commands) -> None:
    doctor = commands.add(
        "doctor", "live checks: identity, rights, mailboxes, room systems, machine", "doctor.doctor"
    )
    doctor.add_argument("--room", metavar="ROOM", help="only what concerns this room")
    doctor.add_argument(
        "--calendar-processing",
        type=Path,
        metavar="FILE",
        help="how the mailboxes are set, as `roombridge guide exchange` exports it (JSON)",
    )
    guide = commands.group("guide", "steps and commands for this configuration")
    for name, words in (
        ("entra", "register the application, its certificate, its consents"),
        ("exchange", "let it read the rooms only, and set their mailboxes right"),
        ("google", "a service account for the rooms of Google Workspace"),
    ):
        one = guide.add(name, words, f"guide.{name}")
        one.add_argument("--source", metavar="NAME", default="", help="where there are several")
        if name == "exchange":
            one.add_argument(
                "--listed",
                action="store_true",
                help="exactly the configured mailboxes instead of every room mailbox",
            )


def _add_secrets(commands: Commands) -> None:
    secrets = commands.group("secrets", "the encrypted vault; works beside the running appliance")
    secrets.add("init", "make a vault, and its key file where that is missing", "secrets.init")
    set_ = secrets.add(
        "set", "put a secret into the vault: from standard input, or asked for", "secrets.set_"
    )
    set_.add_argument("name", metavar="NAME", help="used as vault:NAME in the configuration")
    set_.add_argument("--file", type=Path, metavar="FILE", help="read it from a file")
    secrets.add("list", "names, and when and by whom they were set", "secrets.every")
    delete = secrets.add("delete", "forget a secret", "secrets.delete")
    delete.add_argument("name", metavar="NAME")
    delete.add_argument("--force", action="store_true", help="even if the configuration uses it")
    rotate = secrets.add(
        "rotate", "encrypt everything anew, closed by the configured keys", "secrets.rotate"
    )
    rotate.add_argument(
        "--key-file",
        type=Path,
        metavar="NEW",
        help="and by this key too, which is made where it is missing: a move to another key",
    )


def _add_sources(commands: Commands) -> None:
    sources = commands.group("sources", "identities of calendar services")
    sources.add("list", "all sources, their credentials and when these end", "sources.every")
    authorize = sources.add(
        "authorize",
        "sign in for a source: a service account with a code, others by themselves",
        "sources.authorize",
    )
    revoke = sources.add(
        "revoke", "stop reading a source and delete its secrets, at once", "sources.revoke"
    )
    for command in (authorize, revoke):
        command.add_argument("name", metavar="NAME", help="of the source in bridge.yaml")


def _add_rooms(commands: Commands) -> None:
    rooms = commands.group("rooms", "rooms: as they stand, and as they are to be")
    discover = rooms.add(
        "discover",
        "ask the services for their rooms now: where they and the inventory do not agree",
        "rooms.discover",
    )
    discover.add_argument("--source", metavar="NAME", help="only this one")
    discover.add_argument(
        "--yaml", action="store_true", help="entries for rooms.yaml, of new rooms seen twice"
    )
    for name, words in (
        ("--approve", "have these proposals done, all in one change"),
        ("--reject", "let these come no more, until the service says something else"),
        ("--take-back", "let these come again that were rejected"),
    ):
        discover.add_argument(name, metavar="ID", nargs="+", default=[], help=words)
    discover.add_argument(
        "--approve-new", action="store_true", help="add all new rooms that were listed twice"
    )
    discover.add_argument("--dry-run", action="store_true", help="only say what it would change")
    faults = rooms.add(
        "faults", "what people reported at doors, until somebody clears it", "faults.faults"
    )
    faults.add_argument("room", metavar="ROOM", nargs="?", default="", help="only of this room")
    faults.add_argument("--clear", metavar="CODE", default="", help="this one of ROOM is mended")
    keeping.add_rooms(rooms)


def _add_endpoints(commands: Commands) -> None:
    endpoints = commands.group("endpoints", "room systems: how they stand, and what they are told")
    every = endpoints.add("list", "all room systems", "endpoints.every")
    every.add_argument("--room", metavar="ROOM", help="only those of this room")
    for name, words in (
        ("show", "one of them, and the certificate that it presents, to compare with the pin"),
        ("push", "show it its list now, and say how that went"),
        ("provision", "point it at its room's calendar, over its own interface"),
        ("dial", "have it join a booking, or call an address"),
        ("hangup", "end all its calls"),
        ("tones", "send tones into its call"),
    ):
        one = endpoints.add(name, words, f"endpoints.{name}")
        one.add_argument("id", metavar="ENDPOINT", help="its id")
        if name == "dial":
            one.add_argument("address", metavar="ADDRESS", nargs="?", default="")
            one.add_argument("--booking", metavar="BOOKING", default="", help="instead of ADDRESS")
            one.add_argument(
                "--protocol", choices=["sip", "h323"], help="where ADDRESS does not tell"
            )
        if name == "tones":
            one.add_argument("digits", metavar="DIGITS", help="0-9, * and #")
    keeping.add_endpoints(endpoints)


def _add_offline(commands: Commands) -> None:
    join = commands.add(
        "join", "dry run: the join details of an invitation; needs no configuration", "join.join"
    )
    join.add_argument(
        "file", metavar="FILE", help="an invitation: .eml .ics .json .html .txt .md, or - for stdin"
    )
    join.add_argument("--jsonl", action="store_true", help="one JSON object a line, in and out")
    join.add_argument("--rules", type=Path, metavar="FILE", help="rules of the site, YAML")
    simulate = commands.group("simulate", "one simulator by itself, for trying and for tests")
    graph = simulate.add("graph", "a Microsoft 365 tenant", "simulate.graph")
    exchange = simulate.add("exchange", "an Exchange Server", "simulate.exchange")
    exchange.add_argument(
        "--release",
        choices=["2013", "2016", "2019", "SE"],
        default="2019",
        help="which one it says it is (default: 2019)",
    )
    for command in (graph, exchange):
        add_calendars(command)
    google = simulate.add("google", "a Google Workspace", "simulate.google")
    google.add_argument("--rooms", type=int, default=4, help="resources (default: 4)")
    google.add_argument("--empty", action="store_true", help="without meetings")
    google.add_argument(
        "--key", type=Path, metavar="FILE", help="write the service account's key (JSON) here"
    )
    cisco = simulate.add("cisco", "a Cisco room system", "simulate.cisco")
    cisco.add_argument("--version", default="RoomOS 11.27.2.0", help="software version it tells")
    cisco.add_argument("--http", action="store_true", help="without TLS")
    cisco.add_argument(
        "--ssh", type=int, default=0, metavar="PORT", help="of its terminal; default: any free one"
    )
    for command in (graph, exchange, google, cisco, add_poly(simulate), add_sip(simulate)):
        command.add_argument("--address", default="127.0.0.1", help="default: 127.0.0.1")
        command.add_argument("--port", type=int, default=0, help="default: any that is free")
