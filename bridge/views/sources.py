"""Identities of calendar sources, for the command line."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from aiohttp import web

from bridge.callers import Caller
from bridge.views.house import House
from bridge.views.source_shapes import (
    AuthorizationShape,
    RevocationShape,
    SourceShape,
    SourcesShape,
)
from bridge.views.web import Problem, Route, answer


class Desk(Protocol):
    """Who looks after identities. A name that is no source's is a KeyError."""

    def sources(self) -> Sequence[SourceShape]:
        """All sources."""

    async def authorize(self, name: str, *, actor: str) -> AuthorizationShape:
        """Begin to sign in, in place of a sign-in that waits."""

    def authorization(self, name: str) -> AuthorizationShape | None:
        """How the last sign-in stands; None where there was none."""

    async def revoke(self, name: str, *, actor: str) -> RevocationShape:
        """Stop reading at once, and delete what the appliance holds of its secrets."""


class _Answers:
    """What the routes do at the desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def every(
        self, _house: House, _caller: Caller, _request: web.Request
    ) -> web.StreamResponse:
        """All sources."""
        return answer(SourcesShape(sources=tuple(self._desk.sources())))

    async def authorize(
        self, _house: House, caller: Caller, request: web.Request
    ) -> web.StreamResponse:
        """Begin to sign in."""
        with _known():
            name = request.match_info["source"]
            begun = await self._desk.authorize(name, actor=caller.name)
        return answer(begun, status=201)

    async def standing(
        self, _house: House, _caller: Caller, request: web.Request
    ) -> web.StreamResponse:
        """How that stands."""
        with _known():
            known = self._desk.authorization(request.match_info["source"])
        if known is None:
            raise Problem(404, "not_found", "nobody began to sign in for this source")
        return answer(known)

    async def revoke(
        self, _house: House, caller: Caller, request: web.Request
    ) -> web.StreamResponse:
        """Take it all away."""
        with _known():
            done = await self._desk.revoke(request.match_info["source"], actor=caller.name)
        return answer(done)


@contextmanager
def _known() -> Iterator[None]:
    """A name that is no source's is told in our words."""
    try:
        yield
    except KeyError as error:
        raise Problem(404, "unknown_source") from error


def routes(desk: Desk) -> tuple[Route, ...]:
    """The routes of identities."""
    answers = _Answers(desk)
    return (
        Route(
            method="GET",
            path="/api/v1/sources",
            serve=answers.every,
            scope="control",
            summary="All calendar sources and their credentials, without the secrets",
            answer=SourcesShape,
        ),
        Route(
            method="POST",
            path="/api/v1/sources/{source}/authorize",
            serve=answers.authorize,
            scope="control",
            summary="Sign in for a source; where a person must, begin and tell where",
            answer=AuthorizationShape,
            status=201,
            problems=("unknown_source",),
        ),
        Route(
            method="GET",
            path="/api/v1/sources/{source}/authorize",
            serve=answers.standing,
            scope="control",
            summary="How the last sign-in for a source stands",
            answer=AuthorizationShape,
            problems=("unknown_source", "not_found"),
        ),
        Route(
            method="POST",
            path="/api/v1/sources/{source}/revoke",
            serve=answers.revoke,
            scope="control",
            summary="Stop reading a source and delete its secrets, at once",
            answer=RevocationShape,
            problems=("unknown_source",),
        ),
    )
