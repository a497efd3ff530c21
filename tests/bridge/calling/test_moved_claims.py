"""A room with another id does not join once more what it has joined."""

from sqlite_utils import Database as Tables

from bridge.calling.auto_join import moved_claims
from bridge.writing.attempts import claim
from rooms.changeover import Changeover
from rooms.migrations import schema
from tests.fakes.virtual import NOON


def test_what_a_room_joined_by_itself_is_known_by_its_new_id() -> None:
    tables = Tables(memory=True)
    schema.apply(tables)
    for room in ("kestrel", "owl", "heron"):
        tables.execute(
            "INSERT INTO attempts (who, key, at, digest) VALUES ('bridge', ?, ?, x'00')",
            [f"auto_join {room} b1 2026", room],
        )
    moved_claims(tables, Changeover(renamed={"kestrel": "owl", "owl": "kestrel"}), NOON)
    rows = tables.execute("SELECT key, at, digest FROM attempts ORDER BY at").fetchall()
    assert [(key, room) for key, room, _ in rows] == [
        ("auto_join heron b1 2026", "heron"),
        ("auto_join owl b1 2026", "kestrel"),
        ("auto_join kestrel b1 2026", "owl"),
    ]
    wanted = "auto_join owl b1 2026"
    assert rows[1][2] == claim("bridge", wanted, wanted).digest
