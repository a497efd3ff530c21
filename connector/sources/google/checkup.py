"""Whether the account has the rights it needs, and no others: token, canary, a few calendars."""

from collections.abc import Awaitable, Callable, Sequence

from connector.checkup import Remark, Wanted
from connector.errors import ConnectorError

SAMPLE = 3
"""Calendars that must all be refused before sharing itself is held to be missing."""
# Google says "not found" of what is not shared, so as not to tell that it is there.
_REFUSED = {"access_denied", "not_found"}

Token = Callable[[], Awaitable[str]]
Look = Callable[[str], Awaitable[str]]
"""Reads a little of a calendar, or raises; how far it is shared (`accessRole`)."""
_MAY_WRITE = {"writer", "owner"}


async def examination(token: Token, look: Look, wanted: Wanted) -> Sequence[Remark]:
    """What is wrong with an account and its rights."""
    try:
        await token()
    except ConnectorError as error:
        return [Remark(code="identity_fails", words=str(error), fix=error.fix)]
    remarks = await _missing(look, wanted.mailboxes[:SAMPLE], writes=wanted.writes)
    if wanted.canary:
        remarks += await _canary(look, wanted.canary)
    return remarks


async def _missing(look: Look, sample: Sequence[str], *, writes: bool) -> list[Remark]:
    """That no calendar can be read at all, or one that can be is not to be changed."""
    fix = ""
    for mailbox in sample:
        try:
            role = await look(mailbox)
        except ConnectorError as error:
            if error.reason not in _REFUSED:
                return []
            fix = error.fix
        else:
            return [] if role in _MAY_WRITE or not writes else [_read_only()]
    return [Remark(code="scope_missing", fix=fix)] if sample else []


def _read_only() -> Remark:
    return Remark(
        code="scope_missing",
        words="a calendar may be read and not changed, and this configuration has `writes`",
        fix="share the rooms' calendars with the account so that it may Make changes to events",
    )


async def _canary(look: Look, canary: str) -> list[Remark]:
    """Whether the calendar that must be refused is refused."""
    try:
        await look(canary)
    except ConnectorError as error:
        if error.reason in _REFUSED:
            return []
        return [
            Remark(
                code="canary_unknown",
                words=f"it could not be seen whether the canary is refused: {error}",
                fix=error.fix,
            )
        ]
    return [Remark(code="over_privileged")]
