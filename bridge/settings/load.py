"""Read a configuration whole: settings or every problem in it."""

import re
import ssl
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import msgspec
import yaml

from bridge.settings import compiled, files
from bridge.settings.addresses import address
from bridge.settings.authorities import Authorities
from bridge.settings.budgets import check_budgets
from bridge.settings.entries import check_auto_join, check_join
from bridge.settings.inventory import InventoryReader
from bridge.settings.model import (
    Configuration,
    Inventory,
    JoinSettings,
    Legacy,
    Listen,
    Mailboxes,
    Settings,
    Site,
    SourceSettings,
    presence_sources,
    writing_sources,
)
from bridge.settings.problem import Place, Problem, Unusable, errors
from bridge.settings.secrets import Secrets
from bridge.settings.stored import Stored, StoredReader
from bridge.settings.typed import BAD, Reader, bare, names
from bridge.settings.vaults import Known, Shelf, check_vault, shelf_of, warn_of_keys
from connector import load
from connector.outside import Proxy, Trust
from connector.writing import Particular
from rooms import join

SOURCE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
WIDEST = timedelta(days=550)
LONGEST_RETENTION = timedelta(days=30)
LEAST_BUDGET = 100
SHORTEST_POLL = timedelta(seconds=1)


class SourceEntry(Settings, frozen=True, kw_only=True):
    """What every source has besides the options of its kind."""

    kind: str
    mailboxes: Mailboxes = Mailboxes()
    proxy: Proxy | None = None
    tls: Trust = Trust()
    budget: int | None = None
    """Requests that it may send within 24 hours, of all kinds; without it as many as its service is
    known to allow."""


def usable(
    file: Path, known: Known | None = None, stored: Stored | None = None
) -> tuple[Configuration, list[Problem]]:
    """A configuration that starts, and what a person should know about it.

    A room list that was understood before is not read again.

    Raises:
        Unusable: with all that is wrong.
    """
    problems: list[Problem] = []
    configuration = read(file, problems, quick=True, known=known, stored=stored)
    if configuration is None or any(errors(problems)):
        raise Unusable(problems)
    return configuration, problems


def read(
    file: Path,
    problems: list[Problem],
    *,
    quick: bool = False,
    known: Known | None = None,
    stored: Stored | None = None,
) -> Configuration | None:
    """A configuration as far as it can be read; problems are added to the list.

    Where the inventory is in the database and nobody can tell of that, it is without rooms.
    """
    node = files.document(file, problems)
    if node is None:
        return None
    place = Place(problems, file)
    seen = {file}
    nodes = Reader(file.parent, Secrets(set())).keys(node, Place([], file)) or {}
    shelf = shelf_of(file.parent, nodes, place, known)
    seen |= shelf.files
    reader = Reader(file.parent, Secrets(seen, vault=shelf))
    site = reader.struct(Site, node, place, besides=["sources", "join"])
    if site is BAD:
        site = Site()
    join_settings, rules = _join(reader, nodes.get("join"), place.at("join"))
    site = msgspec.structs.replace(site, join=join_settings)
    _check_site(site, place)
    sources = _sources(reader, nodes.get("sources"), place)
    if site.inventory == "store" or (stored is not None and stored.decides):
        inventory = _from_store(file, site, sources, problems, seen, shelf=shelf, stored=stored)
    else:
        inventory = _inventory(file, site, sources, problems, seen, shelf=shelf, quick=quick)
    logos = {room.policy.display.logo for room in inventory.rooms} - {""}
    seen |= {Path(logo) for logo in logos}
    check_budgets(site, sources, inventory, place)
    made = Configuration(
        file=file,
        read=tuple(sorted(seen)),
        site=site,
        sources={name: source for name, source in sources.items() if source is not None},
        inventory=inventory,
        rules=rules,
    )
    _check_writing(made, place)
    _check_groups(made, place)
    for _, source in presence_sources(made):
        load.presence(source.kind)
    return made


def _join(reader: Reader, node: yaml.Node | None, place: Place) -> tuple[JoinSettings, join.Rules]:
    """What `join` says: settings, and the rules of the site."""
    if node is None:
        return JoinSettings(), join.Rules()
    settings = reader.struct(JoinSettings, node, place, besides=["rules"])
    if settings is BAD:
        settings = JoinSettings()
    check_join(settings, place)
    listed = (reader.keys(node, Place([], place.file)) or {}).get("rules")
    rules = join.rules_from(bare(listed)) if listed is not None else join.Rules()
    if isinstance(rules, join.Rules):
        return settings, rules
    for wrong in rules:
        place.at(wrong.place, node.start_mark.line + 1).error(wrong.words, wrong.hint)
    return settings, join.Rules()


