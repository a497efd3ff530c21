"""Whether an identity has the rights it needs, and no others: token, canary, a few mailboxes."""

from collections.abc import Awaitable, Callable, Iterator, Sequence

from connector.checkup import Remark, Wanted
from connector.errors import ConnectorError
from connector.sources.graph.claims import Claims, claims
from connector.sources.graph.rights import may_read, may_write, role_remarks

SAMPLE = 3
"""Mailboxes that must all be refused before the right itself is held to be missing."""
_REFUSED = "access_denied"
_ABSENT = {"not_found", "gone", "mailbox_elsewhere"}

Token = Callable[[], Awaitable[str]]
Look = Callable[[str], Awaitable[object]]
"""Reads a little of a mailbox, or raises."""


async def examination(token: Token, look: Look, wanted: Wanted) -> Sequence[Remark]:
    """What is wrong with an identity and its rights."""
    try:
        text = await token()
    except ConnectorError as error:
        return [Remark(code="identity_fails", words=str(error), fix=error.fix)]
    found = claims(text)
    remarks = list(_roles(found, wanted)) if found else []
    remarks += await _missing(look, found, wanted.mailboxes)
    if wanted.canary:
        remarks += await _canary(look, wanted.canary)
    return remarks


async def writers_examination(token: Token, look: Look, wanted: Wanted) -> Sequence[Remark]:
    """What is wrong with the identity that writes.

    Whether Exchange lets it write shows in nothing but a write: what shows is that it may not even
    read, and a token whose right from Entra is to read only.
    """
    try:
        text = await token()
    except ConnectorError as error:
        return [Remark(code="writer_fails", words=str(error), fix=error.fix)]
    found = claims(text)
    remarks = list(_roles(found, wanted)) if found else []
    if found and may_read(found) and not may_write(found):
        remarks.append(Remark(code="writer_reads_only"))
    if any(one.code == "scope_missing" for one in await _missing(look, found, wanted.mailboxes)):
        remarks.append(Remark(code="writer_refused"))
    return remarks


def _roles(found: Claims, wanted: Wanted) -> Iterator[Remark]:
    return role_remarks(found, writes=wanted.writes, presence=wanted.presence)


async def _missing(look: Look, found: Claims | None, sample: Sequence[str]) -> list[Remark]:
    """That no mailbox can be read at all, and nothing in the token would allow it."""
    if not sample or (found is not None and may_read(found)):
        return []
    for mailbox in sample[:SAMPLE]:
        try:
            await look(mailbox)
        except ConnectorError as error:
            if error.reason != _REFUSED:
                return []
        else:
            return []
    return [Remark(code="scope_missing")]


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
    return [Remark(code="over_privileged")]
