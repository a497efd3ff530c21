"""Codes that unpaired displays show: short for people, few, and soon over."""

import hashlib
import math
import secrets
from collections import deque
from dataclasses import dataclass

from bridge.limits import group
from bridge.quick_response import QuickResponse
from rooms.clock import Clock

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 signs, none of which is taken for another: no 0 and O, no 1 and I."""
LENGTH = 8
"""40 bits: with the most codes open and the most tries a minute, one in 10^8 minutes is guessed."""
LASTS = 600.0
"""Seconds that a code is good."""
OPEN, OPEN_OF_ADDRESS = 1000, 20
TRIES, TRIES_WITHIN = 10, 60.0
"""So many wrong codes in so many seconds are looked up for one caller."""


@dataclass(slots=True)
class Code:
    """A code that a display shows. Only who holds its secret gets what it is bound to."""

    text: str
    holder: bytes
    """The SHA-256 of the display's secret."""
    address: str
    """What counts as its address; empty where that is not known."""
    came_from: str
    browser: str
    until: float
    link: str = ""
    """Where its picture leads."""
    picture: QuickResponse | None = None
    """Drawn once: that takes some milliseconds, and it is asked for every two seconds."""
    display: str = ""
    """The id of the display that it was bound to be; empty for as long as nobody did."""
    room: str = ""
    token: str = ""

    @property
    def shown(self) -> str:
        """As people read it."""
        return f"{self.text[:4]}-{self.text[4:]}"


class TooMany(Exception):
    """Too many codes are open, or too many wrong ones were tried."""

    def __init__(self, wait: float) -> None:
        super().__init__(wait)
        self.wait = math.ceil(wait)
        """Seconds."""


class Codes:
    """The codes that are open, in memory alone: after a restart displays show new ones."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_text: dict[str, Code] = {}
        self._by_holder: dict[bytes, Code] = {}
        self._wrong: dict[str, deque[float]] = {}

    def __len__(self) -> int:
        return len(self._by_text)

    def held(self, secret: str) -> Code | None:
        """The code of who holds a secret."""
        code = self._by_holder.get(_hash(secret))
        return code if code is not None and code.until > self._clock.monotonic() else None

    def open(self, secret: str, address: str | None, browser: str) -> Code:
        """A new code for who holds a new secret.

        Raises:
            TooMany: so many are open, of all or of this address.
        """
        now = self._clock.monotonic()
        near = group(address) if address else ""
        same = [one.until for one in self._by_text.values() if near and one.address == near]
        if len(self._by_text) >= OPEN or len(same) >= OPEN_OF_ADDRESS:
            first = min(same) if len(same) >= OPEN_OF_ADDRESS else self._first()
            raise TooMany(max(1.0, first - now))
        text = self._unused()
        code = Code(text, _hash(secret), near, address or "", browser, now + LASTS)
        self._by_text[text] = code
        self._by_holder[code.holder] = code
        return code

    def find(self, text: str, caller: str) -> Code | None:
        """The code that somebody typed, however they wrote it.

        Raises:
            TooMany: they typed too many that nobody shows.
        """
        now = self._clock.monotonic()
        wrong = self._wrong.setdefault(caller, deque())
        while wrong and now - wrong[0] >= TRIES_WITHIN:
            wrong.popleft()
        if len(wrong) >= TRIES:
            raise TooMany(wrong[0] + TRIES_WITHIN - now)
        code = self._by_text.get(plain(text))
        if code is None or code.until <= now:
            wrong.append(now)
            return None
        return code

    def close(self, code: Code) -> None:
        """Nobody needs it any more."""
        self._by_text.pop(code.text, None)
        self._by_holder.pop(code.holder, None)

    def over(self) -> list[Code]:
        """Close what is over; those codes."""
        now = self._clock.monotonic()
        ended = [code for code in self._by_text.values() if code.until <= now]
        for code in ended:
            self.close(code)
        return ended

    def bind(self, code: Code, *, display: str, room: str, token: str) -> None:
        """Have a code lead to a room; its display has the whole time anew to come for it."""
        code.display, code.room, code.token = display, room, token
        code.until = self._clock.monotonic() + LASTS

    def _unused(self) -> str:
        while (text := "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))) in self._by_text:
            pass
        return text

    def _first(self) -> float:
        return min(code.until for code in self._by_text.values())


def plain(text: str) -> str:
    """A code as it is kept: large letters, and nothing between them."""
    return "".join(sign for sign in text[:64].upper() if sign.isalnum())


def _hash(secret: str) -> bytes:
    # 256 random bits: as with tokens one round is enough. A header may hold any bytes.
    return hashlib.sha256(secret.encode(errors="surrogateescape")).digest()
