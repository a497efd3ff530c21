"""What becomes of each row of a table."""

from pathlib import Path

from bridge.inventory.outcomes import Outcome
from rooms.inventory import Edit
from tests.bridge.inventory.keeping import OWNER, Keeping, keeping
from tests.bridge.inventory.test_tables import ANNA, planned, two


async def fates(kept: Keeping, text: str, *, only_good: bool = False) -> list[tuple[int, str, str]]:
    made = await planned(kept, text, only_good=only_good)
    assert all(isinstance(one, Outcome) for one in made.outcomes)
    return [(one.number, one.name, one.fate) for one in made.outcomes]


async def test_every_row_has_one_fate_in_the_order_of_rows(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        await two(kept)
        text = (
            "name,mailbox,time_zone,capacity\n"
            "Heron,heron@example.com,Europe/London,8\n"
            ",kestrel@example.com,Europe/London,\n"
            ",owl@example.com,,4\n"
            ",,,7\n"
            "Bat,bat,Europe/London,\n"
        )
        assert await fates(kept, text) == [
            (2, "Heron", "added"),
            (3, "kestrel", "unchanged"),
            (4, "owl", "changed"),
            (5, "", "wrong"),
            (6, "Bat", "wrong"),
        ]
        assert [one[2] for one in await fates(kept, text, only_good=True)] == [
            "added",
            "unchanged",
            "changed",
            "wrong",
            "wrong",
        ]


async def test_a_room_whose_system_goes_elsewhere_is_changed_too(tmp_path: Path) -> None:
    async with keeping(tmp_path) as kept:
        await two(kept)
        unit = {"id": "bar", "kind": "sip", "address": "10.0.0.1"}
        edit = Edit(rooms={"kestrel": {"endpoints": [unit]}})
        made = await kept.keeper.plan(edit, OWNER)
        assert made.fits, made.problems
        await kept.keeper.apply(made, OWNER)
        told = await fates(kept, "id,endpoint_id\nkestrel,\nowl,bar\n")
        assert told == [(2, "kestrel", "changed"), (3, "owl", "changed")]


async def test_a_table_tells_nothing_of_rooms_and_systems_of_others(tmp_path: Path) -> None:
    """Whether a guess is right makes no difference."""
    async with keeping(tmp_path) as kept:
        await two(kept)
        unit = {"id": "bar", "kind": "sip", "address": "10.0.0.1"}
        room = {"name": "Secret", "capacity": "10", "endpoints": [unit]}
        made = await kept.keeper.plan(Edit(rooms={"owl": room}), OWNER)
        await kept.keeper.apply(made, OWNER)
        heads = {"id,capacity": ["owl,10", "owl,11"]}
        heads["id,endpoint_id,endpoint_address"] = ["kestrel,bar,10.0.0.1", "kestrel,bar,10.0.0.2"]
        for head, guesses in heads.items():
            told = [await planned(kept, f"{head}\n{row}\n", ANNA) for row in guesses]
            assert told[0].findings == told[1].findings
            assert told[0].outcomes == told[1].outcomes
            assert [one.fate for one in told[0].outcomes] == ["wrong"]
            assert "Secret" not in str(told[0].outcomes)
            assert "owl" not in str(told[0].findings) or head.endswith("capacity")
