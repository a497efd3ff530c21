"""What is wrong with a form while somebody types: the same that its plan would say."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from aiohttp import web

from bridge.admin.fields import REST
from bridge.admin.planning import Make, Refusal, judged
from bridge.admin.words import chosen
from bridge.callers import Caller
from bridge.views.house import JSON, encode
from bridge.views.inventory_shapes import RemarkShape

CHECK = "check"
"""In the query of a form's address: nothing is to be changed, only judged."""
Fields = Mapping[str, Sequence[str]]
"""The settings that each field of a form stands for; what is wrong is told beside it."""


class Said(msgspec.Struct, frozen=True):
    """One thing to be said beside a field."""

    words: str
    severity: Literal["error", "warning"]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a form would come to."""

    fits: bool
    words: str
    """Why not, where no field is to blame."""
    fields: Mapping[str, Sequence[Said]]
    """What is wrong, by field; under the empty name what belongs to none."""


async def checked(
    request: web.Request, caller: Caller, make: Make, entry: str, fields: Fields
) -> web.Response:
    """Whether what `make` plans would fit; `entry` is the one that the form is about."""
    plan, lang = await judged(make, caller), chosen(request)
    if isinstance(plan, Refusal):
        refusal = plan.told(lang)
        words = " ".join(one for one in (lang.problem(plan.code), refusal.words) if one)
    else:
        refusal, words = Refusal(200, "", "", plan.findings).told(lang), ""
    found = {
        name: [Said(_said(one, name), one.severity) for one in some]
        for name, some in refusal.beside(entry, fields).items()
        if some
    }
    told = Checked(fits=not isinstance(plan, Refusal), words=words, fields=found)
    return web.Response(body=encode(told), headers=JSON | {"Cache-Control": "no-store"})


def _said(one: RemarkShape, field: str) -> str:
    """What is wrong, and what to do about it; of a field with many settings, with which."""
    words = f"{one.words} ({one.hint})" if one.hint else one.words
    named = field == REST and one.setting not in {"", REST}
    return f"{one.setting}: {words}" if named else words
