"""Notifications that are fetched from an Event Hub: a real client, a namespace of our own."""

import asyncio
import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import ConnectorError, Denied
from connector.identity import Granted
from connector.secret import Secret
from connector.sources.graph import eventhub
from connector.sources.graph.notifications import BODY_LIMIT
from tests.connector.hub_site import STRING, HubSite, told
from tests.fakes import amqp
from tests.fakes.event_hubs import HUB, KEY


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubSite:
    monkeypatch.setattr(eventhub, "FIRST", 0.2)
    return HubSite(tmp_path)


@pytest.mark.parametrize("websocket", [False, True])
async def test_what_is_put_into_any_partition_is_heard(site: HubSite, websocket: bool) -> None:
    async with site.open(websocket=websocket), site.receiving() as ears:
        await ears.until(lambda: ears.open)
        assert site.namespace.receivers() == 2
        site.namespace.post(told("a", "b"), "0")
        site.namespace.post(told("c"), "1")
        await ears.until(lambda: len(ears.heard) == 3)
        assert sorted(ears.heard) == ["a", "b", "c"]
        assert ears.afresh == [False]
        assert not ears.failures


async def test_what_was_there_before_the_start_is_not_heard(site: HubSite) -> None:
    site.namespace.post(told("old"), "0")
    async with site.open(), site.receiving() as ears:
        await ears.until(lambda: ears.open)
        site.namespace.post(told("new"), "0")
        await ears.until(lambda: ears.heard)
        assert ears.heard == ["new"]


async def test_a_message_larger_than_a_frame_is_whole(site: HubSite) -> None:
    async with site.open(), site.receiving() as ears:
        await ears.until(lambda: ears.open)
        names = [f"subscription-{number}" for number in range(500)]
        site.namespace.post(told(*names))
        await ears.until(lambda: ears.heard)
        assert ears.heard == names


@pytest.mark.fault("hook_silent")
async def test_nothing_is_lost_while_the_connection_is(site: HubSite) -> None:
    async with site.open(), site.receiving() as ears:
        await ears.until(lambda: ears.open)
        site.namespace.post(told("before"), "0")
        await ears.until(lambda: ears.heard)
        site.namespace.drop()
        await ears.until(lambda: ears.failures)
        assert not ears.open
        site.namespace.post(told("meanwhile"), "0")
        site.namespace.post(told("there too"), "1")
        await ears.until(lambda: len(ears.heard) == 3)
        assert sorted(ears.heard) == ["before", "meanwhile", "there too"]
        await ears.until(lambda: ears.open)
        assert ears.afresh == [False, False]
        assert ears.failures[0].reason == "broken_off"


async def test_a_polite_end_is_followed_by_a_new_beginning(site: HubSite) -> None:
    async with site.open(), site.receiving() as ears:
        await ears.until(lambda: ears.open)
        site.namespace.close("amqp:connection:forced", "The service is being upgraded.")
        await ears.until(lambda: len(ears.afresh) == 2)
        assert {one.reason for one in ears.failures} == {"broken_off"}


async def test_a_place_that_the_hub_does_not_know_any_more_is_given_up(site: HubSite) -> None:
    async with site.open(), site.receiving() as ears:
        await ears.until(lambda: ears.open)
        site.namespace.post(told("before"), "0")
        await ears.until(lambda: ears.heard)
        site.namespace.partitions["0"].clear()
        site.namespace.drop()
        await ears.until(lambda: len(ears.afresh) == 2)
        assert ears.afresh == [False, True]


async def test_what_was_said_before_the_first_connection_may_be_lost(site: HubSite) -> None:
    site.namespace.listen = False
    async with site.open(), site.receiving() as ears:
        await ears.until(lambda: ears.failures)
        site.namespace.listen = True
        await ears.until(lambda: ears.open)
        assert ears.afresh == [True]


@pytest.mark.parametrize("websocket", [False, True])
async def test_a_wrong_key_is_denied_with_the_right_that_is_missing(
    site: HubSite, websocket: bool
) -> None:
    wrong = STRING.replace(KEY, "d3Jvbmc=")
    async with (
        site.open(websocket=websocket),
        site.receiving(connection_string=Secret(wrong)) as ears,
    ):
        await ears.until(lambda: ears.failures)
        error = ears.failures[0]
        assert isinstance(error, Denied)
        assert error.reason == "hub_denied"
        assert "Listen" in error.fix
        assert not ears.afresh


class FixedWay:
    """Hands out tokens that are good."""

    def __init__(self, token: str, seconds: float = 3600) -> None:
        self.token = token
        self.seconds = seconds
        self.asked = 0

    async def obtain(self) -> Granted:
        self.asked += 1
        return Granted(self.token, self.seconds)

    def credentials(self) -> list[Any]:
        return []


async def test_the_application_itself_may_listen(site: HubSite) -> None:
    site.namespace.tokens.add("right")
    way = FixedWay("right")
    async with site.open(), site.receiving(way=way, connection_string=None) as ears:
        await ears.until(lambda: ears.open)
        assert set(site.namespace.offered) == {"right"}
        assert way.asked == 1


async def test_a_token_is_renewed_while_the_connection_stays(site: HubSite) -> None:
    site.namespace.tokens.add("right")
    way = FixedWay("right", seconds=13)
    async with site.open(), site.receiving(way=way, connection_string=None) as ears:
        await ears.until(lambda: ears.open)
        opened, offered = site.namespace.opened, len(site.namespace.offered)
        while len(site.namespace.offered) < offered + 2:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.2)
        site.namespace.post(told("a"))
        await ears.until(lambda: ears.heard)
        assert way.asked == 2
        assert site.namespace.opened == opened
        assert not ears.failures


