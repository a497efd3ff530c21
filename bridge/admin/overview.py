"""The first page: how many rooms work, which do not and why, and what to do next."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from aiohttp import web

from bridge.admin.pages import Pages
from bridge.admin.routes import page
from bridge.admin.survey import STATES, Counted, Look, Survey
from bridge.admin.words import chosen
from bridge.callers import Caller
from bridge.views.files import File
from bridge.views.house import House
from bridge.views.web import Route

KEPT = 200
"""Pages that are kept while they are good; each takes a few kibibytes."""


class SourceLine(NamedTuple):
    """A calendar source, as far as the caller's rooms are read from it."""

    name: str
    rooms: int
    matters: tuple[str, ...]


class Overview:
    """Makes the first page, at most once a second for each session."""

    def __init__(self, pages: Pages, survey: Survey) -> None:
        self._pages = pages
        self._survey = survey
        self._look: Look | None = None
        self._kept: dict[tuple[Any, ...], File] = {}

    @property
    def routes(self) -> Sequence[Route]:
        """Where people ask for it."""
        return (page("/admin", self.serve, "The overview of all rooms"),)

    async def serve(self, _house: House, caller: Caller, request: web.Request) -> web.Response:
        """The first page."""
        await self._pages.ready()
        look, counted = await self._survey.counted(caller)
        if look is not self._look or len(self._kept) >= KEPT:
            self._look, self._kept = look, {}
        if request.query:  # says what came of a form, or chooses a language
            return self._pages.sent(request, await self._made(request, caller, look, counted))
        key = (caller, chosen(request).lang)
        file = self._kept.get(key)
        if file is None:
            file = await self._made(request, caller, look, counted)
            if look is self._look:
                self._kept[key] = file
        return self._pages.sent(request, file)

    async def _made(
        self, request: web.Request, caller: Caller, look: Look, counted: Counted
    ) -> File:
        return await self._pages.made(
            request,
            caller,
            "overview",
            look=look,
            counted=counted,
            states=[(state, counted.states.get(state, 0)) for state in STATES],
            sources=[
                SourceLine(name, rooms, look.sources.get(name, ()))
                for name, rooms in counted.sources.items()
            ],
            silent=sum(one.silent for one in counted.displays),
            names={one.room.id: one.room.name for one in counted.rooms} if counted.faults else {},
        )
