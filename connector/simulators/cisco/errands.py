"""Something that a unit posts by itself."""

from collections.abc import Callable
from dataclasses import dataclass, field


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One post: where to, what, and who hears what became of it."""

    url: str
    body: str
    content_type: str = "text/xml"
    headers: dict[str, str] = field(default_factory=dict)
    verify: bool = True
    """Whether the certificate at the other side must be good."""
    done: Callable[[int, bytes], None]
    """Gets the status, 0 for no answer, and the body."""
    wanted: Callable[[], bool] = _always
    """Asked before it is sent: whether it still should be."""
