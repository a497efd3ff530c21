"""A service account reads for the rooms: sign-in with a code, refresh tokens, their end."""

import asyncio
import contextlib
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestServer
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.errors import ConnectorError, Denied, Malformed, Unavailable
from connector.outside import Outside, open_outside
from connector.simulators.graph import CLIENT_ID, TENANT_ID, Meeting, Tenant, app
from connector.simulators.graph.faults import kinds
from connector.source import Credential, Identified, SignIn
from connector.sources import graph
from connector.sources.graph.delegate import KEPT_AS
from rooms.clock import Clock
from rooms.model import Window
from tests.fakes.keep import MemoryKeep
from tests.fakes.sources import room
from tests.fakes.virtual import NOON, FixedClock, VirtualClock, in_virtual_time

ROOMS = "rooms@example.com"
KESTREL = "kestrel@example.com"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WINDOW = Window(start=NOON, end=NOON + DAY)


class Company:
    """A tenant with a service account, and an appliance outside of it."""

    def __init__(self, tenant: Tenant, outside: Outside, url: str) -> None:
        self.tenant = tenant
        self.url = url
        self.keep = MemoryKeep()
        self.outside = replace(outside, keep=self.keep)

    def options(self, **more: Any) -> graph.Options:
        usual = {
            "tenant_id": TENANT_ID,
            "client_id": CLIENT_ID,
            "delegate": graph.DelegateAccount(account="Rooms@example.com"),
            "graph_url": self.url,
            "login_url": self.url,
        }
        return graph.Options(**{**usual, **more})

    async def begin(self, **more: Any) -> SignIn:
        sign_in = await graph.sign_in(self.options(**more), self.outside)
        assert sign_in is not None
        return sign_in

    async def sign_in(self, account: str = ROOMS) -> str:
        """Begin, let somebody sign in, and finish."""
        sign_in = await self.begin()
        self.tenant.sign_in(sign_in.code, account)
        return await sign_in.finished()

    async def read(self) -> list[str]:
        """The subjects in Kestrel's calendar, by a source that was opened anew."""
        async with graph.connect(self.options(), self.outside) as source:
            return [event.subject for event in await source.fetch(room(), WINDOW)]

    def asked(self) -> int:
        """How many requests the token endpoint had."""
        return sum(one.path.endswith("/token") for one in self.tenant.journal.requests())


@asynccontextmanager
async def company(clock: Clock) -> AsyncIterator[Company]:
    tenant = Tenant(clock=clock.now)
    tenant.register_app(public=True)
    tenant.add_account(ROOMS, mailboxes=[KESTREL])
    tenant.add_account("ada@example.com", mailboxes=[KESTREL])
    kestrel = tenant.add_mailbox(KESTREL)
    kestrel.add(Meeting(subject="Review", start=NOON + HOUR, end=NOON + 2 * HOUR))
    server = TestServer(app(tenant))
    async with server, open_outside(clock) as outside:
        yield Company(tenant, outside, str(server.make_url("/")).rstrip("/"))


def played(work: Callable[[Company], Coroutine[Any, Any, None]]) -> None:
    """Play it in virtual time."""

    async def play() -> None:
        async with company(VirtualClock()) as made:
            await work(made)

    in_virtual_time(play())


@pytest.fixture
async def made(clock: FixedClock) -> AsyncIterator[Company]:
    """A company by a clock that stands, whose account has signed in."""
    async with company(clock) as opened:
        await authorized(opened)
        yield opened


async def authorized(made: Company) -> None:
    """Keep what a sign-in would have brought."""
    account = made.tenant.accounts[ROOMS].address
    scopes = ("https://graph.microsoft.com/Calendars.Read.Shared", "offline_access")
    token = made.tenant.refresh_tokens.issue(CLIENT_ID, account, scopes)
    client = graph._client(made.options())
    await graph.delegate.keep(made.outside, client, token)


def kept(made: Company) -> str:
    return str(msgspec.json.decode(made.keep.held[KEPT_AS].reveal())["token"])


async def credential(made: Company) -> Credential:
    async with graph.connect(made.options(), made.outside) as source:
        assert isinstance(source, Identified)
        (one,) = source.credentials()
        return one


# --- sign-in


