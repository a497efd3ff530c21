"""Documents as JSON, in the two forms of units: plain values, or each as `{"Value": …}`."""

from typing import Any

from connector.simulators.cisco.markup import Items
from connector.simulators.cisco.queries import Node

WHOLE = {
    *("CallId", "CallRate", "ConferenceId", "Duration", "EndTimeBuffer", "FeedbackSlot"),
    *("MaximumMeetingExtension", "MinuteOffset", "MinutesFreed", "NumberOfActiveCalls"),
    *("ReceiveCallRate", "ScheduledDuration", "Seconds", "StartTimeBuffer", "TotalRows"),
    *("TransmitCallRate", "Uptime", "Volume", "id"),
}
"""What the published schemas call a whole number: over the WebSocket it comes as one."""


def plain(node: Node, name: str = "", *, numbers: bool = True) -> Any:
    """A document as the WebSocket gives it; numbered branches are a list, each with its `id`."""
    if isinstance(node, str):
        whole = numbers and name in WHOLE and node.isascii() and node.isdigit()
        return int(node) if whole else node
    if isinstance(node, Items):
        return [
            {"id": number if numbers else str(number), **plain(item, numbers=numbers)}
            for number, item in node.items()
        ]
    return {_bare(key): plain(child, _bare(key), numbers=numbers) for key, child in node.items()}


def wrapped(node: Node) -> Any:
    """A document as the terminal gives it: every value in an object, every attribute bare."""
    if isinstance(node, str):
        return {"Value": node}
    if isinstance(node, Items):
        return [
            {"id": str(number), "maxOccurrence": "n", **wrapped(item)}
            for number, item in node.items()
        ]
    return {
        _bare(key): child if key.startswith(("@", "#")) else wrapped(child)
        for key, child in node.items()
    }


def text(value: Any) -> str:
    """A parameter that came as JSON, as units write it."""
    if isinstance(value, bool):
        return "True" if value else "False"
    return str(value)


def _bare(key: str) -> str:
    """The name of an attribute or of a text."""
    return "Value" if key == "#" else key.removeprefix("@")
