"""Whatever happens in whatever order: no display is locked out, no code opens what it must not."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlite_utils import Database as Tables

from bridge.displays.codes import OPEN_OF_ADDRESS, Code, Codes, TooMany
from bridge.paired import LOST_AFTER, WRITTEN_AFTER, Paired
from bridge.tokens import Tokens
from rooms.audit import Audit
from rooms.migrations import schema
from tests.fakes.virtual import FixedClock

ON_DISK_AFTER = timedelta(minutes=1)
"""How long a browser may take to write a cookie to its disk; Chromium takes half of it."""

pytestmark = pytest.mark.allow_blocking


class AtOnce:
    """A database without a thread: it outlives who uses it."""

    def __init__(self) -> None:
        self.tables = Tables(memory=True)
        schema.apply(self.tables)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows."""
        return list(self.tables.execute(sql).fetchall())

    async def change(self, work: Callable[[Tables], Any]) -> Any:
        """Do it now."""
        with self.tables.atomic():
            return work(self.tables)


def done(work: Coroutine[Any, Any, Any]) -> Any:
    """What came of work that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits")


class Renewals(RuleBasedStateMachine):
    """One display with a browser that crashes, and a bridge that does too."""

    @initialize()
    def begin(self) -> None:
        """It was paired."""
        self.database, self.clock = AtOnce(), FixedClock()
        self.start()
        display, self.cookie = done(
            self.paired.add(name="Door", room="kestrel", browser="", address="", actor="test")
        )
        done(self.paired.handed(display))
        self.id = display.id
        self.on_disk, self.since = self.cookie, self.clock.now()
        self.known = {self.cookie}

    def start(self) -> None:
        """A bridge over what is on disk."""
        database: Any = self.database
        audit = Audit(database)
        self.tokens = Tokens(database, audit, self.clock)
        self.paired = Paired(database, self.tokens, audit, self.clock)

    @rule(span=st.sampled_from([timedelta(seconds=20), ON_DISK_AFTER, WRITTEN_AFTER, LOST_AFTER]))
    def wait(self, span: timedelta) -> None:
        """Time passes; cookies reach the disk."""
        self.clock.move(span)
        if self.clock.now() - self.since >= ON_DISK_AFTER:
            self.on_disk = self.cookie

    @rule()
    def a_month_passes(self) -> None:
        """A new token is due."""
        self.wait(timedelta(days=31))

    @rule()
    def restart(self) -> None:
        """The bridge stops and starts."""
        self.start()

    @rule()
    def power_cut(self) -> None:
        """The browser begins anew with what is on its disk."""
        self.cookie = self.on_disk

    @rule()
    def use(self) -> None:
        """The display asks for something."""
        caller = self.tokens.caller(self.cookie)
        assert caller is not None, "a display was locked out"
        self.paired.came(caller)
        done(self.paired.settle())

    @rule(arrives=st.booleans())
    def renew(self, arrives: bool) -> None:
        """Its page asks for a new token, whose answer may get lost."""
        caller = self.tokens.caller(self.cookie)
        assert caller is not None, "a display was locked out"
        self.paired.came(caller)
        done(self.paired.settle())
        told = done(self.paired.renew(caller, ""))
        if told is not None:
            self.known.add(told)
        if told is not None and arrives:
            self.cookie, self.since = told, self.clock.now()

    @invariant()
    def it_sees_its_room(self) -> None:
        """Not after a year without a renewal, of course."""
        if self.paired.get(self.id):
            issued = self.tokens.known(self.cookie)
            assert issued
            assert issued.expires
            if self.clock.now() < issued.expires:
                assert self.tokens.caller(self.cookie)
            else:
                self.begin()

    @invariant()
    def two_tokens_at_most_are_good(self) -> None:
        """However often it was renewed."""
        assert len([one for one in self.known if self.tokens.caller(one)]) <= 2

    @invariant()
    def nobody_is_suspected(self) -> None:
        """Crashes are no thefts."""
        assert self.paired.copied == {}


class OpenCodes(RuleBasedStateMachine):
    """Displays that come, show codes, and are bound or not."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FixedClock()
        self.codes = Codes(self.clock)
        self.mine: dict[str, tuple[Code, float]] = {}
        self.count = 0

    @rule(address=st.sampled_from([None, "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"]))
    def open(self, address: str | None) -> None:
        """A display comes."""
        self.count += 1
        secret = f"secret {self.count}"
        try:
            code = self.codes.open(secret, address, "")
        except TooMany:
            return
        self.mine[secret] = code, self.clock.monotonic()

    @precondition(lambda self: self.mine)
    @rule(data=st.data())
    def bind(self, data: st.DataObject) -> None:
        """Somebody types a code, and has it lead to a room."""
        secret = data.draw(st.sampled_from(sorted(self.mine)))
        code, since = self.mine[secret]
        self.count += 1
        found = self.codes.find(code.shown.lower(), f"control:{self.count}")
        assert (found is code) == (self.clock.monotonic() - since < 600 and code.text != "")
        if found is not None and not code.display:
            self.codes.bind(code, display=secret, room="kestrel", token=f"token {secret}")
            self.mine[secret] = code, self.clock.monotonic()

    @rule(seconds=st.sampled_from([1, 60, 300, 600]))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.clock.move(timedelta(seconds=seconds))
        for code in self.codes.over():
            assert self.clock.monotonic() >= code.until

    @invariant()
    def who_holds_the_secret_gets_its_own_code_and_nobody_else_any(self) -> None:
        """By the hash of the secret alone."""
        for secret, (code, since) in self.mine.items():
            held = self.codes.held(secret)
            assert held is (code if self.clock.monotonic() - since < 600 else None)
            if held is not None and held.display:
                assert held.token == f"token {secret}"
        assert self.codes.held("guessed") is None
        assert self.codes.held("") is None

    @invariant()
    def no_address_has_more_than_its_share(self) -> None:
        """IPv6 by its /64."""
        near = [one.address for secret, (one, _) in self.mine.items() if self.codes.held(secret)]
        for address in set(near) - {""}:
            assert near.count(address) <= OPEN_OF_ADDRESS


TestRenewals = Renewals.TestCase
TestRenewals.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
TestOpenCodes = OpenCodes.TestCase
TestOpenCodes.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