def _inventory(
    file: Path,
    site: Site,
    sources: dict[str, SourceSettings | None],
    problems: list[Problem],
    seen: set[Path],
    *,
    shelf: Shelf,
    quick: bool,
) -> Inventory:
    """The room list, as it was understood before where nothing of it has changed."""
    rooms = site.rooms or file.parent / "rooms.yaml"
    key = compiled.key_of([file, *files.room_files(rooms)]) if quick else None
    kept = compiled.load_compiled(site.data_dir, key, shelf.silently)
    if kept is not None:
        inventory, warnings, read_ = kept
        problems += warnings
        seen |= read_
        return inventory
    own: list[Problem] = []
    own_files: set[Path] = set()
    inventory = InventoryReader(file, site, sources, own, own_files, vault=shelf).read(rooms)
    problems += own
    seen |= own_files
    keys = any(room.policy.dialing.host_key or room.policy.display.pin for room in inventory.rooms)
    if not keys and not any(errors(problems)):  # what is compiled holds no secret
        compiled.save_compiled(site.data_dir, key, inventory, own, own_files)
    return inventory


def _from_store(
    file: Path,
    site: Site,
    sources: dict[str, SourceSettings | None],
    problems: list[Problem],
    seen: set[Path],
    *,
    shelf: Shelf,
    stored: Stored | None,
) -> Inventory:
    """The inventory that is in the database; files that would be another one are told of."""
    if stored is None:
        return Inventory()
    place = Place(problems, file, "inventory")
    document, beside = stored.document(site), site.rooms or file.parent / "rooms.yaml"
    if not stored.decides and (site.rooms is not None or beside.exists()):
        if not document and _anything(beside):
            place.error(
                f"the store is empty, but there is {beside}",
                "roombridge inventory adopt takes it over; or move it away to start afresh",
            )
        elif document:
            place.warn(f"{beside} is not read: the inventory is in the store", "move it away")
    reader = StoredReader(file, site, sources, stored, vault=shelf)
    inventory = reader.inventory(document, problems)
    seen |= reader.read
    return inventory


def _anything(beside: Path) -> bool:
    """Whether files hold rooms or room lists, or cannot be read."""
    unread: list[Problem] = []
    nodes = [files.document(path, unread) for path in files.room_files(beside)]
    return bool(unread) or any(any(bare(node).values()) for node in nodes if node is not None)


def _sources(
    reader: Reader, node: yaml.Node | None, place: Place
) -> dict[str, SourceSettings | None]:
    """The sources by name; None for one that was reported."""
    if node is None:
        place.at("sources").error("required", "without a calendar source there is nothing to show")
        return {}
    found: dict[str, SourceSettings | None] = {}
    here = place.at("sources", node.start_mark.line + 1)
    for name, child in (reader.keys(node, here) or {}).items():
        below = here.at(name, child.start_mark.line + 1)
        if not SOURCE_NAME.fullmatch(name):
            below.error("a source's name is made of a-z, 0-9, - and _")
        found[name] = _source(reader, child, below)
    return found


def _source(reader: Reader, node: yaml.Node, place: Place) -> SourceSettings | None:
    keys = reader.keys(node, place)
    if keys is None:
        return None
    kind = keys["kind"].value if "kind" in keys else ""
    if kind not in load.source_kinds():
        known = ", ".join(load.source_kinds())
        place.at("kind").error(f"must be one of {known}" + (f", not {kind}" if kind else ""))
        return None
    options = load.source(kind).Options
    general = reader.struct(SourceEntry, node, place, besides=None)
    special = reader.struct(options, node, place, besides=names(SourceEntry))
    if special is not BAD and hasattr(special, "problems"):
        for key, words in special.problems():
            place.at(key).error(words)
    if general is BAD or special is BAD:
        return None
    _check_proxy(general.proxy, place)
    for key, words in general.tls.problems():
        place.at(f"tls.{key}").error(words)
    Authorities().check(general.tls.ca_file, place.at("tls.ca_file"))
    if general.budget is not None and general.budget < LEAST_BUDGET:
        place.at("budget").error(f"must be at least {LEAST_BUDGET} requests a day")
    return SourceSettings(
        kind=kind,
        options=special,
        mailboxes=general.mailboxes,
        proxy=general.proxy,
        tls=general.tls,
        budget=general.budget,
    )


def _check_writing(configuration: Configuration, place: Place) -> None:
    """Import what writes where that is allowed, and say where it cannot."""
    for name, source in writing_sources(configuration):
        driver = load.writing(source.kind)
        if isinstance(driver, Particular):
            for key, words in driver.problems(source.options):
                place.at(f"sources.{name}.{key}").error(words)
    wanted = {room.source for room in configuration.inventory.rooms if room.policy.writes != "none"}
    for name, source in configuration.sources.items():
        if name in wanted and source.kind not in load.writing_kinds():
            place.at(f"sources.{name}").warn(
                f"source_cannot_write: calendars of kind {source.kind} can only be read",
                "its rooms are read all the same; set their writes: none to end this",
            )


def _check_groups(configuration: Configuration, place: Place) -> None:
    """Say where people would look after a room list that nobody knows."""
    oidc, inventory = configuration.site.people.oidc, configuration.inventory
    if oidc is None or not inventory.rooms:  # where the store has them, not everybody can tell
        return
    known = {one.id for one in inventory.lists}
    for key, words in oidc.unknown_lists(known):
        place.at(f"people.oidc.{key}").warn(words, "who is in this group sees no rooms by it")


