"""How each endpoint's failures are counted and said, and when it is tried again."""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from bridge.dispatch.outbox import Outbox
from bridge.dispatch.status import Failure, State
from bridge.health import Health
from bridge.logs import fault
from bridge.pace import doubling, spread
from bridge.words import ADVICE
from connector.deadline import within
from connector.errors import ConnectorError, Denied, Malformed, NotFound, Unavailable
from rooms.clock import Clock

log = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_RETRY = 5.0
LONGEST_RETRY = 300.0
HOPELESS = 5
"""Failures in a row that a person must mend, after which tries become rare."""
RARE = 3600.0
"""Seconds between two tries then."""

_FAILING = (
    "endpoint_unreachable",
    "endpoint_denied",
    "endpoint_unsupported",
    "endpoint_quarantined",
)
_MENDED_THERE = frozenset({"credentials_refused", "access_denied"})
"""Refusals that may be mended at the unit, so that no setting changes here."""


@dataclass(kw_only=True)
class Counts:
    """What was done, for `/metrics`; by kind first."""

    pushes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By outcome: `ok`, or the reason of a failure."""
    read_backs: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By outcome: `confirmed`, `drift`, `untold`, or the reason of a failure."""
    actions: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Dialled, hung up and the like, by outcome: `ok`, or the reason of a failure."""
    wishes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By what was wanted at the device and outcome: `ok`, or the code of why not."""


class Ledger:
    """Everything that is asked of an endpoint goes through here."""

    def __init__(self, health: Health, clock: Clock, silenced: Callable[[Outbox], None]) -> None:
        self._health = health
        self._clock = clock
        self._silenced = silenced
        self.counts = Counts()

    async def tried(self, box: Outbox, work: Awaitable[T], seconds: float | None) -> T:
        """Ask something of an endpoint, in bounded time; the rest of them never suffers by it.

        Without `seconds` it goes on for as long as it does: that is for listening.

        Raises:
            ConnectorError: it failed, which is noted. After `Denied` nothing more is to be asked.
        """
        error: ConnectorError
        try:
            if seconds is None:  # thousands may listen: without what they do not need
                answer = await work
            else:
                with within(seconds):
                    answer = await work
        except TimeoutError:
            error = Unavailable("no end in time", reason="timeout")
        except ConnectorError as raised:
            error = raised
        except Exception as raised:  # noqa: BLE001 - one endpoint's fault must not end the others
            log.error("%s: %s", box.subject, fault(raised))
            error = Unavailable("a fault of the bridge", reason="unexpected")
        else:
            box.reachable = True
            return answer
        self._note(box, error)
        if isinstance(error, Denied):  # with what begins anew
            raise refusal(box) from error
        raise error

    def _note(self, box: Outbox, error: ConnectorError) -> None:
        if box.state == "denied":  # what was on its way ends now, and says nothing new
            return
        box.last_error = Failure(
            code=error.reason, words=str(error), fix=_fix(box, error), at=self._clock.now()
        )
        if isinstance(error, Unavailable):
            box.reachable = False
        if isinstance(error, Denied):
            self.turn(box, "denied")
            self._say(box, error)
            self._silenced(box)

    def turn(self, box: Outbox, state: State) -> None:
        """It stands so from now on."""
        if box.state != state:
            box.state = state
            box.since = self._clock.now()

    def well(self, box: Outbox, state: State) -> None:
        """It did what is asked of it by itself."""
        self.turn(box, state)
        if box.failures:
            box.failures = 0
            box.rest_until = self._clock.monotonic()
            for code in _FAILING:
                self._health.good(box.subject, code)

    def failed(self, box: Outbox, error: ConnectorError) -> float | None:
        """It did not; seconds until the next try, or None where a try could do harm."""
        if box.state == "denied":
            return None
        box.failures += 1
        mend = isinstance(error, Malformed | NotFound)
        rare = mend and box.failures >= HOPELESS
        self.turn(box, "quarantined" if rare else _state(error))
        self._say(box, error)
        asked = error.retry_after.total_seconds() if error.retry_after else 0.0
        if rare:
            asked = max(asked, spread(RARE))
        wait = max(spread(doubling(FIRST_RETRY, box.failures - 1, LONGEST_RETRY)), asked)
        box.rest_until = self._clock.monotonic() + asked
        return wait

    def _say(self, box: Outbox, error: ConnectorError) -> None:
        code = f"endpoint_{box.state}"
        fix = _fix(box, error) or ADVICE.get(error.reason, ADVICE[code]).fix
        self._health.only(box.subject, code, f"{ADVICE[code].words}: {error}", fix)

    def say(self, box: Outbox, code: str, words: str = "", fix: str = "") -> None:
        """Something about it is to be mended, though it works."""
        self._health.bad(box.subject, code, words, fix)

    def over(self, box: Outbox, code: str | None = None) -> None:
        """That is mended, or the endpoint is no more."""
        self._health.good(box.subject, code)


def refusal(box: Outbox) -> Denied:
    """Why nothing is asked of an endpoint that refused the login."""
    known = box.last_error
    return Denied(
        known.words if known else "the room system refuses the login",
        reason=known.code if known else "credentials_refused",
        fix=known.fix if known else "",
    )


def _fix(box: Outbox, error: ConnectorError) -> str:
    """What mends it; empty where the general advice will do."""
    if not isinstance(error, Denied) or error.reason not in _MENDED_THERE:
        return error.fix
    fix = error.fix or "set user name and password"
    again = f"`roombridge endpoints push {box.settings.id}`"
    return f"{fix}; where nothing changes in rooms.yaml by that, {again} tries once more"


def _state(error: ConnectorError) -> State:
    """How an endpoint stands after an error."""
    return "unsupported" if error.reason == "unsupported" else "unreachable"
