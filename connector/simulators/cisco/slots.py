"""HttpFeedback: up to four addresses to which a unit posts what is new."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from connector.simulators.cisco import markup, queries, status, values
from connector.simulators.cisco.markup import Items, Tree

if TYPE_CHECKING:  # a unit keeps its slots itself
    from connector.simulators.cisco.codec import Codec

Format: TypeAlias = Literal["XML", "JSON"]
ROOTS = ("Status", "Event", "Configuration")


@dataclass(slots=True, kw_only=True)
class Slot:
    """One address."""

    url: str
    expressions: tuple[str, ...]
    format: Format = "XML"
    failed: bool = False
    failures: int = 0
    """Posts in a row that were not taken."""

    def wants(self, news: Tree) -> Tree | None:
        """What of some news is to be posted."""
        found: Tree | None = None
        for expression in self.expressions:
            part = queries.branch(queries.select(news, queries.steps(expression)))
            if part is not None:
                found = part if found is None else queries.merge(found, part)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What goes to an address."""

    slot: Slot
    body: str


class Slots:
    """The slots of one unit. Registrations survive a restart."""

    def __init__(self, codec: "Codec") -> None:
        self._codec = codec
        self._slots: dict[int, Slot] = {}
        self._leave: Callable[[], None] | None = None
        self.post: Callable[[Post], None] = lambda _post: None
        """Sends something; whoever serves the unit says how."""

    def all(self) -> dict[int, Slot]:
        """The slots that are in use."""
        return dict(sorted(self._slots.items()))

    def register(self, number: int, slot: Slot) -> None:
        """Use a slot, whatever it was used for."""
        self._slots[number] = slot
        if self._leave is None:
            self._leave = self._codec.news.listen(self._hear)
        self._codec.news.changed()

    def deregister(self, number: int) -> bool:
        """Empty a slot; false where it was empty."""
        found = self._slots.pop(number, None)
        if not self._slots and self._leave is not None:
            self._leave()
            self._leave = None
        self._codec.news.changed()
        return found is not None

    def enable(self, number: int) -> bool:
        """Use a slot again that has failed; false where it is empty."""
        slot = self._slots.get(number)
        if slot is None:
            return False
        slot.failed, slot.failures = False, 0
        self._codec.news.changed()
        return True

    def answered(self, slot: Slot, *, taken: bool) -> None:
        """Count what became of a post; after some that were not taken the slot fails."""
        slot.failures = 0 if taken else slot.failures + 1
        if slot.failures >= self._codec.switches.feedback_failures:
            slot.failed = True
            self._codec.news.changed()

    def _hear(self, news: Tree) -> None:
        for slot in tuple(self._slots.values()):
            found = None if slot.failed else slot.wants(news)
            if found is not None:
                self.post(Post(slot=slot, body=body(self._codec, found, slot.format)))

    def status(self) -> Items:
        """The slots as the status document describes them."""
        return Items({number: _status(slot) for number, slot in self.all().items()})


def _status(slot: Slot) -> Tree:
    expressions = Items({n: {"#": text} for n, text in enumerate(slot.expressions, 1)})
    return {
        "Expression": expressions,
        "Format": slot.format,
        "Status": "Failed" if slot.failed else "OK",
        "URL": slot.url,
    }


def body(codec: "Codec", found: Tree, form: Format) -> str:
    """A document as it is posted: who posts it stands before what is new."""
    root = next(root for root in ROOTS if root in found)
    inner = queries.branch(found[root]) or {}
    said = {"Identification": identification(codec), **inner}
    if form == "JSON":
        return msgspec.json.encode({root: values.wrapped(said)}).decode()
    return markup.document(root, {**status.attributes(codec), **said})


def identification(codec: "Codec") -> dict[str, str]:
    """Who posts. Nobody checks it: a switch gives another serial number."""
    return {
        "SystemName": codec.configuration["SystemUnit/Name"],
        "MACAddress": codec.mac,
        "IPAddress": codec.host,
        "ProductType": "Cisco Codec",
        "ProductID": "Cisco Codec",
        "SWVersion": codec.switches.version_text or codec.version.reported,
        "SerialNumber": codec.switches.posted_serial or codec.serial,
    }
