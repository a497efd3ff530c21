"""Somebody who looks after identities and remembers what was asked."""

from collections.abc import Sequence

from bridge.views.source_shapes import AuthorizationShape, RevocationShape, SourceShape
from tests.fakes.virtual import NOON


class FakeDesk:
    """Knows one source, `m365`."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.begun: AuthorizationShape | None = None

    def sources(self) -> Sequence[SourceShape]:
        """Only that one."""
        return [
            SourceShape(
                name="m365",
                kind="graph",
                state="in_force",
                revoked=None,
                revoked_by=None,
                rooms=1,
                credentials=(),
                health=(),
            )
        ]

    async def authorize(self, name: str, *, actor: str) -> AuthorizationShape:
        """Begun."""
        self._note("authorize", name, actor)
        self.begun = AuthorizationShape(source=name, state="waiting", code="ABC")
        return self.begun

    def authorization(self, name: str) -> AuthorizationShape | None:
        """What was begun."""
        self._note("authorization", name, "")
        return self.begun

    async def revoke(self, name: str, *, actor: str) -> RevocationShape:
        """Revoked."""
        self._note("revoke", name, actor)
        return RevocationShape(
            source=name, revoked=NOON, complete=True, deleted=(), files=(), settings=()
        )

    def _note(self, what: str, name: str, actor: str) -> None:
        if name != "m365":
            raise KeyError(name)
        self.asked.append((what, name, actor))