async def test_connections_are_made_anew_now_and_then_and_nothing_is_lost(
    site: HubSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eventhub, "LONGEST", 1.0)
    async with site.open(), site.receiving() as ears:
        for number in range(12):
            await ears.until(lambda: ears.open)
            site.namespace.post(told(str(number)))
            await asyncio.sleep(0.3)
        await ears.until(lambda: len(ears.heard) == 12)
        assert ears.heard == [str(number) for number in range(12)]
        assert len(ears.afresh) >= 2
        assert not any(ears.afresh)
        assert not ears.failures


async def test_an_application_without_the_role_is_told_which(site: HubSite) -> None:
    site.namespace.tokens.add("right")
    site.namespace.listen = False
    way = FixedWay("right")
    async with site.open(), site.receiving(way=way, connection_string=None) as ears:
        await ears.until(lambda: len(ears.failures) == 2)
        assert ears.failures[0].reason == "hub_denied"
        assert "Azure Event Hubs Data Receiver" in ears.failures[0].fix
        assert way.asked == 2  # a refused token is not offered again


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"hub": "other"}, "hub_missing"),
        ({"consumer_group": "other"}, "hub_missing"),
        ({"connection_string": Secret("")}, "credentials_missing"),
    ],
)
async def test_what_is_not_there_is_said(site: HubSite, more: Any, reason: str) -> None:
    if "hub" in more:
        more["connection_string"] = Secret(STRING.replace(f"EntityPath={HUB}", ""))
    async with site.open(), site.receiving(**more) as ears:
        await ears.until(lambda: ears.failures)
        assert ears.failures[0].reason == reason
        assert ears.failures[0].everywhere


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("amqp:resource-limit-exceeded", "hub_shared"),
        ("amqp:link:stolen", "hub_shared"),
        ("com.microsoft:server-busy", "throttled"),
        ("com.microsoft:entity-disabled", "service_error"),
        ("amqp:internal-error", "broken_off"),
    ],
)
async def test_a_refused_receiver_is_said(site: HubSite, condition: str, reason: str) -> None:
    site.namespace.refusal = condition, "No."
    async with site.open(), site.receiving() as ears:
        await ears.until(lambda: ears.failures)
        assert ears.failures[0].reason == reason
        site.namespace.refusal = None
        await ears.until(lambda: ears.open)


@pytest.mark.fault("hook_forged")
async def test_what_is_no_notification_is_counted_and_harms_nothing(site: HubSite) -> None:
    async with site.open(), site.outside() as outside, site.receiving(outside=outside) as ears:
        await ears.until(lambda: ears.open)
        namespace = site.namespace
        bad = [b"", b"{", b"\xff\xfe", b"[1]", b'{"value": 1}', b"[" * 100_000]
        for body in [*bad, b" " * (BODY_LIMIT + 1)]:
            namespace.put(body)
        namespace.deliver(amqp.message(annotations={}, value={"value": []}))
        namespace.post({"value": [1, {"subscriptionId": "a"}]})
        namespace.post({"value": [{"subscriptionId": "NA", "clientState": "NA"}]})
        namespace.post(told("last"))
        await ears.until(lambda: "last" in ears.heard)
        assert ears.heard == ["a", "last"]
        assert outside.meter.told["malformed"] == len(bad) + 3
        assert not ears.failures


async def test_no_secret_shows_in_any_text(site: HubSite, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = "d3Jvbmcta2V5LXdyb25n"
    strings = [Secret(STRING.replace(KEY, wrong)), Secret(STRING)]
    async with site.open():
        for string in strings:
            site.ears.open = False
            async with site.receiving(connection_string=string) as ears:
                seen = len(ears.failures)
                await ears.until(lambda: ears.open or len(ears.failures) > seen)  # noqa: B023
                site.namespace.post(told("personal"))
        site.namespace.refusal = "amqp:unauthorized-access", f"no: {site.namespace.offered[-1]}"
        site.ears.failures.clear()
        async with site.receiving() as ears:
            await ears.until(lambda: ears.failures)
    texts = [record.getMessage() for record in caplog.records] + [caplog.text]
    for error in site.ears.failures:
        texts += [str(error), error.fix, repr(error.__cause__)]
    signatures = [token.partition("sig=")[2].partition("&")[0] for token in site.namespace.offered]
    assert all(signatures)
    for secret in [KEY, wrong, *signatures, "SharedAccessSignature", "personal"]:
        assert not any(secret in text for text in texts), secret


async def test_a_stop_leaves_no_connection(site: HubSite) -> None:
    async with site.open():
        async with site.receiving() as ears:
            await ears.until(lambda: ears.open)
            assert site.namespace.lines
        assert not site.namespace.receivers()


@given(st.binary())
def test_no_message_does_more_than_count(body: bytes) -> None:
    from connector.meter import Meter

    class Event:
        def __init__(self) -> None:
            self.body = [body]

    meter = Meter()
    found = eventhub._values(Event(), meter)  # type: ignore[arg-type] # as much of one as is used
    try:
        json.loads(body)
    except ValueError:
        assert not found
        assert meter.told["malformed"] == 1


def test_nothing_of_azure_is_imported_without_need() -> None:
    script = (
        "import sys, connector.sources.graph;"
        " print([name for name in sys.modules if name.split('.')[0] in {'azure', 'msal'}])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert ran.stdout.strip() == "[]"


def test_errors_of_ours_stay_what_they_are() -> None:
    from connector.sources.graph.hub_faults import meaning

    mine: ConnectorError = Denied("no", reason="credentials_refused")
    assert meaning(mine, signed=True) is mine
    assert meaning(None, signed=True).reason == "broken_off"
