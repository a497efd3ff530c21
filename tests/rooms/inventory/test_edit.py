"""Edits of an inventory."""

import time

from rooms.inventory import Document, Edit, edited

ROOMS = 2000
SECONDS = 1.0
"""Twenty times what it takes; to look for each of them in every room takes longer."""


def test_every_endpoint_of_a_large_site_is_changed_at_once() -> None:
    before = Document(
        rooms={f"room-{n}": {"endpoints": [{"id": f"unit-{n}"}]} for n in range(ROOMS)}
    )
    edit = Edit(endpoints={f"unit-{n}": {"room": f"room-{ROOMS - 1 - n}"} for n in range(ROOMS)})
    start = time.perf_counter()
    after = edited(before, edit)
    assert time.perf_counter() - start < SECONDS
    assert after.rooms["room-7"] == {"endpoints": [{"id": f"unit-{ROOMS - 8}"}]}
