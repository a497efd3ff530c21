"""What was changed in the inventory, and how one change is taken back."""

from collections.abc import Sequence

from aiohttp import web

from bridge.admin.history import told_change
from bridge.admin.naming import Names
from bridge.admin.pages import Crumb, Pages, back, form
from bridge.admin.planned import grouped
from bridge.admin.routes import page, posted
from bridge.admin.words import chosen
from bridge.admin.wrong import told
from bridge.callers import Caller
from bridge.views.house import House
from bridge.views.inventory import Keeping
from bridge.views.web import Problem, Route

PATH = "/admin/changes"
SHOWN = 50
"""Changes of one page."""
LONGEST = 15
"""Digits of a change's number."""
_PROBLEMS = ("unknown_change", "not_undoable", "not_yours", "inventory_unfit", "disk_failing")


class ChangesPage:
    """Makes the page of changes, and takes them back once somebody saw what that does."""

    def __init__(self, pages: Pages, keeping: Keeping, house: House) -> None:
        self._pages = pages
        self._house = house
        self.keeping = keeping

    @property
    def routes(self) -> Sequence[Route]:
        """Where people ask for it."""
        one = f"{PATH}/{{change}}"
        undone = "What taking a change back would do"
        return (
            page(PATH, self.serve, "What was changed", *_PROBLEMS, scope="rooms"),
            page(one, self.preview, undone, *_PROBLEMS, scope="rooms"),
            posted(f"{one}/undo", self.undo, "Take a change back"),
        )

    async def serve(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """The page, the newest change first; of others' rooms it tells nothing."""
        await self._pages.ready()
        before = request.query.get("before", "")
        found = await self.keeping.history(_number(before) if before else None, SHOWN, caller)
        words, names = chosen(request), Names(self._house, caller)
        return await self._pages.answer(
            request,
            caller,
            "changes",
            changes=found.changes,
            told=lambda change: told_change(change, words, names),
            older=found.changes[-1].change if len(found.changes) == SHOWN else None,
        )

    async def preview(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """What taking a change back would do; nothing is changed."""
        await self._pages.ready()
        change = _number(request.match_info["change"])
        plan = await self.keeping.undo(change, caller)
        words = chosen(request)
        return await self._pages.answer(
            request,
            caller,
            "undo",
            crumbs=(Crumb(PATH, words("menu.changes")),),
            change=change,
            plan=plan,
            findings=told(plan.findings, words),
            groups=grouped(plan.changes, words, Names(self._house, caller)),
        )

    async def undo(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """Take a change back as it was shown, or say why that cannot be."""
        fields = await form(request)
        try:
            await self.keeping.apply(fields.get("plan", ""), caller)
        except Problem as problem:
            return back(PATH, failed=problem.code)
        return back(PATH, done="undone")


def _number(text: str) -> int:
    """The number of a change.

    Raises:
        Problem: no change has such a number.
    """
    if not (text.isascii() and text.isdecimal() and len(text) <= LONGEST):
        raise Problem(404, "unknown_change")
    return int(text)
