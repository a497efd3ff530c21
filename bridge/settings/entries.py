"""Read one entry of the inventory by itself: a room with its endpoints, or a room list.

The rules are the same wherever an entry comes from: a file, the database, a table, a page.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

from bridge.settings.authorities import Authorities
from bridge.settings.claims import Claim, claim, of_endpoint, of_mailbox
from bridge.settings.displays import CheckInSettings, DisplaySettings, check_in, display_policy
from bridge.settings.model import (
    AutoJoinSettings,
    EndpointSettings,
    JoinSettings,
    PrivacySettings,
    RoomList,
    Settings,
    Site,
    SourceSettings,
    auto_join,
    buffers,
    dialing,
    policy,
)
from bridge.settings.problem import Place
from bridge.settings.typed import BAD, Reader, names
from connector import load
from connector.endpoint import Reads
from connector.outside import within
from rooms.inventory.ids import ID
from rooms.join import zoom
from rooms.model import Value
from rooms.room import Policy, Room, Writes
from rooms.zones import from_windows, zone

_ID_RULE = "an id is made of a-z, 0-9 and -, at most 63 of them"
_MAILBOX = re.compile(r"[^@\s/]+@[^@\s/]+")


OF_ROOMS: Mapping[str, type[msgspec.Struct]] = {
    "privacy": PrivacySettings,
    "join": JoinSettings,
    "auto_join": AutoJoinSettings,
    "display": DisplaySettings,
    "check_in": CheckInSettings,
}
"""Parts of a site's policy that a room overrides setting by setting."""
_WORDS = ("all_day", "tentative", "writes")
"""Parts of it that are a word."""


class RoomEntry(Settings, frozen=True, kw_only=True):
    """A room, but for the parts that override the site's."""

    id: str
    mailbox: str
    """SMTP address of its mailbox."""
    time_zone: str
    """IANA name, such as Europe/London."""
    name: str = ""
    """What people call it; else its id."""
    source: str = ""
    """Whose calendar it has; may be left out where there is only one source."""
    building: str = ""
    """Where it is."""
    floor: str = ""
    """Where in the building."""
    capacity: int = 0
    """How many people it holds."""
    features: tuple[str, ...] = ()
    """What it offers, in words of the site's own."""
    lists: tuple[str, ...] = ()
    """Ids of the room lists it belongs to."""
    all_day: Literal["show", "hide"] | None = None
    """All-day meetings; else as in bridge.yaml."""
    tentative: Literal["show", "join", "hide"] | None = None
    """Meetings it has not accepted; else as in bridge.yaml."""
    writes: Writes | None = None
    """What may be changed in its calendar; else as in bridge.yaml."""


