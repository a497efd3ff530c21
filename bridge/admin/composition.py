"""The pages, put together, and where people ask for them."""

from collections.abc import Callable, Mapping, Sequence

from bridge.admin.account import AccountPage
from bridge.admin.acts import Acts
from bridge.admin.changes import ChangesPage
from bridge.admin.choosing import Choosing
from bridge.admin.discovery import Deciding, Discovering, DiscoveryPage
from bridge.admin.displays import DisplaysPage
from bridge.admin.editing import Editing
from bridge.admin.history import RoomHistory
from bridge.admin.leaving import Leaving
from bridge.admin.lists import ListsPage
from bridge.admin.looks import Looks
from bridge.admin.overview import Overview
from bridge.admin.pages import Pages
from bridge.admin.people import PeoplePage
from bridge.admin.planning import Planning
from bridge.admin.room import RoomPage
from bridge.admin.signing import Signing
from bridge.admin.single import SinglePages
from bridge.admin.survey import Survey
from bridge.admin.tables import Copying, TablesPage
from bridge.admin.tokens import TokensPage
from bridge.admin.tree import Tree
from bridge.admin.units import Units
from bridge.admin.written import Plans, WrittenPage
from bridge.deciding import Decisions
from bridge.discovery import Discovery
from bridge.displays.composition import Displays
from bridge.keeping import Counter
from bridge.oidc.single import SingleSignOn
from bridge.prepared import Prepared
from bridge.tabling import Tables
from bridge.views.endpoints import Desk
from bridge.views.faults import Faults
from bridge.views.house import House
from bridge.views.inventory import Keeping
from bridge.views.pairing import Pairs
from bridge.views.web import Route


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
        plans: Plans,
        copying: Copying,
        discovering: Discovering,
        deciding: Deciding,
    ) -> None:
        self.pages = Pages(house)
        """For whoever has pages of their own."""
        self.survey = Survey(house, faults.of, pairs.every)
        self.room = RoomPage(self.pages, house, desk=desk, pairs=pairs, faults=faults, lists=lists)
        self._overview = Overview(self.pages, self.survey)
        self._tree = Tree(self.pages, self.survey, lists)
        self._tree.in_files = lambda: keeping.in_files
        self._displays = DisplaysPage(self.pages, pairs)
        self._looks = looks = Looks(house.clock)
        self.planning = Planning(self.pages, keeping, house, looks.drop)
        self._lists = ListsPage(self.pages, self.planning)
        self._choosing = Choosing(self.pages, self.survey, self.planning, lists)
        self._editing = Editing(self.pages, self.planning, house)
        self._leaving = Leaving(self.pages, self.planning, house, pairs.every)
        self._units = Units(self.pages, self.planning, house)
        self.changes = ChangesPage(self.pages, keeping, house)
        self._single = SinglePages(self.pages, single)
        self._signing = Signing(self.pages, self._single)
        self._people = PeoplePage(self.pages)
        self._tokens = TokensPage(self.pages)
        self._account = AccountPage(self.pages)
        self._tables = TablesPage(self.pages, copying, keeping, looks, house)
        self.discovery = DiscoveryPage(self.pages, discovering, deciding, self.planning)
        self._written = WrittenPage(self.pages, plans)
        self._acts = Acts(desk, faults, read)

    async def forget(self) -> None:
        """Nothing that somebody typed or sent, and never applied, is kept for long."""
        self.planning.forget_old()
        self._looks.forget_old()

    @property
    def routes(self) -> Sequence[Route]:
        """The routes of all pages and forms."""
        return (
            *self._overview.routes,
            *self._tree.routes,
            *self._lists.routes,
            *self._choosing.routes,
            *self.planning.routes,
            *self.room.routes,
            *self._editing.routes,
            *self._leaving.routes,
            *self._units.routes,
            *self._acts.routes,
            *self._displays.routes,
            *self._tables.routes,
            *self.discovery.routes,
            *self._written.routes,
            *self.changes.routes,
            *self._people.routes,
            *self._tokens.routes,
            *self._account.routes,
            *self._signing.routes,
            *self._single.routes,
        )


def admin(
    made: Prepared,
    house: House,
    displays: Displays,
    discovery: Discovery,
    read: Callable[[str], None],
    *,
    single: SingleSignOn,
) -> Admin:
    """The pages of an appliance that runs."""
    counter = Counter(made.keeper)
    pages = Admin(
        house,
        desk=displays.desk,
        pairs=displays.pairing,
        faults=displays.faults,
        lists=lambda: house.lists,
        read=read,
        keeping=counter,
        plans=made.keeper,
        copying=Tables(made.keeper, counter),
        discovering=discovery,
        deciding=Decisions(discovery, made.keeper, counter, made.clock),
        single=single,
    )
    pages.room.history = RoomHistory(made.audit, made.keeper).of
    return pages
