"""Whether an account has the rights it needs, and no others: a few mailboxes, and a canary."""

from collections.abc import Awaitable, Callable, Sequence

from connector.checkup import Remark, Wanted
from connector.errors import ConnectorError

SAMPLE = 3
"""Mailboxes that must all be refused before the right itself is held to be missing."""
_REFUSED = "access_denied"
_ABSENT = {"not_found", "gone", "mailbox_elsewhere"}

Prove = Callable[[], Awaitable[None]]
Look = Callable[[str], Awaitable[None]]
"""Reads a little of a mailbox, or raises."""


async def examination(prove: Prove, look: Look, wanted: Wanted) -> Sequence[Remark]:
    """What is wrong with an account and its rights."""
    try:
        await prove()
    except ConnectorError as error:
        return [Remark(code="identity_fails", words=str(error), fix=error.fix)]
    remarks = await _missing(look, wanted.mailboxes[:SAMPLE])
    if wanted.canary:
        remarks += await _canary(look, wanted.canary)
    return remarks


async def _missing(look: Look, sample: Sequence[str]) -> list[Remark]:
    """That no mailbox can be read at all."""
    fix = ""
    for mailbox in sample:
        try:
            await look(mailbox)
        except ConnectorError as error:
            if error.reason != _REFUSED:
                return []
            fix = error.fix
        else:
            return []
    return [Remark(code="scope_missing", fix=fix)] if sample else []


async def _canary(look: Look, canary: str) -> list[Remark]:
    """Whether the mailbox that must be refused is refused."""
    try:
        await look(canary)
    except ConnectorError as error:
        if error.reason == _REFUSED:
            return []
        if error.reason in _ABSENT:
            return [Remark(code="canary_absent", words="there is no mailbox mailboxes.canary")]
        return [
            Remark(
                code="canary_unknown",
                words=f"it could not be seen whether the canary is refused: {error}",
                fix=error.fix,
            )
        ]
    return [
        Remark(
            code="over_privileged",
            fix="give ApplicationImpersonation with -CustomRecipientWriteScope for the rooms only:"
            " `roombridge guide exchange` has the cmdlets",
        )
    ]
