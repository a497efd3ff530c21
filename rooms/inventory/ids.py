"""Ids made from the names that people use. Pure."""

import re
import unicodedata

ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""What an id of a room, a list or an endpoint is made of."""
LONGEST = 63
"""Characters of an id."""


def slug(*texts: str) -> str:
    """The first text that makes an id.

    Raises:
        ValueError: none of them does.
    """
    for text in texts:
        plain = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
        made = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST].strip("-")
        if ID.fullmatch(made):
            return made
    raise ValueError(texts)


def unused(wanted: str, taken: set[str], last: dict[str, int] | None = None) -> str:
    """An id that nobody has; it is taken from now on.

    `last` keeps which number each id had last, for whoever makes thousands.
    """
    made, number = wanted, 1 if last is None else last.get(wanted, 1)
    while made in taken:
        number += 1
        end = f"-{number}"
        made = wanted[: LONGEST - len(end)].rstrip("-") + end
    taken.add(made)
    if last is not None:
        last[wanted] = number
    return made
