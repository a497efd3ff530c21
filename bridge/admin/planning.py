"""From a form to a change: what it would do is shown first, then applied, or looked at again.

A page that changes the inventory does not change it. Its form's handler answers with

    way = Way(next="/admin/rooms/kestrel", back="/admin/rooms/kestrel")
    return await self._planning.offered(request, caller, make, again, way)

where

- `make(caller)` plans, by `keeping.plan(order, caller)` or `keeping.change(...)`. It is called once
  more when somebody else was faster, so it must say what is to change, and must not depend on what
  stood there before.
- `again(request, caller, refusal)` answers with the form as it was filled in: with what is wrong
  (status `refusal.status`, findings beside their fields by `refusal.of(entry, setting)`), or with
  None for who looked at the plan and wants something else. It may be called for a request of
  another path, and so has what it needs from where it was made. The macros in `forms.html` draw
  the findings.
- `way` has the pages to go to: `next` once it is done (with `done=applied` in its query), `back`
  for who leaves everything as it is. Only pages below `/admin` are gone to.

What fits is answered with 303 to the plan, what changes nothing with 303 to `way.next` and
`done=nothing`, everything else by `again`. `make` and `again` are kept until the plan is applied,
for half an hour at most: a form may hold a password. Where files decide (`keeping.in_files`) a plan
can be looked at but not applied; pages show words in place of forms there.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from aiohttp import web

from bridge.admin.looks import KEPT_FOR
from bridge.admin.naming import Names
from bridge.admin.pages import Pages, back
from bridge.admin.planned import grouped, meanwhile
from bridge.admin.routes import page, posted
from bridge.admin.words import Words, chosen
from bridge.admin.wrong import said, told
from bridge.callers import Caller
from bridge.keeping import Unfitting
from bridge.views.house import House
from bridge.views.inventory import Keeping
from bridge.views.inventory_shapes import PlanShape, RemarkShape
from bridge.views.sessions import onward
from bridge.views.web import Problem, Route

PATH = "/admin/plans"
REMEMBERED = 100
"""Forms that are kept for who looks at their plans, and not for long; the keeper has as many."""


class Way(NamedTuple):
    """Where somebody goes from a plan: paths of ours, with their queries."""

    next: str
    """Once it is applied."""
    back: str
    """Without applying it."""

    @classmethod
    def of(cls, request: web.Request) -> "Way":
        """As the address of a plan has it; a page elsewhere is never gone to."""
        return cls(*(onward(request.query.get(name, "")) for name in cls._fields))

    def of_plan(self, plan: str, step: str = "", **query: str) -> str:
        """The address of a plan that leads this way."""
        found = {name: value for name, value in query.items() if value}
        return f"{PATH}/{plan}{step}?{urlencode(found | self._asdict())}"


class Refusal(NamedTuple):
    """Why there is no plan to look at."""

    status: int
    code: str
    words: str = ""
    """More about it, in English; empty where the findings say it all."""
    findings: tuple[RemarkShape, ...] = ()
    lang: str = "en"
    """In which `words` are."""

    def told(self, words: Words) -> "Refusal":
        """The same in the language of who reads it, as far as that is known."""
        sentence, lang = said(self.words, words)
        return self._replace(words=sentence, findings=told(self.findings, words), lang=lang)

    def of(self, entry: str, *settings: str) -> list[RemarkShape]:
        """What is wrong with a setting, or with parts of it: `of("rooms.kestrel", "capacity")`.

        The empty setting is any of them.
        """
        return [
            one
            for one in self.findings
            if one.entry == entry and any(_within(one.setting, name) for name in settings)
        ]

    def beside(
        self, entry: str, fields: Mapping[str, Sequence[str]]
    ) -> Mapping[str, list[RemarkShape]]:
        """What is wrong by the fields of a form, each with its settings; the rest under `""`.

        What would belong to several fields stands beside the first of them.
        """
        left, found = list(self.findings), {}
        for name, settings in fields.items():
            found[name] = Refusal(0, "", "", tuple(left)).of(entry, *settings)
            left = [one for one in left if one not in found[name]]
        return {**found, "": left}


Make = Callable[[Caller], Awaitable[PlanShape]]
Again = Callable[[web.Request, Caller, Refusal | None], Awaitable[web.Response]]


class _Wish(NamedTuple):
    """What somebody wants; a form of it may hold a password."""

    make: Make
    again: Again
    made: datetime


class Planning:
    """Shows plans, and applies them."""

    def __init__(
        self, pages: Pages, keeping: Keeping, house: House, applied: Callable[[str], None]
    ) -> None:
        self._pages = pages
        self._house = house
        self.keeping = keeping
        self._applied = applied
        """Told of each plan that was applied here."""
        self._wishes: dict[str, _Wish] = {}

    @property
    def routes(self) -> Sequence[Route]:
        """Where people ask for it."""
        one, unknown = f"{PATH}/{{plan}}", "unknown_plan"
        form = self.filled_in
        return (
            page(one, self.serve, "What a plan would change", unknown, scope="rooms"),
            page(f"{one}/form", form, "The form that a plan came from", unknown, scope="rooms"),
            posted(one, self.apply, "Make a plan true"),
            posted(f"{one}/anew", self.anew, "Plan the same again, on what stands now", unknown),
        )

    async def offered(
        self, request: web.Request, caller: Caller, make: Make, again: Again, way: Way
    ) -> web.Response:
        """What a form comes to: its plan to be looked at, or the form with what is wrong."""
        plan = await judged(make, caller)
        if isinstance(plan, Refusal):
            await self._pages.ready()
            return await again(request, caller, plan.told(chosen(request)))
        if not plan.changes:
            return back(onto(way.next, done="nothing"))
        self.forget_old()
        while len(self._wishes) >= REMEMBERED:
            del self._wishes[next(iter(self._wishes))]
        self._wishes[plan.id] = _Wish(make, again, self._house.clock.now())
        return back(way.of_plan(plan.id))

    def forget_old(self) -> None:
        """No form is kept for longer; somebody asks for this again and again."""
        oldest = self._house.clock.now() - KEPT_FOR
        for plan in [plan for plan, wish in self._wishes.items() if wish.made < oldest]:
            del self._wishes[plan]

    async def serve(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """A plan in words; where the inventory is another by now, what stands there instead."""
        await self._pages.ready()
        way = Way.of(request)
        try:
            plan = await self.keeping.planned(request.match_info["plan"], caller)
        except Problem as problem:
            if "back" not in request.query:
                raise
            return back(onto(way.back, failed=problem.code))
        words, names = chosen(request), Names(self._house, caller)
        late = plan.base != await self.keeping.version()
        return await self._pages.answer(
            request,
            caller,
            "conflict" if late else "plan",
            status=412 if late else 200,
            plan=plan,
            findings=told(plan.findings, words),
            groups=grouped(plan.changes, words, names),
            meanwhile=await meanwhile(self.keeping, plan, words, names) if late else None,
            remembered=plan.id in self._wishes,
            in_files=self.keeping.in_files,
            way=way,
        )

    async def apply(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """Make a plan true as it was shown, or say why that cannot be."""
        way, plan = Way.of(request), request.match_info["plan"]
        try:
            await self.keeping.apply(plan, caller)
        except Problem as problem:
            if problem.code == "unknown_plan":
                return back(onto(way.back, failed=problem.code))
            return back(way.of_plan(plan, failed=problem.code))
        self._wishes.pop(plan, None)
        self._applied(plan)
        return back(onto(way.next, done="applied"))

    async def anew(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """The same wish, planned on what stands now."""
        wish, way = await self._wish(caller, request), Way.of(request)
        answer = await self.offered(request, caller, wish.make, wish.again, way)
        if answer.status == HTTPStatus.SEE_OTHER:  # another plan has taken its place
            self._wishes.pop(request.match_info["plan"], None)
        return answer

    async def filled_in(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """The form as it was filled in, for who saw that something else is meant."""
        wish = await self._wish(caller, request)
        return await wish.again(request, caller, None)

    async def _wish(self, caller: Caller, request: web.Request) -> _Wish:
        """What somebody wanted.

        Raises:
            Problem: it was somebody else, or too long ago.
        """
        plan = request.match_info["plan"]
        await self.keeping.planned(plan, caller)
        self.forget_old()
        wish = self._wishes.get(plan)
        if wish is None:
            raise Problem(404, "unknown_plan")
        return wish


async def judged(make: Make, caller: Caller) -> PlanShape | Refusal:
    """A plan that fits, or why there is none."""
    try:
        plan = await make(caller)
    except Unfitting as problem:
        return Refusal(problem.status, problem.code, "", problem.findings)
    except Problem as problem:
        return Refusal(problem.status, problem.code, problem.detail)
    return plan if plan.fits else Refusal(422, "inventory_unfit", "", plan.findings)


def onto(path: str, **query: str) -> str:
    """A path of ours with more in its query."""
    parts = urlsplit(path)
    found: Mapping[str, str] = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **query}
    anchor = f"#{parts.fragment}" if parts.fragment else ""
    return f"{parts.path}?{urlencode(found)}{anchor}" if found else path


def _within(setting: str, name: str) -> bool:
    """Whether a finding is about a setting or about a part of it, as `endpoints[0].address`."""
    return not name or setting == name or setting.startswith((f"{name}.", f"{name}["))
