"""Notifications of Microsoft 365: subscriptions that live, and what calls to the hook may do."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.meter import Meter
from connector.simulators.graph.faults import kinds
from connector.sources.graph import coverage, sensing
from connector.sources.graph.notifications import TOKEN_LIMIT, Notification, answered
from connector.watching import Call, Reply
from tests.connector.graph_site import LONG, Site, played
from tests.fakes.keep import MemoryKeep
from tests.fakes.sources import room

WEEK = timedelta(minutes=10_080)


def test_a_change_is_told_by_microsoft() -> None:
    async def work(site: Site) -> None:
        meeting = site.add()
        async with site.told() as watch:
            await site.covered()
            before = watch.hinted("kestrel"), watch.hinted("osprey")
            changes: list[Callable[[], object]] = [
                lambda: site.add(2),
                lambda: site.kestrel.edit(meeting, subject="Renamed"),
                lambda: site.kestrel.delete(meeting),
            ]
            for number, change in enumerate(changes, start=1):
                change()
                await site.hinted(before[0] + number)
            assert watch.hinted("osprey") == before[1]
            assert site.outside.meter.told == {"taken": 3}
            assert "kestrel" in watch.beyonds

    played(work)


def test_a_subscription_asks_for_all_that_it_needs() -> None:
    async def work(site: Site) -> None:
        async with site.told() as watch:
            await site.covered()
            (one,) = site.subscribed()
            assert one.resource == "users/kestrel@example.com/events"
            assert one.change_types == {"created", "updated", "deleted"}
            assert one.notification_url == one.lifecycle_url == str(watch.hook)
            assert one.immutable
            assert one.expires - site.tenant.now() > 0.95 * WEEK
            (other,) = site.subscribed("osprey@example.com")
            assert one.client_state != other.client_state
            assert one.client_state is not None
            assert 32 <= len(one.client_state) <= 128

    played(work)


def test_subscriptions_are_renewed_in_good_time_and_rooms_stay_covered() -> None:
    async def work(site: Site) -> None:
        async with site.told() as watch:
            await site.covered()
            ids = {one.id for one in site.tenant.subscriptions.all()}
            for _ in range(60):
                await asyncio.sleep(86_400 / 2)
                assert {one.id for one in site.tenant.subscriptions.all()} == ids
            assert all(watch.coverage.values())
            renewals = len(site.subscribing("PATCH"))
            assert 2 * 30 / 7 <= renewals <= 2 * 30 / 7 / coverage.SOONEST + 2
            assert len(site.subscribing("POST")) == 2

    played(work)


@pytest.mark.parametrize("longest", [4230, 1440, 45])
def test_a_life_that_is_too_long_is_halved_until_it_is_allowed(longest: int) -> None:
    async def work(site: Site) -> None:
        site.tenant.subscriptions.longest = timedelta(minutes=longest)
        async with site.told():
            await site.covered()
            left = site.subscribed()[0].expires - site.tenant.now()
            assert min(longest / 2, 45) - 1 < left.total_seconds() / 60 <= longest
            await asyncio.sleep(3 * longest * 60)
            assert len(site.tenant.subscriptions.all()) == 2
            assert not site.watch.failures

    played(work)


@pytest.mark.parametrize("kept", [True, False])
def test_a_stop_leaves_subscriptions_and_a_start_takes_them_over_or_ends_them(
    *, kept: bool
) -> None:
    async def work(site: Site) -> None:
        if kept:
            object.__setattr__(site.outside, "keep", MemoryKeep())
        async with site.told():
            await site.covered()
        left = {one.id for one in site.tenant.subscriptions.all()}
        assert len(left) == 2
        hook = site.watch.hook
        site.watch.coverage.clear()
        async with site.told(port=hook.port if hook else None) as watch:
            assert watch.hook == hook
            await site.covered()
            await asyncio.sleep(60)
            now = {one.id for one in site.tenant.subscriptions.all()}
            assert len(now) == 2
            assert (now == left) is kept
            before = watch.hinted("kestrel")
            site.add()
            await site.hinted(before + 1)

    played(work)


def test_of_several_that_were_left_one_a_room_is_taken_over() -> None:
    async def work(site: Site) -> None:
        object.__setattr__(site.outside, "keep", MemoryKeep())
        site.tenant.subscriptions.page = 2
        async with site.told():
            await site.covered()
        for one in site.tenant.subscriptions.all():
            for number in range(3):
                sooner = one.expires - timedelta(hours=number + 1)
                site.tenant.subscriptions.add(replace(one, id=f"{one.id}-{number}", expires=sooner))
        longest = {one.id for one in site.tenant.subscriptions.all() if len(one.id) == 36}
        assert len(site.tenant.subscriptions.all()) == 8
        site.watch.coverage.clear()
        hook = site.watch.hook
        assert hook is not None
        async with site.told(port=hook.port):
            await site.covered()
            await asyncio.sleep(60)
            assert {one.id for one in site.tenant.subscriptions.all()} == longest

    played(work)


def test_subscriptions_of_others_are_left_alone() -> None:
    async def work(site: Site) -> None:
        async with site.told():
            await site.covered()
        theirs = {one.id for one in site.tenant.subscriptions.all()}
        site.watch.coverage.clear()
        async with site.told():  # at another port
            await site.covered()
            assert theirs < {one.id for one in site.tenant.subscriptions.all()}

    played(work)


@pytest.mark.fault("hook_silent")
def test_a_subscription_that_is_dropped_without_a_word_is_made_again() -> None:
    async def work(site: Site) -> None:
        async with site.told() as watch:
            await site.covered()
            before = watch.hinted("kestrel")
            site.tenant.subscriptions.drop(site.subscribed()[0].id)
            await asyncio.sleep(1.3 * coverage.LOOK)
            assert len(site.subscribed()) == 1
            assert watch.coverage["kestrel"]
            assert watch.hinted("kestrel") > before

    played(work)


@pytest.mark.fault("hook_silent")
def test_a_notification_that_is_lost_is_made_up_for_by_delta() -> None:
    async def work(site: Site) -> None:
        async with site.told() as watch:
            await site.covered()
            await site.settled()
            site.tenant.faults.add(kinds.Lost())
            before = watch.hinted("kestrel")
            site.add()
            await site.hinted(before + 1)

    played(work)


def test_what_microsoft_told_is_not_told_again_by_delta() -> None:
    async def work(site: Site) -> None:
        async with site.told() as watch:
            await site.covered()
            await site.settled()
            before = watch.hinted("kestrel")
            site.add()
            await site.hinted(before + 1)
            await asyncio.sleep(86_400)
            assert watch.hinted("kestrel") == before + 1

    played(work)


def test_covered_rooms_are_asked_for_deltas_more_rarely() -> None:
    async def work(site: Site) -> None:
        async with site.told() as watch:
            await site.covered()
            await site.settled()
            site.tenant.journal.clear()
            await asyncio.sleep(2 * 86_400)
            usual = 2 * 86_400 / watch.every.total_seconds()
            assert len(site.asked()) <= usual / sensing.COVERED * 1.2 + 1

    played(work)


def test_a_removed_subscription_is_made_again_and_the_room_is_read() -> None:
    async def work(site: Site) -> None:
        async with site.told() as watch:
            await site.covered()
            (one,) = site.subscribed()
            before = watch.hinted("kestrel")
            site.tenant.subscriptions.tell(one.id, "subscriptionRemoved")
            await watch.until(lambda: watch.coverage["kestrel"] is False, LONG)
            await site.covered()
            assert site.subscribed()[0].id != one.id
            assert watch.hinted("kestrel") > before

    played(work)


def test_a_call_for_reauthorization_renews_but_not_at_every_call() -> None:
    async def work(site: Site) -> None:
        async with site.told():
            await site.covered()
            await asyncio.sleep(3600)
            (one,) = site.subscribed()
            expires = one.expires
            for _ in range(20):
                site.tenant.subscriptions.tell(one.id, "reauthorizationRequired")
                await asyncio.sleep(6)
            assert site.subscribed()[0].expires > expires
            assert 1 <= len(site.subscribing("PATCH")) <= 3

    played(work)


def test_missed_notifications_are_a_hint() -> None:
    async def work(site: Site) -> None:
        async with site.told() as watch:
            await site.covered()
            before = watch.hinted("kestrel")
            site.tenant.subscriptions.tell(site.subscribed()[0].id, "missed")
            await site.hinted(before + 1)

    played(work)


def test_an_appliance_that_cannot_be_reached_is_said_once_and_mends_itself() -> None:
    async def work(site: Site) -> None:
        site.deaf = True
        async with site.told() as watch:
            await watch.until(lambda: watch.failures, LONG)
            assert watch.failures[0][0] is None
            assert watch.failures[0][1].reason == "hook_unreachable"
            asked = len(site.subscribing("POST"))
            await asyncio.sleep(3600)
            assert len(site.subscribing("POST")) - asked <= 62
            assert not any(watch.coverage.values())
            await site.settled()
            site.deaf = False
            await site.covered()
            assert None in watch.wells

    played(work)


def test_without_a_public_url_the_rooms_are_polled_and_the_mend_is_said() -> None:
    async def work(site: Site) -> None:
        async with site.watching(notifications="webhook") as watch:
            await site.settled()
            assert [error.reason for _, error in watch.failures] == ["hook_missing"]
            assert "public_url" in watch.failures[0][1].fix
            site.add()
            await site.hinted(1)

    played(work)


def test_a_room_that_may_not_be_watched_leaves_the_others_alone() -> None:
    async def work(site: Site) -> None:
        site.tenant.register_app(secret="right", scope=["osprey@example.com"])
        async with site.told() as watch:
            await site.covered("osprey")
            await watch.until(lambda: watch.failures, LONG)
            assert watch.failures[0][0] == "kestrel"
            assert not watch.coverage.get("kestrel")
            site.tenant.register_app(secret="right")
            await site.covered()
            assert "kestrel" in watch.wells

    played(work)


def test_a_room_is_uncovered_when_its_subscription_could_not_be_renewed() -> None:
    async def work(site: Site) -> None:
        async with site.told() as watch:
            await site.covered()
            site.tenant.faults.add(kinds.Status(at="subscriptions", status=503))
            await asyncio.sleep(6.5 * 86_400)
            assert watch.coverage["kestrel"]
            await asyncio.sleep(86_400)
            assert not any(watch.coverage.values())
            site.tenant.faults.clear()
            await site.covered()

    played(work)


def test_rooms_come_and_go_with_their_subscriptions() -> None:
    async def work(site: Site) -> None:
        site.tenant.add_mailbox("merlin@example.com")
        async with site.told() as watch:
            await site.covered()
            watch.arrange(room(mailbox="merlin@example.com"))
            await asyncio.sleep(60)
            held = {one.mailbox for one in site.tenant.subscriptions.all()}
            assert held == {"merlin@example.com"}
            assert watch.coverage["kestrel"]

    played(work)


def test_two_hundred_rooms_are_subscribed_within_the_limits_of_graph() -> None:
    async def work(site: Site) -> None:
        rooms = [room(f"room{number}") for number in range(200)]
        for one in rooms:
            site.tenant.add_mailbox(one.mailbox)
        site.watch.arrange(*rooms)
        async with site.told():
            began = site.tenant.now()
            await site.covered(*(one.id for one in rooms))
            took = (site.tenant.now() - began).total_seconds()
            assert 200 / 50 <= took <= 60  # 1,000 in 20 s

    played(work)


def test_nothing_but_subscriptions_is_ever_posted() -> None:
    async def work(site: Site) -> None:
        async with site.told():
            await site.covered()
            await site.settled()
            site.add()
            await asyncio.sleep(8 * 86_400)
        for one in site.tenant.journal.requests():
            assert one.method == "GET" or "/subscriptions" in one.path or "/token" in one.path

    played(work)


FORGED = [
    kinds.WrongClientState(),
    kinds.WrongClientState(state=None),
    kinds.WrongClientState(state="\u00e9" * 100),
    kinds.UnknownSubscription(),
]


@pytest.mark.fault("hook_forged")
@pytest.mark.parametrize("fault", FORGED, ids=repr)
def test_what_does_not_know_the_secret_is_counted_and_dropped(fault: Any) -> None:
    async def work(site: Site) -> None:
        async with site.told() as watch:
            await site.covered()
            before = list(watch.hints)
            site.tenant.faults.add(fault)
            site.add()
            await site.tenant.delivery.idle()
            assert watch.hints == before
            assert {one.status for one in site.tenant.delivery.sent} == {202}
            (told,) = site.outside.meter.told.elements()
            assert told in {"forged", "unknown"}

    played(work)


@pytest.mark.fault("hook_forged")
@pytest.mark.parametrize("fault", [kinds.Flood(values=3000), kinds.Replayed(), kinds.Repeated()])
def test_floods_and_replays_do_nothing_but_hint(fault: Any) -> None:
    async def work(site: Site) -> None:
        async with site.told() as watch:
            await site.covered()
            site.add()
            await site.tenant.delivery.idle()
            asked = len(site.tenant.journal.requests())
            site.tenant.faults.add(fault)
            site.add()
            await site.tenant.delivery.idle()
            assert {name for name, _ in watch.hints} == {"kestrel", "osprey"}
            assert len(site.tenant.journal.requests()) == asked

    played(work)


def call(body: bytes = b"", **query: str) -> Call:
    return Call(query=query, headers={}, body=body)


def reply(asked: Call, taken: list[Notification] | None = None) -> Reply:
    return answered(asked, (taken if taken is not None else []).extend, Meter())


@pytest.mark.fault("hook_validation")
@pytest.mark.parametrize(
    "token", ["Validation: Testing", "<script>alert(1)</script>", "a\r\nSet-Cookie: b=c", "\0", ""]
)
def test_a_validation_token_comes_back_as_plain_text(token: str) -> None:
    told = reply(call(validationToken=token))
    assert (told.status, told.text) == (200, token)
    assert told.headers["X-Content-Type-Options"] == "nosniff"
    assert not any(token and token in value for value in told.headers.values())


@pytest.mark.fault("hook_validation")
def test_a_validation_token_of_kilobytes_is_refused() -> None:
    assert reply(call(validationToken="a" * TOKEN_LIMIT)).status == 200
    assert reply(call(validationToken="a" * (TOKEN_LIMIT + 1))).status == 400


@pytest.mark.fault("hook_forged")
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b'{"value": 5}', 400),
        (b"[" * 100_000, 400),
        (b'{"value": [{"subscriptionId": "' + b"a" * (1 << 20) + b'"}]}', 413),
        (b'{"value": []}', 202),
        (b'{"value": [5, {}, {"subscriptionId": 5}, {"subscriptionId": "NA"}]}', 202),
    ],
    ids=range(8),
)
def test_what_is_no_message_is_refused(body: bytes, status: int) -> None:
    assert reply(call(body)).status == status


@pytest.mark.fault("hook_forged")
def test_of_one_message_a_thousand_notifications_are_taken() -> None:
    taken: list[Notification] = []
    body = json.dumps({"value": [{"subscriptionId": "a"}] * 5000}).encode()
    assert reply(call(body), taken).status == 202
    assert len(taken) == 1000


@pytest.mark.fault("hook_forged")
@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda deeper: (
            st.lists(deeper)
            | st.dictionaries(
                st.sampled_from(["value", "subscriptionId", "clientState", "resourceData", "id"]),
                deeper,
            )
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_whatever_is_posted_is_answered(body: bytes) -> None:
    assert reply(call(body)).status in {202, 400}


def test_a_source_that_polls_has_no_hook() -> None:
    async def work(site: Site) -> None:
        async with site.watching():
            assert site.source is not None
            assert site.source.notified(call(validationToken="a")).status == 404

    played(work)