def test_somebody_signs_in_elsewhere_and_calendars_are_read() -> None:
    async def play(made: Company) -> None:
        sign_in = await made.begin()
        assert sign_in.where.startswith("http://127.0.0.1")
        assert sign_in.until == NOON + timedelta(minutes=15)
        finished = asyncio.ensure_future(sign_in.finished())
        await asyncio.sleep(61)
        assert not finished.done()
        made.tenant.sign_in(sign_in.code, ROOMS)
        assert await finished == "Rooms@example.com"
        assert asyncio.get_running_loop().time() < 70
        assert made.asked() == 13
        assert await made.read() == ["Review"]

    played(play)


def test_nobody_in_time_is_told() -> None:
    async def play(made: Company) -> None:
        sign_in = await made.begin()
        with pytest.raises(Denied) as caught:
            await sign_in.finished()
        assert caught.value.reason == "sign_in_expired"
        assert 890 <= asyncio.get_running_loop().time() <= 900
        assert not made.keep.held

    played(play)


@pytest.mark.parametrize("word", ["authorization_declined", "access_denied"])
def test_a_no_ends_the_wait(word: Any) -> None:
    async def play(made: Company) -> None:
        sign_in = await made.begin()
        made.tenant.sign_ins.by_user(sign_in.code).declined = word
        with pytest.raises(Denied) as caught:
            await sign_in.finished()
        assert caught.value.reason == "sign_in_declined"
        assert asyncio.get_running_loop().time() < 6

    played(play)


def test_asked_to_slow_down_it_does() -> None:
    async def play(made: Company) -> None:
        sign_in = await made.begin()
        finished = asyncio.ensure_future(sign_in.finished())
        code = next(iter(made.tenant.sign_ins._by_device.values()))
        await asyncio.sleep(4)
        code.asked = made.tenant.now()  # as if somebody had asked a second ago
        await asyncio.sleep(7)
        assert made.asked() == 1
        await asyncio.sleep(5)
        assert made.asked() == 2
        made.tenant.sign_in(sign_in.code, ROOMS)
        assert await finished

    played(play)


def test_an_outage_of_the_login_is_waited_for() -> None:
    async def play(made: Company) -> None:
        sign_in = await made.begin()
        made.tenant.faults.add(kinds.Status(at="token", status=503, times=3))
        made.tenant.sign_in(sign_in.code, ROOMS)
        assert await sign_in.finished()

    played(play)


def test_an_answer_that_is_lost_asks_for_another_sign_in() -> None:
    async def play(made: Company) -> None:
        sign_in = await made.begin()
        made.tenant.faults.add(kinds.Dropped(at="token", times=1))
        made.tenant.sign_in(sign_in.code, ROOMS)
        with pytest.raises(Denied) as caught:
            await sign_in.finished()
        assert caught.value.reason == "sign_in_expired"
        assert await made.sign_in()

    played(play)


def test_another_account_is_refused_and_nothing_is_kept() -> None:
    async def play(made: Company) -> None:
        with pytest.raises(Denied) as caught:
            await made.sign_in("ada@example.com")
        assert caught.value.reason == "wrong_account"
        assert "ada" not in f"{caught.value}{caught.value.fix}"
        assert not made.keep.held

    played(play)


def test_a_vault_that_cannot_be_written_is_told() -> None:
    async def play(made: Company) -> None:
        made.keep.full = True
        with pytest.raises(Unavailable) as caught:
            await made.sign_in()
        assert caught.value.reason == "vault_unwritable"

    played(play)


def test_an_application_that_may_not_is_told_with_its_mend() -> None:
    async def play(made: Company) -> None:
        made.tenant.register_app()
        with pytest.raises(Denied) as caught:
            await made.sign_in()
        assert "AADSTS7000218" in str(caught.value)
        assert "Allow public client flows" in caught.value.fix

    played(play)


async def test_without_a_vault_nobody_is_bothered(clock: FixedClock) -> None:
    async with company(clock) as made:
        made.outside = replace(made.outside, keep=None)
        with pytest.raises(Denied) as caught:
            await made.begin()
        assert caught.value.reason == "vault_needed"
        assert not made.tenant.journal.requests()
        with pytest.raises(Denied) as caught:
            await made.read()
        assert caught.value.reason == "vault_needed"


