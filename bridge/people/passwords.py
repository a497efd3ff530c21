"""Passwords: which will do, and how they are kept.

The rules are those of NIST SP 800-63B §3.1.1.2: long, not among the commonest, and nothing about
which signs they are made of. They are kept as Argon2id by the parameters that OWASP's Password
Storage Cheat Sheet names (19 MiB, two passes, one lane).
"""

import asyncio
import re
import secrets
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Iterable
from typing import TypeVar

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from bridge.people.refused import Locked, Refused

T = TypeVar("T")

SHORTEST, LONGEST = 12, 256
"""Characters. The longest is only there so that nobody has megabytes hashed."""
MEMORY, PASSES, LANES = 19 << 10, 2, 1
"""KiB, and what else makes guessing dear."""
AT_ONCE, WAITING = 2, 20
"""Passwords that are hashed at a time, each in its memory, and how many may wait for that."""
BUSY = 5
"""Seconds after which to come again where more want to."""

_COMMON = re.findall(
    r"\w+",
    "password passwort passwd kennwort geheim secret welcome willkommen letmein iloveyou "
    "changeme default administrator admin root user guest test login access master superuser "
    "qwertyuiop qwertzuiop qwerty qwertz asdfghjkl yxcvbnm zxcvbnm azertyuiop abc abcd abcdef "
    "dragon monkey shadow sunshine princess football baseball superman batman trustno "
    "starwars whatever hallo hello schatz sommer summer winter spring herbst fruehling autumn "
    "monday montag january januar company firma office meeting meetingroom conference room "
    "raum roombridge calendar kalender facilities bridge correcthorsebatterystaple",
)
"""What the commonest passwords are made of, ours among them; the longest is tried first."""
_RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn",
)
_LEAST = 4
"""Letters that must be left of a password without what everybody would try; else digits that
are no run."""
_FEW = 4
"""Different signs of which a password is no password."""


def check(password: str, *personal: str) -> None:
    """Let a password pass that nobody guesses soon; `personal` is what is known of its owner.

    Raises:
        Refused: `password_too_short`, `password_too_long`, `password_too_common`,
            `password_is_name`.
    """
    plain = _normal(password)
    if len(plain) < SHORTEST:
        raise Refused("password_too_short", f"at least {SHORTEST} characters; a sentence will do")
    if len(plain) > LONGEST:
        raise Refused("password_too_long", f"at most {LONGEST} characters")
    folded = plain.casefold()
    if len(set(folded)) <= _FEW or _is_run(folded) or not _left(folded, _COMMON):
        raise Refused("password_too_common", "it is among those that are tried first")
    own = [part for one in personal for part in re.split(r"[\s@._+-]+", one.casefold())]
    if not _left(folded, [*_COMMON, *(part for part in own if len(part) > 2)]):
        raise Refused("password_is_name", "it is little more than the name of its owner")


def _left(folded: str, known: Iterable[str]) -> bool:
    """Whether enough is left of a password without the words that are known."""
    for word in sorted(known, key=len, reverse=True):
        folded = folded.replace(word, "")
    letters = [sign for sign in folded if sign.isalpha()]
    digits = "".join(sign for sign in folded if sign.isdigit())
    return len(letters) >= _LEAST or (len(digits) >= SHORTEST and not _is_run(digits))


def _is_run(folded: str) -> bool:
    """Whether it goes along the alphabet, the digits or a keyboard, there or back, or repeats."""
    for size in range(1, len(folded) // 2 + 1):
        if len(folded) % size == 0 and folded == folded[:size] * (len(folded) // size):
            return size <= SHORTEST // 2
    endless = [run * 2 for run in _RUNS]
    return any(folded in run or folded in run[::-1] for run in endless)


class Passwords:
    """Hashes passwords beside the loop, a few at a time."""

    def __init__(self, memory: int = MEMORY) -> None:
        self._memory = memory
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        salt, nothing = secrets.token_bytes(16), secrets.token_bytes(32)
        self._nobody = (
            f"$argon2id$v=19$m={memory},t={PASSES},p={LANES}${_bare(salt)}${_bare(nothing)}"
        )
        """Compared with where there is nothing to compare with: that takes as long."""

    async def hashed(self, password: str) -> str:
        """A password as it is kept, in the form of PHC.

        Raises:
            Locked: too many wait already.
        """
        return await self._in_turn(self._derive, password)

    async def match(self, password: str, kept: str | None) -> bool:
        """Whether it is the one that is kept. Takes as long where none is.

        Raises:
            Locked: too many wait already.
        """
        told = await self._in_turn(self._verify, password, kept or self._nobody)
        return bool(told) and kept is not None

    async def _in_turn(self, work: Callable[..., T], *given: str) -> T:
        if self._waiting >= WAITING:
            raise Locked(BUSY)
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(work, *given)
        finally:
            self._waiting -= 1

    def _derive(self, password: str) -> str:
        made = Argon2id(
            salt=secrets.token_bytes(16),
            length=32,
            iterations=PASSES,
            lanes=LANES,
            memory_cost=self._memory,
        )
        return made.derive_phc_encoded(_bytes(password))

    @staticmethod
    def _verify(password: str, kept: str) -> bool:
        try:
            Argon2id.verify_phc_encoded(_bytes(password), kept)
        except InvalidKey:
            return False
        return True


def _normal(password: str) -> str:
    """The same whichever keyboard it was typed on (NIST SP 800-63B §3.1.1.2: NFKC)."""
    return unicodedata.normalize("NFKC", password)


def _bytes(password: str) -> bytes:
    return _normal(password[: 4 * LONGEST]).encode(errors="surrogatepass")


def _bare(data: bytes) -> str:
    """Base64 without padding, as PHC has it."""
    return b64encode(data).decode().rstrip("=")
