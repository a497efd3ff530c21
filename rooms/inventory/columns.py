"""The columns of a table of rooms, and the names that people give them. Pure."""

import difflib
import re
import unicodedata
from collections.abc import Mapping

UNIT = "endpoint_"
"""Columns of a room's endpoint begin so."""

LISTS = frozenset(
    [
        "features",
        "lists",
        "display.offers",
        "display.book",
        "display.pin_for",
        "endpoint_protocols",
    ]
)
"""Columns whose cells hold several values."""

PARTS = frozenset(["privacy", "join", "auto_join", "display", "check_in"])
"""Parts of a room's policy: their columns have the setting's name behind a dot."""

GIVEN = frozenset(["endpoint_password"])
"""Columns whose cells go to the vault."""

PLAIN = (
    "id",
    "name",
    "mailbox",
    "time_zone",
    "source",
    "building",
    "floor",
    "capacity",
    "features",
    "lists",
    "all_day",
    "tentative",
    "writes",
)
"""Columns that every table has which is written here, in this order."""

UNITS = (
    "endpoint_id",
    "endpoint_kind",
    "endpoint_address",
    "endpoint_username",
    "endpoint_password",
)
"""The same of an endpoint."""

_NAMES: Mapping[str, str] = {
    "id": "room id, raum id, kennung, key",
    "name": "room, room name, display name, raum, raumname, bezeichnung, anzeigename",
    "mailbox": "mail, email, e mail, email address, e mail address, primary smtp address, smtp,"
    " mailbox address, room mailbox, postfach, raumpostfach, mailadresse, e mail adresse, adresse",
    "time_zone": "timezone, time zone, tz, zone, zeitzone",
    "source": "calendar source, calendar, quelle, kalenderquelle",
    "building": "site, location, gebäude, haus, standort, gebaeude",
    "floor": "level, storey, story, floor label, etage, stockwerk, geschoss, stock, ebene",
    "capacity": "seats, size, people, places, number of seats, plätze, sitzplätze, kapazität,"
    " personen, plaetze, anzahl plätze",
    "features": "equipment, tags, amenities, ausstattung, merkmale, technik",
    "lists": "list, room list, room lists, roomlists, group, groups, raumliste, raumlisten,"
    " listen, liste, gruppe, gruppen",
    "all_day": "all day, ganztägig",
    "tentative": "mit vorbehalt, vorbehalt",
    "writes": "schreiben",
    "endpoint_id": "endpoint, codec, codec id, device, device id, unit, endgerät, gerät, geräte id",
    "endpoint_kind": "endpoint type, codec type, device type, codec kind, gerätetyp, geräteart",
    "endpoint_address": "endpoint ip, endpoint host, codec address, codec ip, device address,"
    " device ip, ip, ip address, host, hostname, geräteadresse, ip adresse",
    "endpoint_username": "endpoint user, codec user, codec username, device user, user, username,"
    " benutzer, benutzername",
    "endpoint_password": "password, codec password, device password, passwort, kennwort",
}
_SETTING = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*){0,3}")
_SECRET = re.compile(r"(?:password|host_key|pin|hook|.*_file)")


class NotHere(ValueError):
    """A column that no table may have; the words say why."""


def column(header: str) -> str | None:
    """What a column holds, by its heading; None for one that is not known.

    Raises:
        NotHere: it would hold a secret, or where one is kept, which only a file may say.
    """
    plain = _plain(header)
    known = _ALIASES.get(plain)
    if known is not None:
        return known
    name = plain.replace(" ", "_")
    part, dot, _ = name.partition(".")
    of_unit = name.startswith(UNIT) and len(name) > len(UNIT)
    if not _SETTING.fullmatch(name) or not (of_unit or (dot and part in PARTS)):
        return None
    setting = name.rpartition(".")[2].removeprefix(UNIT)
    if _SECRET.fullmatch(setting):
        raise NotHere("secrets, and where they are kept, do not stand in a table")
    return name


def nearest(header: str) -> str:
    """The column whose name is most like this one; empty for none."""
    near = difflib.get_close_matches(_plain(header), list(_ALIASES), n=1, cutoff=0.75)
    return _ALIASES[near[0]] if near else ""


def shown(path: str) -> bool:
    """Whether a setting may stand in a table that is given to people."""
    return _SECRET.fullmatch(path.rpartition(".")[2].removeprefix(UNIT)) is None


def _plain(text: str) -> str:
    """A heading as it is looked up: however it was written, `Room_Name` and `room name` are one."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\s_\-/]+", " ", folded).strip(" :*'\"\ufeff")


_ALIASES: Mapping[str, str] = {
    _plain(alias): name
    for name, aliases in _NAMES.items()
    for alias in (name, *aliases.split(", "))
}
