"""The tables of `bridge.db`, and how older ones become today's."""

from sqlite_utils import Database, Migrations

from rooms.chain import START, detail_of, digest

schema = Migrations("roombridge")


@schema()
def agendas(db: Database) -> None:
    """What each room shows, when that was read, and how it came about.

    Apart, because they change at different times: an unchanged read writes one short row.
    """
    db.table("agendas").create({"room": str, "mailbox": str, "bookings": bytes}, pk="room")
    db.table("reads").create({"room": str, "as_of": str, "start": str, "end": str}, pk="room")
    db.table("accounts").create({"room": str, "account": bytes}, pk="room")


@schema()
def audit(db: Database) -> None:
    """Who did what: rows are added and never changed or removed."""
    db.table("audit").create(
        {"seq": int, "at": str, "actor": str, "action": str, "object": str, "detail": str},
        pk="seq",
        not_null={"at", "actor", "action", "object", "detail"},
    )
    for change in ("UPDATE", "DELETE"):
        db.execute(
            f"CREATE TRIGGER audit_no_{change.lower()} BEFORE {change} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        )


@schema()
def tokens(db: Database) -> None:
    """Callers' tokens: their SHA-256 only."""
    db.table("tokens").create(
        {"id": str, "name": str, "scopes": str, "room": str, "hash": bytes}
        | {"created": str, "expires": str, "revoked": str},
        pk="id",
        not_null={"name", "scopes", "hash", "created"},
    )


@schema()
def revoked_sources(db: Database) -> None:
    """Calendar sources that are not read until somebody authorizes them again."""
    db.table("revoked_sources").create(
        {"name": str, "at": str, "actor": str}, pk="name", not_null={"at", "actor"}
    )


@schema()
def marks(db: Database) -> None:
    """Where the watch of each room stands: committed with the agenda that it led to.

    A mark belongs to one mailbox of one source, as the agenda beside it does.
    """
    db.table("marks").create(
        {"room": str, "source": str, "mark": bytes}, pk="room", not_null={"source", "mark"}
    )


@schema()
def attempts(db: Database) -> None:
    """What callers wanted done once, and what they were answered; of one day."""
    db.table("attempts").create(
        {"who": str, "key": str, "at": str, "digest": bytes}
        | {"aim": bytes, "status": int, "body": bytes},
        pk=("who", "key"),
        not_null={"at", "digest"},
    )


@schema()
def spending(db: Database) -> None:
    """How many requests each source was sent, by a few minutes of the last day."""
    db.table("spending").create(
        {"source": str, "at": str, "count": int}, pk=("source", "at"), not_null={"count"}
    )


@schema()
def faults(db: Database) -> None:
    """What people reported of rooms, until somebody clears it."""
    db.table("faults").create(
        {"room": str, "code": str, "at": str, "note": str},
        pk=("room", "code"),
        not_null={"at", "note"},
    )


@schema()
def attendance(db: Database) -> None:
    """Who came to the bookings of each room, and for thirty days what came of them.

    Both hold ids and times only, neither titles nor people.
    """
    db.table("attendance").create({"room": str, "record": bytes}, pk="room", not_null={"record"})
    db.table("attended").create(
        {"room": str, "booking": str, "start": str, "end": str, "outcome": str}
        | {"came": str, "how": str, "released": str, "exempt": str, "why": str},
        pk=("room", "booking", "start"),
        not_null={"end", "outcome"},
    )


@schema()
def displays(db: Database) -> None:
    """Paired displays, and which of the tokens are theirs."""
    db.table("displays").create(
        {"id": str, "name": str, "room": str, "token": str, "issued": str}
        | {"renewed": str, "renewed_at": str, "browser": str, "address": str}
        | {"paired_by": str, "paired": str, "fetched": str, "seen": str, "page": str},
        pk="id",
        not_null={"name", "room", "token", "issued", "paired_by", "paired"},
    )
    db.table("tokens").add_column("display", str)


@schema()
def audit_chain(db: Database) -> None:
    """Each row of the audit log is chained to the one before; what is there already, too."""
    for change in ("update", "delete"):
        db.execute(f"DROP TRIGGER audit_no_{change}")
    for column in ("origin", "former", "hash"):
        db.execute(f"ALTER TABLE audit ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
    former, last = START, -(2**63)
    names = ("seq", "at", "actor", "action", "object", "detail")
    while rows := db.execute(
        f"SELECT {', '.join(names)} FROM audit WHERE seq > ? ORDER BY seq LIMIT 5000",  # noqa: S608
        [last],
    ).fetchall():
        chained = []
        for row in rows:
            fields = dict(zip(names, row, strict=True))
            fields |= {"detail": detail_of(fields["detail"]), "origin": "", "former": former}
            hash_ = digest(fields)
            chained.append((former, hash_, fields["seq"]))
            former, last = hash_, fields["seq"]
        db.conn.executemany("UPDATE audit SET former = ?, hash = ? WHERE seq = ?", chained)
    refuse = "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
    for change in ("UPDATE", "DELETE"):
        db.execute(f"CREATE TRIGGER audit_no_{change.lower()} BEFORE {change} ON audit {refuse}")
    gap = "WHEN NEW.seq <> 1 + (SELECT coalesce(max(seq), 0) FROM audit)"
    db.execute(f"CREATE TRIGGER audit_no_gap BEFORE INSERT ON audit {gap} {refuse}")


@schema()
def inventory(db: Database) -> None:
    """Rooms and room lists where the inventory is kept here, and every change of them.

    A change holds the entries as they were and as they became, so that it can be undone.
    """
    db.table("inventory").create(
        {"kind": str, "id": str, "entry": bytes}, pk=("kind", "id"), not_null={"entry"}
    )
    db.table("inventory_changes").create(
        {"seq": int, "at": str, "actor": str, "why": str, "undoes": int}
        | {"changes": bytes, "before": bytes, "after": bytes},
        pk="seq",
        not_null={"at", "actor", "why", "changes", "before", "after"},
    )


@schema()
def people(db: Database) -> None:
    """Accounts of people, what they were invited with, and where they are signed in.

    Passwords are kept as Argon2id, codes and sessions as SHA-256 only.
    """
    db.table("people").create(
        {"id": str, "name": str, "login": str, "shown": str, "email": str, "role": str}
        | {"lists": str, "password": str, "subject": str, "created": str}
        | {"disabled": str, "version": int},
        pk="id",
        not_null={"name", "login", "shown", "email", "role", "lists", "created", "version"},
    )
    db.table("people").create_index(["login"], unique=True)
    db.table("people").create_index(["subject"], unique=True)
    db.table("invitations").create(
        {"person": str, "hash": bytes, "ends": str}, pk="person", not_null={"hash", "ends"}
    )
    db.table("sessions").create(
        {"id": str, "hash": bytes, "person": str, "created": str, "seen": str}
        | {"address": str, "browser": str},
        pk="id",
        not_null={"hash", "person", "created", "seen"},
    )
    db.table("tokens").add_column("lists", str)


@schema()
def retired_rooms(db: Database) -> None:
    """Rooms that left the inventory: a display that comes back days later is told so."""
    db.table("retired_rooms").create(
        {"room": str, "mailbox": str, "at": str}, pk="room", not_null={"mailbox", "at"}
    )


@schema()
def discovery_rejections(db: Database) -> None:
    """Proposals of discovery that somebody rejected, with what the service said then."""
    db.table("discovery_rejections").create(
        {"id": str, "source": str, "what": str, "mailbox": str, "room": str}
        | {"field": str, "said": str, "lists": str, "actor": str, "at": str},
        pk="id",
        not_null={"source", "what", "mailbox", "said", "lists", "actor", "at"},
    )


@schema()
def people_seen(db: Database) -> None:
    """When somebody was seen last, also after their session has ended."""
    db.table("people").add_column("seen", str)
    db.execute("UPDATE people SET seen = (SELECT MAX(seen) FROM sessions WHERE person = people.id)")
