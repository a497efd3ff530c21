"""A simulated room system that takes orders to call, and a meeting that it can call."""

import asyncio

from connector.simulators.sip.call import Call, Line
from connector.simulators.sip.phone import WORDS, Phone
from connector.simulators.sip.switches import Switches
from connector.simulators.sip.text import Text, inner, place


class Meeting(Phone):
    """Answers whoever calls."""

    def __init__(self, *, switches: Switches | None = None) -> None:
        super().__init__(name="meeting", switches=switches)

    @property
    def joined(self) -> list[str]:
        """The request URI of every call that came, as it came; what was sent again counts once."""
        return [
            one.uri
            for one in self.requests
            if one.method == "INVITE" and ";tag=" not in one.text["To"]
        ]


class Agent(Phone):
    """A unit in a room: it obeys orders to call, or refuses them."""

    def __init__(self, *, name: str = "room", switches: Switches | None = None) -> None:
        super().__init__(name=name, switches=switches)
        self.pressed: asyncio.Queue[bool] = asyncio.Queue()
        """What somebody in the room answers when the unit asks."""
        self.more["REFER"] = self._ordered

    async def _ordered(self, line: Line, text: Text) -> None:
        """REFER outside of a dialog (RFC 3515 §2.4.2)."""
        how = self.switches.refer
        if how == "silent" or not self.admitted(line, text):
            return
        if isinstance(how, int):
            self.answer(line, text, how)
            return
        target = inner(text["Refer-To"])
        wanted = text["Refer-Sub"].strip().lower() != "false"
        contact = ("Contact", self.contact(line.transport))
        if self.switches.tells == "as_asked" and not wanted:
            self.answer(line, text, 200, ("Refer-Sub", "false"), contact)
            self.spawn(self._obey(target, None))
            return
        answered = self.answer(line, text, 202, contact)
        tells = self.switches.tells != "never"
        where = inner(text["Contact"])
        told = Call(
            id=text["Call-ID"], uri=text.uri, ours=answered["To"], theirs=text["From"],
            target=where, line=await self.way(place(where), line),
        )  # fmt: skip
        self.spawn(self._obey(target, told if tells else None))

    async def _obey(self, target: str, told: Call | None) -> None:
        await self._tell(told, "SIP/2.0 100 Trying", over=False)
        if self.switches.refer == "ask" and not await self.pressed.get():
            await self._tell(told, "SIP/2.0 603 Declined", over=True)
            return

        async def progress(status: int) -> None:
            words = f"SIP/2.0 {status} {WORDS.get(status, 'No')}"
            await self._tell(told, words, over=status >= 200)

        await self.dial(target, progress)

    async def _tell(self, told: Call | None, status: str, *, over: bool) -> None:
        """NOTIFY with a piece of SIP (RFC 3515 §2.4.5)."""
        if told is None:
            return
        state = "terminated;reason=noresource" if over else "active;expires=60"
        more = [
            ("Event", "refer"),
            ("Subscription-State", state),
            ("Content-Type", "message/sipfrag;version=2.0"),
        ]
        told.number += 1
        answered = await self.ask(self.request("NOTIFY", told, *more, body=f"{status}\r\n"), told)
        if answered is not None and answered.status == 481:
            told.state = "over"
