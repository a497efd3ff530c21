"""What units post to the bridge's hook: feedback, and the calls of the TMS manner."""

from connector.endpoints.cisco.carrier import LIMIT
from connector.endpoints.cisco.documents import Document, element, json, text, xml
from connector.errors import Malformed
from connector.watching import Call as Post


def read(post: Post) -> Document:
    """A post as a document, whether it came as XML or as JSON.

    Raises:
        Malformed: it is neither, or too large.
    """
    if len(post.body) > LIMIT:
        raise Malformed("the post is too large", reason="too_large")
    if post.body.lstrip()[:1] != b"{":
        return xml(post.body)
    said = json(post.body)
    if isinstance(said, dict):
        for name in ("Event", "Status"):
            if name in said:
                return element(name, said[name])
    raise Malformed("the post is no feedback", reason="not_json")


def serial(document: Document) -> str:
    """The serial number that a post names; anybody can write one."""
    return text(document, "Identification/SerialNumber")
