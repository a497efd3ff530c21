"""What may be granted to people and services, in words, and how forms say which of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

import msgspec
from aiohttp import web

from bridge.admin.tree import natural
from bridge.admin.words import Words
from bridge.people.accounts import LIMITED, Account
from bridge.views.house import House
from bridge.views.web import Problem

T = TypeVar("T", bound=msgspec.Struct)

Wrong = Mapping[str, str]
"""What is wrong with each field of a form, in words; what is wrong with all of it under ``""``."""
LONGEST = 1000
"""Characters of what a field says."""
_FIELD = re.compile(r"(?:`\$\.|required field `)(\w+)")
_FIELDS = {
    "name_taken": "name",
    "unknown_list": "lists",
    "lists_not_for_role": "lists",
    "wrong_password": "password",
    "password_too_short": "new",
    "password_too_long": "new",
    "password_too_common": "new",
    "password_is_name": "new",
}
"""Beside which field a refusal is told; the others stand above the form."""


class Unfilled(Exception):
    """A field of a form cannot be what it says."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True)
class Filled:
    """A form as somebody filled it in."""

    single: Mapping[str, str]
    several: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    wrong: Wrong = field(default_factory=dict)
    status: int = 200
    """What the form is answered with, where it is shown."""

    @classmethod
    async def of(cls, request: web.Request, *several: str) -> "Filled":
        """What was sent; of fields that may be chosen more than once, all."""
        sent = await request.post()
        texts = {name: [one for one in sent.getall(name) if isinstance(one, str)] for name in sent}
        return cls(
            {name: found[-1].strip()[:LONGEST] for name, found in texts.items() if found},
            {name: tuple(dict.fromkeys(texts.get(name, ()))) for name in several},
        )

    def text(self, name: str) -> str:
        """One field; empty where it was not sent."""
        return self.single.get(name, "")

    def __getitem__(self, name: str) -> str | tuple[str, ...]:
        """A field of either kind, for templates."""
        return self.several[name] if name in self.several else self.text(name)

    def order(self, kind: type[T], **more: object) -> T:
        """What is asked for.

        Raises:
            Unfilled: a field cannot be so.
        """
        names = [one.name for one in msgspec.structs.fields(kind) if one.name not in more]
        given = {name: self[name] for name in names if name in self.single or name in self.several}
        try:
            return msgspec.convert({**given, **more}, kind)
        except msgspec.ValidationError as error:
            found = _FIELD.search(str(error))
            raise Unfilled(found[1] if found else "") from error

    def refused(self, error: Problem | Unfilled, words: Words, of: str = "") -> "Filled":
        """The same, with what is wrong beside its field or above all; `of` what the form is."""
        if isinstance(error, Unfilled):
            key = f"amiss.{of}{error.field}"
            said = words(key if words.has(key) else "problems.bad_body")
            return replace(self, wrong={error.field: said}, status=422)
        # 403 is about who asks, not about what they typed.
        status = 422 if error.code == "wrong_password" else error.status
        wrong = {_FIELDS.get(error.code, ""): words.problem(error.code)}
        return replace(self, wrong=wrong, status=status)


def lists_of(house: House) -> list[tuple[str, str]]:
    """All room lists, and what people call them."""
    found = ((id_, name or id_) for id_, name in house.lists.items())
    return sorted(found, key=lambda one: natural(one[1]))


def rooms_of(account: Account, house: House, words: Words) -> str:
    """For which rooms somebody is, in words."""
    if account.lists:
        return ", ".join(house.lists.get(one) or one for one in account.lists)
    return words("standing.all_rooms" if account.within is None else "standing.no_rooms")


OF_LISTS = tuple(sorted(LIMITED))
"""Roles that may be for some room lists."""
