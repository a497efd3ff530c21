"""The families of Poly units: what each is called, offers and is set with (endpoints.md 3.1)."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

Name: TypeAlias = Literal["hdx", "group", "studio", "trio"]
NAMES: tuple[Name, ...] = get_args(Name)

Part: TypeAlias = Literal[
    "enabled", "server", "domain", "username", "password", "mailbox", "show_private", "basic"
]
"""What a calendar account consists of, whatever a family calls it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One family."""

    model: str
    software: str
    """A version that units of it run."""
    rest: Literal["", "videoos", "trio"]
    cli: bool
    user: str
    """The administrator's name."""
    on: str
    """How it writes yes."""
    off: str
    parts: dict[Part, str]
    """The settings that make up the calendar account."""
    defaults: dict[str, str]
    """Every setting, as it is in a unit that nobody set up."""
    commands: dict[str, str] = field(default_factory=dict)
    """Settings by the CLI command that reads and sets them."""


_COMMANDS: dict[str, Part] = {
    "calendarserver": "server",
    "calendardomain": "domain",
    "calendaruser": "username",
    "calendarpassword": "password",
    "calendarresource": "mailbox",
    "calendarregisterwithserver": "enabled",
    "calendarshowpvtmeetings": "show_private",
}


def _commands(parts: dict[Part, str], **more: str) -> dict[str, str]:
    return {command: parts[part] for command, part in _COMMANDS.items()} | more


_HDX: dict[Part, str] = {part: command for command, part in _COMMANDS.items()}
_GROUP: dict[Part, str] = {
    "enabled": "cal.enabled",
    "server": "cal.ews.server",
    "domain": "cal.ews.domain",
    "username": "cal.ews.username",
    "password": "cal.ews.password",
    "mailbox": "cal.ews.mailbox",
    "show_private": "cal.showprivatemeeting",
}
_STUDIO: dict[Part, str] = {
    "enabled": "exchange.enable",
    "server": "exchange.server.url",
    "domain": "exchange.auth.domain",
    "username": "exchange.auth.userName",
    "password": "exchange.auth.password",
    "mailbox": "exchange.auth.email",
    "show_private": "exchange.showPrivateMeeting",
}
_TRIO: dict[Part, str] = {
    "enabled": "feature.exchangeCalendar.enabled",
    "server": "exchange.server.url",
    "domain": "exchange.auth.domain",
    "username": "exchange.userId",
    "password": "exchange.auth.password",
    "mailbox": "exchange.targetMailbox",
    "show_private": "exchange.meeting.private.showSubject",
    "basic": "feature.exchange.allowBasicAuth",
}

FAMILIES: dict[Name, Family] = {
    "hdx": Family(
        model="HDX 8000",
        software="3.1.14-51012",
        rest="",
        cli=True,
        user="admin",
        on="yes",
        off="no",
        parts=_HDX,
        defaults=dict.fromkeys(_HDX.values(), "")
        | {
            "calendarregisterwithserver": "no",
            "calendarshowpvtmeetings": "no",
            "calendarprotocol": "auto",
            "calendarremindertime": "5",
            "calendarplaytone": "yes",
        },
        commands=_commands(
            _HDX,
            calendarprotocol="calendarprotocol",
            calendarremindertime="calendarremindertime",
            calendarplaytone="calendarplaytone",
        ),
    ),
    "group": Family(
        model="RealPresence Group 500",
        software="6.2.2.7-560195",
        rest="videoos",
        cli=True,
        user="admin",
        on="True",
        off="False",
        parts=_GROUP,
        defaults=dict.fromkeys(_GROUP.values(), "")
        | {
            "cal.enabled": "False",
            "cal.ews.secureconnectionprotocol": "auto",
            "cal.ews.oauth.enabled": "False",
            "cal.remindertime": "5",
            "cal.playremindertone": "True",
            "cal.showprivatemeeting": "False",
        },
        commands=_commands(
            _GROUP,
            calendarprotocol="cal.ews.secureconnectionprotocol",
            calendarremindertime="cal.remindertime",
            calendarplaytone="cal.playremindertone",
        ),
    ),
    "studio": Family(
        model="StudioX30",
        software="3.12.0",
        rest="videoos",
        cli=True,
        user="admin",
        on="true",
        off="false",
        parts=_STUDIO,
        defaults=dict.fromkeys(_STUDIO.values(), "")
        | {
            "exchange.enable": "false",
            "exchange.showPrivateMeeting": "false",
            "exchange.auth.useLoginCredentials": "false",
            "exchange.meeting.reminderInterval": "5",
            "exchange.meeting.reminderSound.enable": "true",
        },
        commands=_commands(
            _STUDIO,
            calendarremindertime="exchange.meeting.reminderInterval",
            calendarplaytone="exchange.meeting.reminderSound.enable",
        ),
    ),
    "trio": Family(
        model="Trio 8800",
        software="5.9.3.2489",
        rest="trio",
        cli=False,
        user="Polycom",
        on="1",
        off="0",
        parts=_TRIO,
        defaults=dict.fromkeys(_TRIO.values(), "")
        | {
            "feature.exchangeCalendar.enabled": "0",
            "feature.exchange.allowBasicAuth": "0",
            "feature.exchangeCalendar.validateCaCerts": "0",
            "exchange.auth.email": "",
            "exchange.pollInterval": "30000",
            "exchange.meeting.parseOption": "All",
            "exchange.meeting.parseEmailsAsSipUris": "0",
            "exchange.meeting.parseAllowedSipUriDomains": "",
            "exchange.meeting.showSubject": "1",
            "exchange.meeting.showOrganizer": "1",
            "exchange.meeting.showLocation": "1",
            "exchange.meeting.showCancelledMeetings": "0",
            "exchange.meeting.private.enabled": "1",
            "exchange.meeting.private.showOrganizer": "1",
            "exchange.meeting.private.showSubject": "0",
        },
    ),
}

TRUTHS = frozenset({"1", "true", "yes"})
"""How settings of any family say yes, in small letters."""
