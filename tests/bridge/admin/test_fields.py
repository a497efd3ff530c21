"""Forms of entries: whatever an entry holds, of what was not touched nothing is changed."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.admin.fields import LISTS, MANY, REST, ROOM, Form, Unreadable, carried, kept
from rooms.inventory.edit import merged

WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "Zs")), min_size=1).map(
    lambda text: text.strip() or "x"
)
SINGLE = [name for name in ROOM if "." not in name]
NORTH = ("north", "east")
NESTED = st.fixed_dictionaries(
    {},
    optional={
        "language": st.just("de"),
        "theme": st.just("dark"),
        "book": st.lists(st.just("15m"), min_size=1),
        "colours": st.fixed_dictionaries({"free": st.just("#006600")}),
    },
).filter(bool)
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(SINGLE, WORDS),
        "features": st.lists(st.sampled_from(["camera", "hoist"]), min_size=1, unique=True),
        "lists": st.lists(st.sampled_from(["north", "east", "south"]), min_size=1, unique=True),
        "display": NESTED,
        "writes": st.sampled_from(["none", "full"]),
        "privacy": st.fixed_dictionaries({"private_title": WORDS}),
        "endpoints": st.just([{"id": "codec", "kind": "cisco"}]),
    },
)
ENGINEERS = Form(ROOM, MANY, lists=(*NORTH, "south"), rest=True)
FACILITIES = Form(ROOM, MANY, lists=NORTH)


@given(shown=ENTRIES, stands=ENTRIES, form=st.sampled_from([ENGINEERS, FACILITIES]))
def test_a_form_that_nobody_touched_changes_nothing(
    shown: Mapping[str, Any], stands: Mapping[str, Any], form: Form
) -> None:
    values = form.shown(shown)
    assert form.wanted(stands, values, values) == stands
    came = {**values, REST: values.get(REST, "").strip()}  # as a browser sends it
    assert form.wanted(stands, carried(kept(values)), came) == stands


@given(shown=ENTRIES, stands=ENTRIES, name=st.sampled_from(SINGLE), new=WORDS)
def test_one_field_is_one_setting(
    shown: Mapping[str, Any], stands: Mapping[str, Any], name: str, new: str
) -> None:
    values = FACILITIES.shown(shown)
    wanted = FACILITIES.wanted(stands, values, values | {name: new})
    if values[name] == new:
        assert wanted == stands
    else:
        assert wanted == {**stands, name: new}
    gone = FACILITIES.wanted(stands, values, values | {name: ""})
    assert gone == (merged(stands, {name: None}) if values[name] else stands)


@given(shown=ENTRIES, stands=ENTRIES, ticked=st.sets(st.sampled_from(["north", "east", "south"])))
def test_lists_of_others_are_never_touched(
    shown: Mapping[str, Any], stands: Mapping[str, Any], ticked: set[str]
) -> None:
    values = FACILITIES.shown(shown)
    assert "south" not in values[LISTS]
    sent = values | {LISTS: ",".join(sorted(ticked & set(NORTH)))}
    after = FACILITIES.wanted(stands, values, sent).get("lists", [])
    assert ("south" in after) == ("south" in stands.get("lists", []))


@given(st.text(max_size=200))
def test_any_text_is_settings_or_is_refused(text: str) -> None:
    try:
        found = ENGINEERS.wanted({}, {}, {REST: text})
    except Unreadable:
        return
    assert "endpoints" not in found
    assert "id" not in found


@given(ENTRIES)
def test_what_is_shown_as_text_is_read_as_the_same(entry: Mapping[str, Any]) -> None:
    text = ENGINEERS.shown(entry)[REST]
    found = ENGINEERS.wanted({}, {}, {REST: text})
    apart = {*SINGLE, "features", "lists", "endpoints", "display"}
    assert {key: one for key, one in found.items() if key != "display"} == {
        key: one for key, one in entry.items() if key not in apart
    }


@pytest.mark.parametrize("told", ["", "null", "[]", "{", '{"a": {}}', "[" * 100_000])
def test_what_no_form_carried_is_as_nothing(told: str) -> None:
    assert carried(told) == {}