async def test_an_unknown_application_gets_no_code(clock: FixedClock) -> None:
    async with company(clock) as made:
        with pytest.raises(Denied) as caught:
            await made.begin(client_id="11111111-1111-4111-8111-111111111111")
        assert "AADSTS700016" in str(caught.value)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (kinds.Portal(at="token"), Malformed),
        (kinds.Truncated(at="token"), Malformed),
        (kinds.InvalidJson(at="token"), Malformed),
        (kinds.Status(at="token", status=503), Unavailable),
        (kinds.Dropped(at="token"), Unavailable),
        (kinds.Redirect(at="token"), Malformed),
    ],
    ids=lambda value: repr(value)[:20],
)
async def test_faults_of_the_login_are_told_apart(
    made: Company, fault: Any, kind: type[ConnectorError]
) -> None:
    made.tenant.faults.add(fault)
    for work in (made.begin, made.read):
        with pytest.raises(kind) as caught:
            await work()
        assert caught.value.everywhere
    made.tenant.faults.clear()
    assert await made.read() == ["Review"]


async def test_other_identities_need_nobody(made: Company) -> None:
    assert await graph.sign_in(made.options(delegate=graph.DelegateAccount()), made.outside) is None


# --- refresh tokens


async def test_without_a_sign_in_the_command_that_mends_it_is_told(clock: FixedClock) -> None:
    async with company(clock) as made:
        with pytest.raises(Denied) as caught:
            await made.read()
        assert caught.value.reason == "authorization_needed"
        assert caught.value.fix == "roombridge sources authorize {source}"
        assert caught.value.everywhere
        assert (await credential(made)).state == "missing"


async def test_each_use_brings_a_younger_token_that_is_kept_first(
    made: Company, clock: FixedClock
) -> None:
    first = kept(made)
    clock.move(60 * DAY)
    assert await made.read() == ["Review"]
    assert kept(made) != first
    assert len(made.keep.history) == 2
    one = await credential(made)
    assert one.expires == clock.now() + 90 * DAY


async def test_used_now_and_then_it_never_ends(made: Company, clock: FixedClock) -> None:
    for _ in range(10):
        clock.move(89 * DAY)
        assert await made.read() == ["Review"]


async def test_unused_for_ninety_days_it_is_over_until_somebody_signs_in(
    made: Company, clock: FixedClock
) -> None:
    clock.move(90 * DAY)
    with pytest.raises(Denied) as caught:
        await made.read()
    assert caught.value.reason == "authorization_needed"
    assert "AADSTS700082" in str(caught.value)
    await authorized(made)
    assert await made.read() == ["Review"]


async def test_revoked_by_the_service_it_asks_for_a_sign_in(made: Company) -> None:
    async with graph.connect(made.options(), made.outside) as source:
        assert isinstance(source, Identified)
        await source.fetch(room(), WINDOW)
        assert source.credentials()[0].state == "works"
        made.tenant.refresh_tokens.revoke([ROOMS])
        made.tenant.revoke_tokens()
        with pytest.raises(Denied) as caught:
            await source.fetch(room(), WINDOW)
        assert caught.value.reason == "authorization_needed"
        assert "AADSTS50173" in str(caught.value)
        assert source.credentials()[0].state == "refused"


async def test_a_token_that_was_refused_is_tried_again_only_now_and_then(
    made: Company, clock: FixedClock
) -> None:
    made.tenant.refresh_tokens.revoke([ROOMS])
    async with graph.connect(made.options(), made.outside) as source:
        for _ in range(60):
            with pytest.raises(Denied):
                await source.fetch(room(), WINDOW)
            clock.move(timedelta(minutes=1))
        assert made.asked() == 4
        await authorized(made)
        assert await source.fetch(room(), WINDOW)


async def test_where_the_vault_is_full_reading_goes_on_and_keeping_is_tried_again(
    made: Company, clock: FixedClock
) -> None:
    first = kept(made)
    made.keep.full = True
    async with graph.connect(made.options(), made.outside) as source:
        assert isinstance(source, Identified)
        assert len(await source.fetch(room(), WINDOW)) == 1
        assert source.credentials()[0].state == "unsaved"
        assert kept(made) == first
        made.keep.full = False
        clock.move(HOUR)
        await source.fetch(room(), WINDOW)
        assert source.credentials()[0].state == "works"
        assert kept(made) != first


@pytest.mark.parametrize(
    "more",
    [
        {"delegate": graph.DelegateAccount(account="ada@example.com")},
        {"tenant_id": "example.com"},
        {"client_id": "22222222-2222-4222-8222-222222222222"},
    ],
)
async def test_what_was_authorized_for_another_configuration_is_not_used(
    made: Company, more: dict[str, Any]
) -> None:
    before = made.asked()
    async with graph.connect(made.options(**more), made.outside) as source:
        with pytest.raises(Denied) as caught:
            await source.fetch(room(), WINDOW)
    assert caught.value.reason == "authorization_needed"
    assert made.asked() == before