class _Plain(RoomEntry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A room that overrides no part of the site's policy and has no endpoints."""


class EndpointEntry(Settings, frozen=True, kw_only=True):
    """What every endpoint has besides the options of its kind."""

    id: str
    kind: str


class ReadEndpoint(Value, frozen=True):
    """One room system."""

    endpoint: EndpointSettings
    claims: tuple[Claim, ...]
    place: Place


class ReadRoom(Value, frozen=True):
    """One room; None where that was reported."""

    room: Room | None
    place: Place
    claims: tuple[Claim, ...] = ()
    endpoints: tuple[ReadEndpoint, ...] = ()
    lists: tuple[str, ...] = ()
    """The room lists that it names."""


class ReadList(Value, frozen=True):
    """One room list."""

    entry: RoomList
    claims: tuple[Claim, ...]
    place: Place


class EntryReader:
    """Reads entries by the rules of one site."""

    def __init__(self, site: Site, sources: Mapping[str, SourceSettings | None]) -> None:
        self._site = site
        self._sources = sources
        self._policy = policy(site)
        self._authorities = Authorities()
        self._zones: set[str] = set()
        self._unsaid: list[Any] = []
        self._quiet = Place(self._unsaid, Path())

    def list(self, reader: Reader, node: yaml.Node, place: Place) -> ReadList | None:
        """A room list; None where it was reported."""
        entry = reader.struct(RoomList, node, place)
        if entry is BAD or not _check_id(entry.id, place.at("id")):
            return None
        return ReadList(entry, (claim("room list", entry.id),), place)

    def room(self, reader: Reader, node: yaml.Node, place: Place) -> ReadRoom:
        """A room and its endpoints."""
        keys = reader.keys(node, Place([], place.file)) or {}
        entry = reader.struct(RoomEntry, node, place, besides=[*OF_ROOMS, "endpoints"])
        own = self._own_policy(reader, keys, entry, place)
        if entry is BAD:
            return ReadRoom(None, place)
        listed = keys.get("endpoints")
        items = reader.items(listed, place.at("endpoints")) if listed else ()
        endpoints = [self._endpoint(reader, entry.id, *item) for item in items]
        source = self._source(entry, place)
        claims = []
        named = _check_id(entry.id, place.at("id"))
        if named:
            claims.append(claim("room", entry.id))
        reached = self._check_mailbox(entry.mailbox, source, place.at("mailbox"))
        if reached:
            claims.append(of_mailbox(entry.mailbox, source))
        fit = self._check_zone(entry.time_zone, place.at("time_zone")) and named and reached
        return ReadRoom(
            _room(entry, source, own) if fit and own is not None else None,
            place,
            tuple(claims),
            tuple(one for one in endpoints if one is not None),
            entry.lists,
        )

    def plain(self, fields: Mapping[str, Any], place: Place) -> ReadRoom | None:
        """A room that has nothing but what every room has, read quickly.

        None where there is more to it, or something is wrong: `room` says what.
        """
        try:
            entry = msgspec.convert(fields, _Plain, strict=False)
        except msgspec.ValidationError:
            return None
        capacity = fields.get("capacity", "0")
        if not (isinstance(capacity, str) and capacity.isascii() and capacity.isdecimal()):
            return None
        source = self._source(entry, self._quiet)
        good = (
            ID.fullmatch(entry.id)
            and self._check_mailbox(entry.mailbox, source, self._quiet)
            and self._check_zone(entry.time_zone, self._quiet)
        )
        if not good or self._unsaid:
            self._unsaid.clear()
            return None
        return ReadRoom(
            _room(entry, source, self._with(entry)),
            place,
            (claim("room", entry.id), of_mailbox(entry.mailbox, source)),
            (),
            entry.lists,
        )

    def _with(self, entry: RoomEntry, **parts: Any) -> Policy:
        """The site's policy, but for what a room has of its own."""
        if not (parts or entry.all_day or entry.tentative or entry.writes):
            return self._policy
        words = {key: getattr(entry, key) for key in _WORDS if getattr(entry, key) is not None}
        return msgspec.structs.replace(self._policy, **words, **parts)

    def _own_policy(
        self, reader: Reader, keys: Mapping[str, yaml.Node], entry: Any, place: Place
    ) -> Policy | None:
        """The site's policy with what the room overrides; None where that was reported."""
        parts = {}
        for key, kind in OF_ROOMS.items():
            node = keys.get(key)
            given = reader.given(kind, node, place.at(key)) if node is not None else {}
            if given is None or BAD in given.values():
                return None
            parts[key] = given
        if entry is BAD:
            return None
        join = msgspec.structs.replace(self._site.join, **parts["join"])
        alone = msgspec.structs.replace(self._site.auto_join, **parts["auto_join"])
        display = msgspec.structs.replace(self._site.display, **parts["display"])
        came = msgspec.structs.replace(self._site.check_in, **parts["check_in"])
        if parts["join"]:
            check_join(join, place.at("join"))
        if parts["join"] or parts["auto_join"]:
            check_auto_join(alone, join, place.at("auto_join"))
        for part, settings in (("display", display), ("check_in", came)):
            for key, words in settings.problems() if parts[part] else ():
                place.at(f"{part}.{key}").error(words)
        return self._with(
            entry,
            privacy=msgspec.structs.replace(self._policy.privacy, **parts["privacy"]),
            buffers=buffers(join),
            dialing=dialing(join),
            auto_join=auto_join(alone),
            display=display_policy(display),
            check_in=check_in(came),
        )

    def _source(self, entry: RoomEntry, place: Place) -> str:
        """The room's source; where there is only one it need not be named."""
        if not entry.source and len(self._sources) == 1:
            return next(iter(self._sources))
        if not entry.source:
            place.at("source").error("required where there are several sources")
        elif entry.source not in self._sources:
            known = ", ".join(self._sources) or "none"
            place.at("source").error(f"there is no source {entry.source}", f"known: {known}")
        return entry.source

    def _check_mailbox(self, mailbox: str, source: str, place: Place) -> bool:
        if not _MAILBOX.fullmatch(mailbox):
            place.error("must be the mailbox's SMTP address")
            return False
        settings = self._sources.get(source)
        if settings is None:
            return True
        if not settings.mailboxes.allows(mailbox):
            place.error(f"is outside what sources.{source}.mailboxes allows")
            return False
        if mailbox.lower() == settings.mailboxes.canary.lower():
            place.error(
                f"is sources.{source}.mailboxes.canary",
                "the canary must be no room: nobody reads it",
            )
            return False
        return True

    def _endpoint(
        self, reader: Reader, room: str, node: yaml.Node, place: Place
    ) -> ReadEndpoint | None:
        keys = reader.keys(node, Place([], place.file)) or {}
        kind = getattr(keys.get("kind"), "value", "")
        if kind not in load.endpoint_kinds():
            known = ", ".join(load.endpoint_kinds())
            place.at("kind").error(f"must be one of {known}" + (f", not {kind}" if kind else ""))
            return None
        options = load.endpoint(kind).Options
        general = reader.struct(EndpointEntry, node, place, besides=None)
        special = reader.struct(options, node, place, besides=names(EndpointEntry))
        if general is BAD or special is BAD:
            return None
        fit = _check_id(general.id, place.at("id"))
        for key, words in special.problems():
            place.at(key).error(words)
            fit = False
        fit = self._check_network(special.host, place.at("address")) and fit
        if trust := getattr(special, "tls", None):
            fit = self._authorities.check(trust.ca_file, place.at("tls.ca_file")) and fit
        fit = _check_facade(special, place.at("facade.username")) and fit
        if not fit:
            return None
        made = EndpointSettings(id=general.id, kind=kind, room=room, options=special)
        return ReadEndpoint(made, tuple(of_endpoint(made)), place)

    def _check_zone(self, name: str, place: Place) -> bool:
        if name in self._zones:
            return True
        if iana := from_windows(name):
            place.error(f"is a Windows name: write {iana}")
            return False
        try:
            zone(name)
        except KeyError:
            place.error(f"there is no time zone {name}", "IANA names such as Europe/London")
            return False
        self._zones.add(name)
        return True

    def _check_network(self, host: str, place: Place) -> bool:
        """Addresses are checked here, names when they are resolved."""
        with suppress(ValueError):
            ip_address(host)
            if not within(host, self._site.endpoint_networks):
                place.error("is outside endpoint_networks", "or name its network there")
                return False
        return True


def _check_id(name: str, place: Place) -> bool:
    if not ID.fullmatch(name):
        place.error(_ID_RULE)
        return False
    return True


def _check_facade(options: object, place: Place) -> bool:
    facade = options.facade if isinstance(options, Reads) else None
    if facade is not None and (not facade.username.strip() or ":" in facade.username):
        place.error("must be a user name, without a colon")
        return False
    return True


def check_join(settings: JoinSettings, place: Place) -> None:
    """What types cannot tell of how meetings are dialled."""
    key = settings.host_key.reveal() if settings.host_key else ""
    if key and not re.fullmatch(r"[0-9]{6}", key):
        place.at("host_key_file").error("a host key has six digits")
    if settings.zoom_region and settings.zoom_region not in zoom.GATEWAYS:
        known = ", ".join(sorted(zoom.GATEWAYS))
        place.at("zoom_region").error(f"there is no region {settings.zoom_region}", known)
    if settings.layout and not settings.layout.isdigit():
        place.at("layout").error("must be a number")


def check_auto_join(settings: AutoJoinSettings, join: JoinSettings, place: Place) -> None:
    """A room dials by itself when people could, and not before."""
    if settings.enabled and settings.before is not None and settings.before > join.start_buffer:
        place.at("before").error(
            "must not exceed join.start_buffer", "no meeting can be joined before that"
        )


def _room(entry: RoomEntry, source: str, own: Policy) -> Room:
    return Room(
        id=entry.id,
        name=entry.name or entry.id,
        mailbox=entry.mailbox,
        source=source,
        time_zone=entry.time_zone,
        building=entry.building,
        floor=entry.floor,
        capacity=entry.capacity,
        features=entry.features,
        lists=entry.lists,
        policy=own,
    )
