"""What is made before the loop runs: files opened, certificates read, time zones loaded."""

import gc
from dataclasses import dataclass

from bridge.certificate import plain
from bridge.custody import Custody
from bridge.following import Following
from bridge.inventory.keeper import Keeper
from bridge.inventory.opening import Opening
from bridge.paired import Paired
from bridge.people.reception import Reception
from bridge.presented import Presented, modern, weak
from bridge.rejections import Rejections
from bridge.revoked import Revoked
from bridge.settings.model import Configuration
from bridge.tokens import Tokens
from bridge.views import pages
from rooms.audit import Audit
from rooms.clock import Clock
from rooms.database import Database
from rooms.spending import Spending
from rooms.store import Store


@dataclass(kw_only=True)
class Prepared:
    """What is made before the loop runs: reading files and importing would block it."""

    configuration: Configuration
    clock: Clock
    database: Database
    store: Store
    tokens: Tokens
    paired: Paired
    people: Reception
    audit: Audit
    custody: Custody
    keeper: Keeper
    following: Following
    rejections: Rejections
    revoked: Revoked
    spending: Spending
    presented: Presented | None
    """None where callers are served plain http."""


def prepared(
    configuration: Configuration, clock: Clock, opening: Opening | None = None
) -> Prepared:
    """Open what the appliance needs on disk; `opening` is what the configuration was read with.

    Raises:
        DatabaseUnusable: the data folder cannot be used.
    """
    opening = opening or Opening()
    database = opening.database(configuration.site.data_dir)
    store = Store(database)
    store.adopt(configuration.inventory.rooms)
    audit = Audit(database)
    tokens = Tokens(database, audit, clock)
    paired = Paired(database, tokens, audit, clock)
    following = Following(database)
    people, rejections = Reception(database, audit, clock), Rejections(database)
    following.stills += [store.still, paired.still, people.accounts.still, tokens.still]
    following.writes += [people.write, tokens.write, rejections.write]
    following.follows += [store.follow, paired.follow, tokens.follow]
    following.follows += [people.follow, rejections.follow]
    following.holders |= {"account": people.accounts.holding, "token": tokens.holding}
    made = Prepared(
        configuration=configuration,
        clock=clock,
        database=database,
        store=store,
        tokens=tokens,
        paired=paired,
        following=following,
        people=people,
        audit=audit,
        custody=Custody(configuration.site, database, audit, clock),
        keeper=Keeper(
            opening.rows(configuration.site),
            clock=clock,
            memory=opening.memory,
            following=following,
        ),
        rejections=rejections,
        revoked=Revoked(database),
        spending=Spending(database),
        presented=_presented(configuration, clock),
    )
    pages.files()
    for room in configuration.inventory.rooms:
        room.zone  # noqa: B018 - read from disk now, not in the loop
    collect_seldom()
    return made


def collect_seldom() -> None:
    """Have Python look for circles of garbage less often than it does by itself.

    What was loaded stays, and what comes by the ten thousand (rooms, bookings) holds no circles:
    walking it again and again took a tenth of the first read of a large site.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _presented(configuration: Configuration, clock: Clock) -> Presented | None:
    """The certificate for the listeners, of which the one for old units may be weaker."""
    site_ = configuration.site
    legacy = site_.legacy is not None and site_.legacy.tls == "weak"
    if plain(site_) and not legacy:
        return None
    return Presented(site_, clock, (modern, weak) if legacy else (modern,))
