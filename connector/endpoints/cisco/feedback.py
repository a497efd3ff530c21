"""HttpFeedback: a codec posts to the bridge's hook what it is asked to (endpoints.md 2.6)."""

from yarl import URL

from connector.endpoints.cisco import commands
from connector.endpoints.cisco.carrier import Refused
from connector.endpoints.cisco.documents import Document, number, text
from connector.endpoints.cisco.notices import EXPRESSIONS
from connector.endpoints.cisco.talk import Talk
from connector.errors import Malformed
from rooms.clock import Clock

CHECK_EVERY = 600.0
"""Seconds between two looks at whether the codec still posts (EP-19)."""
ENABLE_EVERY = 3600.0
"""Seconds between two tries to have it post again (EP-19)."""
KNOWS_FORMAT = (8,)
"""TC before this knows no `Format`."""


class Slot:
    """One of the codec's four, held for as long as it is listened to."""

    def __init__(self, talk: Talk, hook: URL, slot: int, clock: Clock) -> None:
        self._talk = talk
        self._hook = hook
        self._slot = slot
        self._clock = clock
        self._enabled_at = float("-inf")

    async def take(self) -> None:
        """Register, unless somebody else's address stands in the slot.

        Raises:
            Malformed: it does.
            Refused: the codec does not do that.
            Unavailable, Denied, NotFound: named after who must act.
        """
        held = text(await self._state(), "URL")
        if held and not self._ours(held):
            raise Malformed(
                f"feedback slot {self._slot} of the codec belongs to something else",
                reason="feedback_slot_taken",
                fix="set `feedback_slot` to a free one of 1 to 4 (3 is TMS's by habit), or take"
                " the other registration away: xCommand HttpFeedback Deregister",
            )
        await self._register()

    async def _register(self) -> None:
        old = await self._talk.learn() < KNOWS_FORMAT
        expressions = tuple("/" + "/".join(path) for path in EXPRESSIONS)
        command = commands.register(self._slot, str(self._hook), expressions, old=old)
        await self._talk.run(command)

    async def check(self) -> bool:
        """Whether it posts as it should; what can be mended is, and False says that it was.

        Raises:
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """
        state = await self._state()
        if text(state, "URL") != str(self._hook):
            await self.take()
            return False
        if text(state, "Status") != "Failed":
            return True
        if self._clock.monotonic() - self._enabled_at >= ENABLE_EVERY:
            self._enabled_at = self._clock.monotonic()
            command = commands.enable(self._slot)
            try:
                await self._talk.run(command)
            except Refused:
                await self._register()
            return False
        return True

    async def leave(self) -> None:
        """Deregister, if the slot is still held.

        Raises:
            Refused: the codec does not do that.
            Unavailable, Denied, NotFound, Malformed: named after who must act.
        """
        command = commands.deregister(self._slot)
        await self._talk.run(command)

    async def _state(self) -> Document | None:
        """What the codec says of the slot."""
        status = await self._talk.read("HttpFeedback")
        slots = status.iterchildren("HttpFeedback")
        return next((node for node in slots if number(node) == str(self._slot)), None)

    def _ours(self, held: str) -> bool:
        """Whether an address is the bridge's, perhaps of before its last start.

        The path up to the secret tells: the secret itself is new with each start.
        """
        try:
            url = URL(held)
            same = url.origin() == self._hook.origin()
        except ValueError:  # what has no host is no address of ours either
            return False
        return same and url.parts[:-1] == self._hook.parts[:-1]
