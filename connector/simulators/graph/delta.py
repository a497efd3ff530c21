"""`calendarView/delta`: rounds of changes, page by page.

https://learn.microsoft.com/graph/api/event-delta,
https://learn.microsoft.com/graph/delta-query-overview
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import quote
from uuid import UUID

import msgspec
from aiohttp import web
from yarl import URL

from connector.simulators.graph import query, wire
from connector.simulators.graph.call import Call
from connector.simulators.graph.changes import Forgotten
from connector.simulators.graph.differences import Item, Window, differences, everything, named
from connector.simulators.graph.faults import deltas
from connector.simulators.graph.faults.pages import EndlessPages
from connector.simulators.graph.mailbox import Mailbox
from connector.simulators.graph.query import DEFAULT_PAGE, LARGEST_PAGE
from connector.simulators.graph.refusal import Json, Refused

EVENT = "#microsoft.graph.event"
_SKIP, _DELTA = "$skiptoken", "$deltatoken"
_ENDS = {"startdatetime", "enddatetime"}
_FROM_NOTHING = {"", "latest"}
_STUB = ("@odata.etag", "seriesMasterId", "type", "id", "start", "end")


class _Token(msgspec.Struct, frozen=True, array_like=True):
    """How far a client has read; opaque to it, and all that there is of its window."""

    mailbox: bytes
    generation: int
    window: Window
    since: int | None
    """The version that the client knows; None where it knows nothing."""
    until: int
    """The version that this round tells."""
    offset: int = 0
    """Items of the round that were told."""
    turn: int = 0
    """Pages of the round that told nothing new."""


async def delta(request: web.Request) -> web.StreamResponse:
    """One page of a round."""
    call = Call(request, "delta")

    def make() -> Json:
        mailbox = call.mailbox()
        token, first = _begin(call, mailbox)
        _check_series(call, mailbox, token.window)
        return _page(call, mailbox, token, first=first)

    return await call.answer(make)


def _begin(call: Call, mailbox: Mailbox) -> tuple[_Token, bool]:
    """Where the page begins, and whether it is the first of its round."""
    given = {name.lower(): value for name, value in call.request.query.items()}
    _check_options(given)
    visible = _visible(call, mailbox)
    if _SKIP in given:
        return _read(call, given[_SKIP], mailbox), False
    if _DELTA in given and given[_DELTA] not in _FROM_NOTHING:
        read = _read(call, given[_DELTA], mailbox)
        new = msgspec.structs.replace(read, since=read.until, until=max(read.until, visible))
        return new, True
    window, since = query.window(given), visible if given.get(_DELTA) == "latest" else None
    return _Token(mailbox.id.bytes, mailbox.generation, window, since, visible), True


def _visible(call: Call, mailbox: Mailbox) -> int:
    """The version that rounds tell of now: changes become visible after a while."""
    lag = call.struck(deltas.DeltaLag)
    seconds = lag.seconds if lag else 0
    return mailbox.changes.version(call.tenant.now() - timedelta(seconds=seconds))


def _check_options(given: Mapping[str, str]) -> None:
    """Refuse what cannot be asked of changes."""
    tokens = given.keys() & {_SKIP, _DELTA}
    refused = {name for name in given if name.startswith("$")} - tokens
    if tokens and given.get(_DELTA) not in _FROM_NOTHING:
        refused |= given.keys() & _ENDS  # the token has them
    if refused or len(tokens) > 1:
        names = ", ".join(sorted(refused or tokens))
        message = (
            "The following parameters are not supported with change tracking over the "
            f"'CalendarView' resource: '{names}'."
        )
        raise Refused(400, "ErrorInvalidUrlQuery", message)


def _check_series(call: Call, mailbox: Mailbox, window: Window) -> None:
    """Fail over series without end, if that is what goes wrong."""
    trouble = call.struck(deltas.SeriesTrouble)
    if trouble is None or window[1] - window[0] <= timedelta(days=trouble.spared_days):
        return
    patterns = [event.meeting.recurrence for event in mailbox.entries()]
    if any(one and one.until is None and one.count is None for one in patterns):
        raise Refused(trouble.status, "UnknownError", "")


def _page(call: Call, mailbox: Mailbox, token: _Token, *, first: bool) -> Json:
    """A page of a round, and where the next one is or the next round."""
    items = _round(call, mailbox, token)
    blank = call.struck(deltas.EmptyPages)
    page: Json = {"@odata.context": f"{call.origin}/v1.0/$metadata#Collection(event)"}
    if blank and token.offset == 0 and (token.turn if not first else 0) < blank.pages:
        turn = token.turn + 1
        following = msgspec.structs.replace(token, turn=turn)
        return page | {"@odata.nextLink": _link(call, _SKIP, following), "value": []}
    told = items[token.offset : token.offset + _size(call)]
    if endless := call.struck(EndlessPages):
        following = msgspec.structs.replace(token, turn=token.turn + endless.changing)
        link = {"@odata.nextLink": _link(call, _SKIP, following)}
    elif token.offset + len(told) < len(items):
        following = msgspec.structs.replace(token, offset=token.offset + len(told))
        link = {"@odata.nextLink": _link(call, _SKIP, following)}
    else:
        following = msgspec.structs.replace(token, since=token.until, offset=0, turn=0)
        link = {"@odata.deltaLink": _link(call, _DELTA, following)}
    return page | link | {"value": call.spoil([_written(call, mailbox, item) for item in told])}


def _round(call: Call, mailbox: Mailbox, token: _Token) -> list[Item]:
    """All that the round tells, as the faults leave it."""
    immutable = call.preferences.immutable
    try:
        if token.since is None:
            items = everything(mailbox, token.until, token.window)
        else:
            items = differences(
                mailbox, token.since, token.until, token.window, immutable=immutable
            )
        if (muddle := call.struck(deltas.Muddle)) and muddle.replays:
            items += everything(mailbox, token.until, token.window)
    except Forgotten:
        raise _lost(mailbox, mailbox.generation) from None
    if call.struck(deltas.Orphans):
        items = [item for item in items if item.event.kind != "seriesMaster"]
    return items if muddle is None else muddle.mixed(items)


def _size(call: Call) -> int:
    """How many items a page has."""
    overshoot = call.struck(deltas.Overshoot)
    size = min(call.preferences.page or DEFAULT_PAGE, LARGEST_PAGE)
    return size + (overshoot.by if overshoot else 0)


def _written(call: Call, mailbox: Mailbox, item: Item) -> Json:
    """An item in JSON."""
    wanted = call.preferences
    if item.form == "removed":
        event_id = named(item.event, immutable=wanted.immutable)
        return {"@odata.type": EVENT, "id": event_id, "@removed": {"reason": "deleted"}}
    whole = wire.event(item.event, mailbox, wanted)
    if item.form == "stub":
        whole = {name: whole[name] for name in _STUB}
    return {"@odata.type": EVENT} | whole


def _link(call: Call, name: str, token: _Token) -> str:
    """The page after this one, or the next round."""
    text = urlsafe_b64encode(msgspec.msgpack.encode(token)).decode().rstrip("=")
    return str(URL(f"{call.origin}{call.request.rel_url.raw_path}?{name}={text}", encoded=True))


def _read(call: Call, text: str, mailbox: Mailbox) -> _Token:
    """How far a client has read.

    Raises:
        Refused: it is no token, or nobody remembers.
    """
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        token = msgspec.msgpack.decode(raw, type=_Token)
        owner = UUID(bytes=token.mailbox)
    except (ValueError, msgspec.DecodeError) as error:
        message = "Badly formed token."
        raise Refused(400, "ErrorInvalidSyncStateData", message) from error
    if owner != mailbox.id:
        message = "The sync state is that of another folder."
        raise Refused(400, "ErrorInvalidSyncStateData", message)
    if token.generation != mailbox.generation:
        raise _lost(mailbox, token.generation)
    if lost := call.struck(deltas.TokenLost):
        start, end = (quote(moment.isoformat(), safe="") for moment in token.window)
        anew = f"startDateTime={start}&endDateTime={end}&{_DELTA}="
        raise lost.refusal(f"{call.origin}{call.request.rel_url.raw_path}?{anew}")
    return token


def _lost(mailbox: Mailbox, generation: int) -> Refused:
    """The error for a token that leads nowhere any more."""
    message = (
        f"The sync state generation is not found; generation={generation};"
        f"[highest={mailbox.generation}]"
    )
    return Refused(410, "SyncStateNotFound", message)
