"""The words of the commands about who may sign in, and about what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.cli import Commands

ROLES = ("viewer", "facilities", "engineer", "auditor", "owner")
"""As in `bridge.callers`, which takes longer to import."""


def add_people(people: Commands) -> None:
    """`roombridge people`."""
    people.add("list", "all accounts", "people.every")
    invite = people.add(
        "invite", "a one-time code for somebody new, or another one for NAME", "people.invite"
    )
    set_ = people.add("set", "change an account; its sessions end", "people.set_")
    for command in (invite, set_):
        command.add_argument("name", metavar="NAME", help="what they type to sign in")
        command.add_argument(
            "--role", choices=list(ROLES), help="what they may; somebody new needs one"
        )
        command.add_argument(
            "--list", action="append", metavar="LIST", help="they look after; may be repeated"
        )
        command.add_argument("--shown", metavar="TEXT", help="what others call them")
        command.add_argument("--email", metavar="ADDRESS")
    set_.add_argument("--rename", metavar="NEW", help="what they type from now on")
    set_.add_argument("--all-rooms", action="store_true", help="no room lists any more")
    able = set_.add_mutually_exclusive_group()
    able.add_argument("--disable", action="store_true", help="they cannot sign in any more")
    able.add_argument("--enable", action="store_true", help="they can again")
    remove = people.add("remove", "take an account away", "people.remove")
    remove.add_argument("name", metavar="NAME")
    sessions = people.add("sessions", "where people are signed in", "people.sessions")
    sessions.add_argument("name", metavar="NAME", nargs="?", default="", help="only this one")
    sessions.add_argument("--end", metavar="ID", default="", help="end this one")


def add_audit(audit: Commands) -> None:
    """`roombridge audit`."""
    show = audit.add("show", "who did what, the newest last", "audit.show")
    show.add_argument("--actor", metavar="NAME", help="only what this one did")
    show.add_argument("--action", metavar="ACTION", help="only this: bookings.create, or bookings")
    show.add_argument("--object", metavar="OBJECT", help="only to this: a room, and its bookings")
    show.add_argument("--limit", type=int, default=50, help="how many (default: 50)")
    verify = audit.add(
        "verify", "check that no entry was changed, removed or added since", "audit.verify"
    )
    verify.add_argument(
        "file", metavar="FILE", nargs="?", help="an export instead of the running appliance's log"
    )
    verify.add_argument(
        "--head", metavar="SEQ:HASH", help="an entry as it was sent out: it must be there still"
    )
    export = audit.add("export", "every entry with its hash, as JSON lines", "audit.export")
    for command in (show, export):
        command.add_argument("--since", metavar="TIME", help="only from then on, RFC 3339")
