"""What simulators take on the command line."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # which takes these
    from bridge.cli import Commands


def add_sip(simulate: "Commands") -> argparse.ArgumentParser:
    """A SIP unit, and how it takes orders to call."""
    sip = simulate.add("sip", "a SIP room system and a meeting that it can call", "simulate.sip")
    sip.add_argument(
        "--refer",
        default="obey",
        metavar="HOW",
        help="orders to call (REFER): obey, silent, or a status such as 501 (default: obey)",
    )
    sip.add_argument(
        "--tells",
        choices=["as_asked", "always", "never"],
        default="as_asked",
        help="whether it tells how an ordered call goes (default: as_asked)",
    )
    sip.add_argument("--login", action="store_true", help="ask for a login")
    return sip


def add_poly(simulate: "Commands") -> argparse.ArgumentParser:
    """A Poly unit, and the calendar that it reads."""
    poly = simulate.add("poly", "a Poly room system", "simulate.poly")
    families = ["hdx", "group", "studio", "trio"]
    poly.add_argument("--family", choices=families, default="studio", help="default: studio")
    poly.add_argument("--software", default="", help="version it tells")
    poly.add_argument("--http", action="store_true", help="without TLS")
    poly.add_argument("--telnet-port", type=int, default=0, help="default: any that is free")
    poly.add_argument("--ssh-port", type=int, default=0, help="default: any that is free")
    poly.add_argument("--server", metavar="URL", default="", help="reads its calendar there (EWS)")
    poly.add_argument("--username", default="", help="as this user")
    poly.add_argument("--password-file", type=Path, metavar="FILE", help="with what stands there")
    poly.add_argument("--mailbox", default="", help="of this room; default: the user's own")
    return poly


def add_calendars(command: argparse.ArgumentParser) -> None:
    """What all simulators of calendars take."""
    command.add_argument("--rooms", type=int, default=4, help="room mailboxes (default: 4)")
    command.add_argument("--empty", action="store_true", help="without meetings")
    command.add_argument(
        "--ca",
        type=Path,
        metavar="FILE",
        help="serve https, and write here what clients must trust (ca_file)",
    )
    command.add_argument("--name", default="", help="another name or address in that certificate")
