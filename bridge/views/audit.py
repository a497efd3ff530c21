"""The audit log: read, exported and checked."""

import logging
import sqlite3
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import hdrs, web

from bridge.callers import Caller
from bridge.logs import fault
from bridge.views.audit_shapes import (
    AuditEntryShape,
    AuditShape,
    BadEntryShape,
    HeadShape,
    VerificationShape,
)
from bridge.views.house import COMMON, House, encode
from bridge.views.rooms import instant
from bridge.views.web import Problem, Route, answer
from rooms.audit import Audit, Verdict, Wanted
from rooms.chain import Head, Row, head_of

log = logging.getLogger(__name__)

LINES = "application/x-ndjson"
LONGEST, USUAL = 1000, 100
"""Entries of one answer."""
_FILTERS = {
    "actor": "Only what this one did, by the name in the entries",
    "action": "Only this action, or all that begin with it and a dot: `tokens`",
    "object": "Only of this object, or of what is below it: a room, and its bookings",
    "since": "Only entries of this instant (RFC 3339) and later",
}

Verify = Callable[[], Awaitable[Verdict]]
"""Checks the log against what was sent out of it, and tells health."""


class _Answers:
    """What the routes do."""

    def __init__(self, audit: Audit, verify: Verify) -> None:
        self._audit = audit
        self._verify = verify

    async def page(
        self, _house: House, _caller: Caller, request: web.Request
    ) -> web.StreamResponse:
        """Some entries, the newest first."""
        before = _number(request, "before", 2**53) or None
        limit = _number(request, "limit", LONGEST) or USUAL
        page = await self._audit.page(_wanted(request), limit=limit, before=before)
        entries = tuple(map(_shape, page.rows))
        return answer(AuditShape(entries=entries, before=page.before))

    async def export(
        self, house: House, caller: Caller, request: web.Request
    ) -> web.StreamResponse:
        """All entries as JSON lines, the oldest first, as fast as they are taken."""
        wanted = _wanted(request)
        named = 'attachment; filename="audit.jsonl"'
        response = web.StreamResponse(
            headers=COMMON
            | {hdrs.CONTENT_TYPE: LINES, hdrs.CONTENT_DISPOSITION: named}
            | {hdrs.CACHE_CONTROL: "no-store"}
        )
        if request.version >= (1, 1):
            response.enable_chunked_encoding()
        await response.prepare(request)
        if request.method == hdrs.METH_HEAD:
            return response
        try:
            async for rows in self._audit.chunks(wanted):
                await response.write(b"".join(encode(_shape(row)) + b"\n" for row in rows))
                if not house.tokens.holds(caller):  # it may take long: their token may be gone
                    return _broken_off(request, response)
        except sqlite3.Error as error:
            log.error("the audit log cannot be read: %s", fault(error))
            return _broken_off(request, response)
        await response.write_eof()
        return response

    async def head(
        self, _house: House, _caller: Caller, _request: web.Request
    ) -> web.StreamResponse:
        """The last entry."""
        return answer(_head(await self._audit.head()))

    async def verification(
        self, _house: House, _caller: Caller, request: web.Request
    ) -> web.StreamResponse:
        """Check all of it."""
        text = request.query.get("head")
        try:
            known = head_of(text) if text else None
        except ValueError as error:
            raise Problem(400, "bad_query", f"`head` {error}") from error
        verdict = await (self._verify() if known is None else self._audit.verify(known))
        bad = verdict.bad
        shape = VerificationShape(
            ok=bad is None,
            head=_head(verdict.head),
            bad=None if bad is None else BadEntryShape(seq=bad.seq, why=bad.why),
        )
        return answer(shape)


def _broken_off(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Hang up in the middle: whoever reads must not take it for all."""
    if request.transport is not None:
        request.transport.abort()
    return response


def _wanted(request: web.Request) -> Wanted:
    query = request.query
    return Wanted(
        actor=query.get("actor", ""),
        action=query.get("action", ""),
        object=query.get("object", ""),
        since=instant(request, "since"),
    )


def _number(request: web.Request, name: str, most: int) -> int:
    """A parameter that is a number from 1; 0 where it is not there.

    Raises:
        Problem: `bad_query`.
    """
    text = request.query.get(name)
    if text is None:
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) <= 16 and 1 <= int(text) <= most):
        raise Problem(400, "bad_query", f"`{name}` is a number from 1 to {most}")
    return int(text)


def _shape(row: Row) -> AuditEntryShape:
    return AuditEntryShape(**msgspec.structs.asdict(row))


def _head(head: Head) -> HeadShape:
    return HeadShape(seq=head.seq, hash=head.hash, at=head.at)


def routes(audit: Audit, verify: Verify) -> tuple[Route, ...]:
    """The routes of the audit log."""
    answers = _Answers(audit, verify)
    return (
        Route(
            method="GET",
            path="/api/v1/audit",
            serve=answers.page,
            scope="audit",
            displays=False,
            summary="Who did what, the newest first",
            answer=AuditShape,
            query=_FILTERS
            | {
                "before": "Only entries with lower numbers, as the page before this one told it",
                "limit": f"How many, at most {LONGEST}; {USUAL} if not given",
            },
            problems=("bad_query", "bad_time"),
        ),
        Route(
            method="GET",
            path="/api/v1/audit/export",
            serve=answers.export,
            scope="audit",
            displays=False,
            summary="The audit log as JSON lines, the oldest entry first",
            answer=LINES,
            query=_FILTERS,
            problems=("bad_time",),
        ),
        Route(
            method="GET",
            path="/api/v1/audit/head",
            serve=answers.head,
            scope="audit",
            displays=False,
            summary="The last entry of the audit log, whose hash proves all before it",
            answer=HeadShape,
        ),
        Route(
            method="GET",
            path="/api/v1/audit/verification",
            serve=answers.verification,
            scope="audit",
            displays=False,
            summary="Check every entry of the audit log; takes seconds for a million of them",
            answer=VerificationShape,
            query={"head": "SEQ:HASH of an entry that is known from elsewhere"},
            problems=("bad_query",),
        ),
    )
