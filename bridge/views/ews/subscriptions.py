"""What units want to be told of: subscriptions that are pulled, or listened to."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge.readers import Reader
from bridge.views.ews.folders import folder
from bridge.views.ews.markup import Refused, element, message, messages, refusal, tag, text, time
from bridge.views.ews.reading import Element, M, T, children, name, number, shape, words
from bridge.views.ews.shelf import Call, Items, folder_reference
from bridge.views.ews.syncing import snapshot

EACH = 8
"""Subscriptions of one unit: one that starts anew leaves its old ones behind."""
LISTENED = timedelta(minutes=30)
"""How long a streaming subscription lives while nobody listens, as in Exchange."""
EVENTS = frozenset({"CreatedEvent", "ModifiedEvent", "DeletedEvent"})
"""What is told; of others nothing ever happens here."""
_PULL, _STREAMING = "PullSubscriptionRequest", "StreamingSubscriptionRequest"


@dataclass(kw_only=True)
class Subscription:
    """One wish to be told of changes."""

    id: str
    reader: Reader
    pulled: bool
    events: frozenset[str]
    lives: timedelta
    used: datetime
    seen: dict[str, str]
    """Change keys of what it was told of, by id."""
    mark: int = 0
    before: dict[str, str] | None = field(default=None, repr=False)
    """`seen` one answer earlier: an answer that was lost is asked for again."""

    @property
    def watermark(self) -> str:
        """Where it stands, for who pulls."""
        return f"{self.id[:8]}{self.mark:08d}"


class Subscriptions:
    """All subscriptions there are; of a restart nothing is remembered, as in Exchange."""

    def __init__(self) -> None:
        self._known: dict[str, Subscription] = {}
        self._of: dict[str, list[str]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def open(self, subscription: Subscription) -> None:
        """Take a new one; the oldest of its unit gives way."""
        own = self._of.setdefault(subscription.reader.endpoint, [])
        while len(own) >= EACH:
            self._known.pop(own.pop(0), None)
        own.append(subscription.id)
        self._known[subscription.id] = subscription

    def close(self, subscription: Subscription) -> None:
        """End one."""
        self._known.pop(subscription.id, None)
        own = self._of.get(subscription.reader.endpoint, [])
        if subscription.id in own:
            own.remove(subscription.id)

    def of(self, call: Call, id_: str) -> Subscription:
        """One of the caller's own.

        Raises:
            Refused: it has none of that id, or not any more.
        """
        found = self._known.get(id_)
        if found is None or found.reader is not call.reader:
            raise Refused("ErrorSubscriptionNotFound", "The specified subscription was not found.")
        if call.now - found.used > found.lives:
            self.close(found)
            raise Refused("ErrorExpiredSubscription", "The subscription has expired.")
        found.used = call.now
        return found


def subscribe(call: Call, known: Subscriptions) -> bytes:
    """Subscribe: pull or streaming. Push is refused: nothing here calls back (docs/endpoints)."""
    try:
        asked = _wish(call)
    except Refused as refused:
        return messages("Subscribe", refusal("Subscribe", refused))
    pulled = name(asked) == _PULL
    minutes = number(asked, f"{T}Timeout", 30, 1, 1440)
    made = Subscription(
        id=secrets.token_hex(18),
        reader=call.reader,
        pulled=pulled,
        events=EVENTS & {(one.text or "").strip() for one in children(asked, f"{T}EventTypes")},
        lives=timedelta(minutes=minutes) if pulled else LISTENED,
        used=call.now,
        seen=snapshot(call.items.by_id),
    )
    known.open(made)
    told = element("m:SubscriptionId", made.id)
    if pulled:
        told += element("m:Watermark", made.watermark)
    return messages("Subscribe", message("Subscribe", told))


def _wish(call: Call) -> Element:
    """What is wished for.

    Raises:
        Refused: it is not offered.
    """
    asked = next(iter(call.element), None)
    if asked is None or name(asked) not in {_PULL, _STREAMING}:
        call.misses(shape(call.element))
        raise Refused("ErrorInvalidPushSubscriptionUrl", "The push subscription URL is invalid.")
    for one in children(asked, f"{T}FolderIds"):
        folder(call, one)
    return asked


def unsubscribe(call: Call, known: Subscriptions) -> bytes:
    """Unsubscribe."""
    try:
        known.close(known.of(call, words(call.element, f"{M}SubscriptionId")))
    except Refused as refused:
        return messages("Unsubscribe", refusal("Unsubscribe", refused))
    return messages("Unsubscribe", message("Unsubscribe"))


def get_events(call: Call, known: Subscriptions) -> bytes:
    """GetEvents: what changed since the watermark."""
    try:
        one = known.of(call, words(call.element, f"{M}SubscriptionId"))
        told = _pulled(call, one, words(call.element, f"{M}Watermark"))
    except Refused as refused:
        return messages("GetEvents", refusal("GetEvents", refused))
    return messages("GetEvents", message("GetEvents", told))


def _pulled(call: Call, one: Subscription, watermark: str) -> bytes:
    if not one.pulled:
        raise Refused("ErrorInvalidPullSubscriptionId", "The pull subscription ID is invalid.")
    earlier = f"{one.id[:8]}{one.mark - 1:08d}"
    if watermark == earlier and one.before is not None:
        one.seen = one.before
        one.mark -= 1
    elif watermark != one.watermark:
        raise Refused("ErrorInvalidWatermark", "The watermark is invalid.")
    previous = one.watermark
    now = snapshot(call.items.by_id)
    one.before, one.mark = one.seen, one.mark + 1
    mark = element("t:Watermark", one.watermark)
    events = list(changes(one, call.items, call.now, mark))
    one.seen = now
    return tag(
        "m:Notification",
        element("t:SubscriptionId", one.id),
        element("t:PreviousWatermark", previous),
        b"<t:MoreEvents>false</t:MoreEvents>",
        *(events or [tag("t:StatusEvent", mark)]),
    )


def changes(one: Subscription, items: Items, now: datetime, mark: bytes = b"") -> Iterator[bytes]:
    """What is different from what a subscription was told, as events of the kinds it wants."""
    parent = b"<t:ParentFolderId %b/>" % folder_reference("calendar", items.room)
    stamp = mark + tag("t:TimeStamp", time(now))
    for id_, item in items.by_id.items():
        before = one.seen.get(id_)
        kind = "CreatedEvent" if before is None else "ModifiedEvent"
        if before != item.change_key and kind in one.events:
            yield tag(f"t:{kind}", stamp, item.reference, parent)
    if "DeletedEvent" in one.events:
        for id_, key in one.seen.items():
            if id_ not in items.by_id:
                gone = b'<t:ItemId Id="%b" ChangeKey="%b"/>' % (text(id_), text(key))
                yield tag("t:DeletedEvent", stamp, gone, parent)