async def test_a_damaged_entry_of_the_keep_asks_for_a_sign_in(made: Company) -> None:
    made.keep.held[KEPT_AS] = type(made.keep.held[KEPT_AS])("{damaged")
    with pytest.raises(Denied) as caught:
        await made.read()
    assert caught.value.reason == "authorization_needed"


async def test_every_room_shares_one_refresh(made: Company) -> None:
    before = made.asked()
    async with graph.connect(made.options(), made.outside) as source:
        await asyncio.gather(*(source.fetch(room(), WINDOW) for _ in range(3)))
    assert made.asked() == before + 1


async def test_calendars_that_are_not_shared_are_denied_alone(made: Company) -> None:
    made.tenant.add_mailbox("heron@example.com")
    async with graph.connect(made.options(), made.outside) as source:
        with pytest.raises(Denied) as caught:
            await source.fetch(room("heron"), WINDOW)
        assert not caught.value.everywhere
        assert await source.fetch(room(), WINDOW)


# --- whatever happens in whatever order


class Model:
    """When the tokens were given out that are kept, and held in memory only."""

    def __init__(self) -> None:
        self.kept: datetime | None = None
        self.held: datetime | None = None
        self.revoked = self.full = False

    def works(self, now: datetime) -> bool:
        since = self.held or self.kept
        return since is not None and not self.revoked and now - since < 90 * DAY

    def used(self, now: datetime) -> None:
        self.held = now if self.full else None
        self.kept = self.kept if self.full else now


STEPS = st.one_of(
    st.tuples(st.just("move"), st.sampled_from([1, 29, 60, 89, 90])),
    st.tuples(st.sampled_from(["read", "read", "sign_in", "revoke", "full", "mend", "restart"])),
)


async def stepped(made: Company, clock: FixedClock, steps: Sequence[tuple[Any, ...]]) -> None:
    """Take these steps, and see that the appliance and the model agree after each."""
    model = Model()
    stack = AsyncExitStack()
    source = await stack.enter_async_context(graph.connect(made.options(), made.outside))
    for step, *more in [("sign_in",), *steps, ("read",)]:
        match step:
            case "move":
                clock.move(more[0] * DAY)
            case "revoke":
                made.tenant.refresh_tokens.revoke([ROOMS])
                model.revoked = True
            case "full" | "mend":
                made.keep.full = model.full = step == "full"
            case "sign_in" if not model.full:
                await authorized(made)
                model.kept, model.held, model.revoked = clock.now(), None, False
        if step in {"sign_in", "restart"}:
            await stack.aclose()
            model.held = None
            source = await stack.enter_async_context(graph.connect(made.options(), made.outside))
        if step == "read":
            clock.move(2 * HOUR)
            made.tenant.revoke_tokens()
            if model.works(clock.now()):
                await source.fetch(room(), WINDOW)
                model.used(clock.now())
            else:
                with pytest.raises(Denied, match=r"sign|90 days|revoked"):
                    await source.fetch(room(), WINDOW)
    await stack.aclose()


@given(st.lists(STEPS, min_size=3, max_size=15))
@example([("sign_in",), ("move", 89), ("full",), ("read",), ("move", 60), ("restart",)])
@example([("sign_in",), ("read",), ("full",), ("move", 60), ("read",), ("move", 60), ("read",)])
@settings(max_examples=40, deadline=None)
def test_it_reads_exactly_while_the_authorization_lives(steps: Sequence[tuple[Any, ...]]) -> None:
    async def play() -> None:
        clock = FixedClock()
        async with company(clock) as made:
            await stepped(made, clock, steps)

    asyncio.run(play())


@given(st.text() | st.binary().map(lambda raw: f"a.{urlsafe_b64encode(raw).decode()}.b"))
def test_whatever_stands_in_place_of_an_id_token_is_read_or_malformed(text: str) -> None:
    with contextlib.suppress(Malformed):
        graph.device._claims(text)


def test_no_text_holds_a_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)

    async def play(made: Company) -> None:
        await made.sign_in()
        made.keep.full = True
        await made.read()
        made.tenant.refresh_tokens.revoke([ROOMS])
        with pytest.raises(Denied) as caught:
            await made.read()
        for token in (kept(made), *made.tenant._tokens, *made.tenant.refresh_tokens._tokens):
            assert token not in caplog.text + str(caught.value)
        assert ROOMS not in caplog.text.lower()

    played(play)
