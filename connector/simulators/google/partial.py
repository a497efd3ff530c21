"""Partial answers: the parameter `fields`, such as `items(id,start),nextPageToken`.

https://developers.google.com/workspace/calendar/api/guides/performance#partial-response
"""

from typing import Any

from connector.simulators.google.refusal import invalid

Mask = dict[str, "Mask"]
"""The properties that are wanted; an empty mask is everything."""


def mask(text: str) -> Mask:
    """What `fields` asks for.

    Raises:
        Refused: the brackets do not match.
    """
    root: Mask = {}
    stack = [root]
    here: Mask | None = None
    path: list[str] = [""]

    def close() -> Mask:
        place = stack[-1]
        for name in "".join(path).split("/"):
            if name:
                place = place.setdefault(name, {})
        path.clear()
        return place

    for letter in text:
        if letter == "(":
            here = close()
            stack.append(here)
        elif letter == ")":
            close()
            if len(stack) == 1:
                raise invalid("Invalid field selection", "invalidParameter")
            stack.pop()
        elif letter == ",":
            close()
        else:
            path.append(letter)
    close()
    if len(stack) != 1:
        raise invalid("Invalid field selection", "invalidParameter")
    return root


def part(value: Any, wanted: Mask) -> Any:
    """The properties of an answer that are wanted."""
    if not wanted or "*" in wanted:
        return value
    if isinstance(value, list):
        return [part(one, wanted) for one in value]
    if isinstance(value, dict):
        return {key: part(one, wanted[key]) for key, one in value.items() if key in wanted}
    return value
