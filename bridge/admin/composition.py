"""The pages, put together, and where people ask for them."""

from collections.abc import Callable, Mapping, Sequence

from bridge.admin.acts import Acts
from bridge.admin.changes import ChangesPage
from bridge.admin.displays import DisplaysPage
from bridge.admin.history import RoomHistory
from bridge.admin.overview import Overview
from bridge.admin.pages import Pages
from bridge.admin.room import RoomPage
from bridge.admin.signing import Signing
from bridge.admin.single import SinglePages
from bridge.admin.survey import Survey
from bridge.admin.tree import Tree
from bridge.callers import Scope
from bridge.displays.composition import Displays
from bridge.keeping import Counter
from bridge.oidc.single import SingleSignOn
from bridge.prepared import Prepared
from bridge.views.endpoints import Desk
from bridge.views.faults import Faults
from bridge.views.house import House
from bridge.views.inventory import Keeping
from bridge.views.pairing import Pairs
from bridge.views.web import Handler, Route

_SENT_TO_SIGN_IN = {303: "Nobody is signed in: to /admin/login"}
_NONE = ("unknown_change", "not_undoable", "not_yours", "inventory_unfit", "disk_failing")


class Admin:
    """Everything below `/admin` but for signing in and out itself."""

    def __init__(
        self,
        house: House,
        *,
        desk: Desk,
        pairs: Pairs,
        faults: Faults,
        lists: Callable[[], Mapping[str, str]],
        read: Callable[[str], None],
        keeping: Keeping,
        single: SingleSignOn | None = None,
    ) -> None:
        self.pages = Pages(house)
        """For whoever has pages of their own."""
        self.survey = Survey(house, faults.of, pairs.every)
        self.room = RoomPage(self.pages, house, desk=desk, pairs=pairs, faults=faults, lists=lists)
        self._overview = Overview(self.pages, self.survey)
        self._tree = Tree(self.pages, self.survey, lists)
        self._displays = DisplaysPage(self.pages, pairs)
        self.changes = ChangesPage(self.pages, keeping)
        self._single = SinglePages(self.pages, single)
        self._signing = Signing(self.pages, self._single)
        self._acts = Acts(desk, faults, read)

    @property
    def routes(self) -> Sequence[Route]:
        """The routes of all pages and forms."""
        return (*self._pages_to_read(), *self._forms(), *self._single.routes)

    def _pages_to_read(self) -> Sequence[Route]:
        shown = self._displays.serve
        return (
            _page("/admin", self._overview.serve, "The overview of all rooms"),
            _page("/admin/rooms", self._tree.serve, "All rooms as a tree, to search and filter"),
            _page("/admin/rooms/{room}", self.room.serve, "A room's page", "unknown_room"),
            _page("/admin/displays", shown, "Paired displays, and how one more is paired"),
            _page("/admin/changes", self.changes.serve, "What was changed", *_NONE, scope="rooms"),
            _page(
                "/admin/changes/{change}",
                self.changes.preview,
                "What taking a change back would do",
                *_NONE,
                scope="rooms",
            ),
            _page("/admin/login", self._signing.login, "Where people sign in", scope=None),
            _page(
                "/admin/welcome",
                self._signing.welcome,
                "Where a one-time code becomes a password",
                scope=None,
            ),
        )

    def _forms(self) -> Sequence[Route]:
        acts, room = self._acts, "/admin/rooms/{room}"
        return (
            _form(f"{room}/read", acts.read, "Read the room's calendar now"),
            _form(f"{room}/push", acts.push, "Show a room system its list now"),
            _form(f"{room}/dial", acts.dial, "Have a room system call", scope="write"),
            _form(f"{room}/hangup", acts.hang_up, "End a room system's calls", scope="write"),
            _form(f"{room}/mended", acts.mended, "Clear a reported fault that is mended"),
            _form("/admin/changes/{change}/undo", self.changes.undo, "Take a change back"),
            _form("/admin/displays", self._displays.pair, "Pair a display by its code"),
            _form("/admin/displays/{display}/revoke", self._displays.revoke, "Sign a display out"),
        )


def admin(
    made: Prepared,
    house: House,
    displays: Displays,
    desk: Desk,
    read: Callable[[str], None],
    *,
    single: SingleSignOn,
) -> Admin:
    """The pages of an appliance that runs."""
    pages = Admin(
        house,
        desk=desk,
        pairs=displays.pairing,
        faults=displays.faults,
        lists=lambda: house.lists,
        read=read,
        keeping=Counter(made.keeper),
        single=single,
    )
    pages.room.history = RoomHistory(made.audit, made.keeper).of
    return pages


def _page(
    path: str, serve: Handler, summary: str, *problems: str, scope: Scope | None = "read"
) -> Route:
    return Route(
        method="GET",
        path=path,
        serve=serve,
        scope=scope,
        page=True,
        displays=False,
        summary=summary,
        answer="text/html",
        also=_SENT_TO_SIGN_IN,
        problems=problems,
    )


def _form(path: str, serve: Handler, summary: str, *, scope: Scope = "rooms") -> Route:
    problems = ("unknown_room",) if "{room}" in path else ()
    return Route(
        method="POST",
        path=path,
        serve=serve,
        scope=scope,
        page=True,
        displays=False,
        summary=summary,
        answer="",
        status=303,
        problems=problems,
    )
