"""Budgets, hooks and what lies beyond the window, through the real program."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.process.conftest import Site, until


async def test_a_far_day_is_read_when_it_is_asked_for(site: Site) -> None:
    site.book("Review")
    site.book("Far", hour=24 * 100)
    async with site.running() as running:
        assert await until(running.titles) == ["Review"]
        day = datetime.now(UTC) + timedelta(days=99)
        span = f"from={day:%Y-%m-%dT%H:%M:%SZ}&to={day + timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"
        far = await running.get(f"/api/v1/rooms/kestrel/agenda?{span}")
        assert [one["title"] for one in far["bookings"]] == ["Far"]
        assert await running.titles() == ["Review"]


async def test_what_a_source_costs_is_told_and_kept_within_its_budget(site: Site) -> None:
    site.settings["sources"]["m365"]["budget"] = "8640"
    for name in ("heron", "wren", "teal"):
        site.add_room(name)
    async with site.running() as running:

        async def known() -> Any:
            told = await running.get("/api/v1/health")
            (cost,) = told["sources"] if told else [None]
            return cost if cost and cost["worst_room"] else None

        cost = await until(known, "the cost of the source")
        assert (cost["source"], cost["rooms"], cost["budget"]) == ("m365", 4, 8640)
        assert cost["interval_s"] > 40, "four rooms, 8640 requests a day"
        async with running.http.get(f"http://127.0.0.1:{running.port}/metrics") as answer:
            metrics = await answer.text()
        assert 'roombridge_room_age_seconds{room="heron"}' in metrics
        assert 'roombridge_request_budget{source="m365"} 8640.0' in metrics
        status, out, _ = await site.command("doctor", "--json")
        assert status == 1
        assert '"requests_day"' in out


async def test_a_hook_that_no_source_listens_to_is_not_found(site: Site) -> None:
    async with site.running() as running:
        hook = f"http://127.0.0.1:{running.port}/hooks/graph/nowhere"
        async with running.http.post(hook, headers={"Host": "rooms.example.com"}) as answer:
            assert (answer.status, (await answer.json())["code"]) == (404, "unknown_source")
