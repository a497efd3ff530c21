"""What is wrong is said in the reader's language: in the words that the settings really use."""

from typing import Any

import pytest

from bridge.admin.words import catalogues
from bridge.admin.wrong import KEYS, said, told
from bridge.inventory.given import Holders, given
from bridge.keeping import Counter, Unfitting
from bridge.views.inventory_shapes import PlanOrder
from bridge.views.web import Problem
from rooms.inventory import Change
from rooms.inventory.plan import What
from tests.bridge.admin.conftest import person
from tests.bridge.admin.stocked import Stock, made, stock

__all__ = ["made", "stock"]  # fixtures

UNIT = {"room": "kestrel", "kind": "cisco", "address": "10.0.0.1"}
BAD: dict[str, dict[str, Any]] = {
    "number": {"rooms": {"kestrel": {"capacity": "many"}}},
    "required": {"rooms": {"owl": {"mailbox": "owl@example.com"}}},
    "mailbox": {"rooms": {"kestrel": {"mailbox": "kestrel"}}},
    "mailbox_shared": {"rooms": {"kestrel": {"mailbox": "wren@example.com"}}},
    "source": {"rooms": {"kestrel": {"source": "elsewhere"}}},
    "zone_windows": {"rooms": {"kestrel": {"time_zone": "GMT Standard Time"}}},
    "zone": {"rooms": {"kestrel": {"time_zone": "Nowhere/At_all"}}},
    "room_list": {"rooms": {"kestrel": {"lists": ["nowhere"]}}},
    "id": {"renamed": {"kestrel": "No!"}},
    "room_taken": {"renamed": {"kestrel": "wren"}},
    "no_room": {"rooms": {"owl": None}},
    "address": {"endpoints": {"codec": {**UNIT, "address": "a b"}}},
    "for_engineers": {"rooms": {"kestrel": {"writes": "full"}}},
    "list_taken": {"renamed_lists": {"north": "south"}},
    "list_below": {"room_lists": {"harbour": {"parent": "north"}}},
    "list_not_yours": {"room_lists": {"south": {"name": "S"}}},
    "list_name_only": {"room_lists": {"north": None}},
    "room_needs_list": {
        "rooms": {"owl": {"mailbox": "owl@example.com", "time_zone": "Europe/London"}}
    },
    "room_keeps_list": {"rooms": {"kestrel": {"lists": []}}},
    "room_not_yours": {"rooms": {"heron": {"floor": "3"}}},
}
OF_FACILITIES = {key for key in BAD if key.startswith(("list_n", "room_n", "room_k", "for_"))}


@pytest.mark.parametrize("key", BAD)
async def test_what_the_settings_say_is_known(stock: Stock, key: str) -> None:
    assert key in KEYS
    caller = stock.facilities("north") if key in OF_FACILITIES else person()
    words = catalogues()["de"]
    sentences = []
    try:
        plan = await Counter(stock.keeper).plan(PlanOrder(**BAD[key]), caller)
        sentences = [one.words for one in told(plan.findings, words)]
    except Unfitting as problem:
        sentences = [one.words for one in told(problem.findings, words)]
    except Problem as problem:
        sentences = [said(problem.detail, words)[0]]
    start = words(f"wrong.{key}").partition("{")[0]
    assert any(one.startswith(start) for one in sentences), sentences


def test_what_is_not_known_stays_as_it_is() -> None:
    words = catalogues()["de"]
    assert said("must be a mapping of settings, not a list", words)[1] == "en"
    assert said("", words) == ("", "en")


def test_that_somebody_has_a_list_is_said_in_each_language() -> None:
    holders = Holders(following={"account": lambda _: 1}, fixed={})
    kinds: dict[What, str] = {"removed": "list_given", "added": "list_was_given"}
    for what, key in kinds.items():
        (found,) = given([Change(what=what, kind="list", id="north")], holders)
        for words in catalogues().values():
            assert said(found.words, words) == (words(f"wrong.{key}"), words.lang)