def _check_proxy(proxy: Proxy | None, place: Place) -> None:
    if proxy is None:
        return
    url = address(proxy.url)
    if url.scheme not in {"http", "https"} or not url.host or not url.port:
        place.at("proxy.url").error("must be an http:// or https:// URL")
    if url.user or url.password:
        place.at("proxy.url").error(
            "must not hold a login", "use proxy.username and proxy.password_file"
        )


def _check_site(site: Site, place: Place) -> None:
    """What types cannot tell of `bridge.yaml`."""
    _check_spans(site, place)
    _check_listen(site, place)
    for key, words in site.people.problems(site.public_url):
        place.at(f"people.{key}").error(words)
    _check_proxy(site.proxy, place)
    check_vault(site.vault, place)
    warn_of_keys(site, place)
    for key, words in site.alerts.problems() if site.alerts is not None else ():
        place.at(f"alerts.{key}").error(words)
    for key, words in site.audit.problems():
        place.at(f"audit.{key}").error(words)
    for key, words in site.mqtt.problems() if site.mqtt is not None else ():
        place.at(f"mqtt.{key}").error(words)
    if site.mqtt is not None:
        Authorities().check(site.mqtt.ca_file, place.at("mqtt.ca_file"))
    check_auto_join(site.auto_join, site.join, place.at("auto_join"))
    for part, settings in (("display", site.display), ("check_in", site.check_in)):
        for key, words in settings.problems():
            place.at(f"{part}.{key}").error(words)
    Authorities().check(site.ca_file, place.at("ca_file"))
    if site.public_url and address(site.public_url).scheme not in {"http", "https"}:
        place.at("public_url").error("must be an http:// or https:// URL")
    if site.endpoint_secrets_dir is not None and not site.endpoint_secrets_dir.is_dir():
        place.at("endpoint_secrets_dir").error(f"there is no folder {site.endpoint_secrets_dir}")


def _check_spans(site: Site, place: Place) -> None:
    for key in ("window", "changes"):
        for side in ("past", "ahead"):
            if getattr(getattr(site, key), side) > WIDEST:
                place.at(f"{key}.{side}").error(f"must be at most {WIDEST.days}d")
    for key in ("near", "far", "safety"):
        if getattr(site.poll, key) < SHORTEST_POLL:
            place.at(f"poll.{key}").error("must be at least 1s")
    longest = max(site.poll.near, site.poll.far)
    if site.stale_after <= longest:
        place.at("stale_after").error(
            f"must be longer than the longest interval between reads ({longest})",
            "or every agenda would be stale before it is read again",
        )
    if site.retention is None:
        return
    if site.retention > LONGEST_RETENTION:
        place.at("retention").error(f"must be at most {LONGEST_RETENTION.days}d")
    if site.retention < min(site.window.past, LONGEST_RETENTION):
        place.at("retention").error(
            "must not be shorter than window.past", "or bookings go while they are still served"
        )


def _check_listen(site: Site, place: Place) -> None:
    here = place.at("listen")
    if not 0 <= site.listen.port <= 65535:
        here.at("port").error("must be between 0 and 65535")
    try:
        ip_address(site.listen.address)
    except ValueError:
        here.at("address").error("must be an IP address", "0.0.0.0 or :: for all of this machine")
    if site.legacy is not None:
        _check_legacy(site.legacy, site.listen, place.at("legacy"))
    if site.listen.tls is None:
        return
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        files = site.listen.tls.certificate_file, site.listen.tls.key_file
        context.load_cert_chain(*files, password="")  # or it would ask a terminal
    except FileNotFoundError as error:
        here.at("tls").error(f"there is no file {error.filename or 'of that name'}")
    except OSError as error:
        here.at("tls").error(f"certificate and key cannot be used: {error.strerror or error}")


def _apart(*addresses: str) -> bool:
    """Whether one port can be listened to at each of these addresses."""
    try:
        found = {ip_address(address) for address in addresses}
    except ValueError:
        return True  # that is said of the address itself
    known = {getattr(one, "ipv4_mapped", None) or one for one in found}
    return len(known) == len(addresses) and not any(one.is_unspecified for one in known)


def _check_legacy(legacy: Legacy, listen: Listen, place: Place) -> None:
    if not 0 <= legacy.port <= 65535:
        place.at("port").error("must be between 0 and 65535")
    elif legacy.port and legacy.port == listen.port and not _apart(legacy.address, listen.address):
        place.at("port").error(
            "must be another than listen.port",
            "the same will do where legacy.address and listen.address are two of this machine's",
        )
    try:
        ip_address(legacy.address)
    except ValueError:
        place.at("address").error("must be an IP address")
    if not legacy.networks or any(not network.prefixlen for network in legacy.networks):
        place.at("networks").error(
            "must name the networks of old units, and not all there are", "such as [10.9.0.0/24]"
        )
