"""A plan on a page: shown in words, applied once, and compared where somebody was faster."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from bridge.admin.looks import KEPT_FOR
from bridge.admin.planning import Refusal, Way, onto
from bridge.callers import Caller
from bridge.keeping import Counter
from bridge.views.inventory_shapes import PlanOrder, PlanShape, RemarkShape
from rooms.inventory import Edit
from tests.bridge.admin.conftest import person
from tests.bridge.admin.stocked import Stock, filed, made, stock, written

__all__ = ["filed", "made", "stock", "written"]  # fixtures

WAY = Way(next="/admin/rooms/kestrel", back="/admin/rooms?q=kes")
QUERY = "next=%2Fadmin%2Frooms%2Fkestrel&back=%2Fadmin%2Frooms%3Fq%3Dkes"


class Form:
    """A form that wants something, and what it was answered with."""

    def __init__(self, stock: Stock) -> None:
        self.counter = Counter(stock.keeper)
        self.planning = stock.house.admin.planning
        self.refused: Refusal | None = None
        self.order = PlanOrder(rooms={"kestrel": {"floor": "3"}}, why="Moved upstairs")

    async def make(self, caller: Caller) -> PlanShape:
        return await self.counter.plan(self.order, caller)

    async def again(
        self, _request: web.Request, _caller: Caller, refusal: Refusal | None
    ) -> web.Response:
        self.refused = refusal
        return web.Response(status=refusal.status if refusal else 200, text="the form")

    async def sent(self, caller: Caller, way: Way = WAY) -> web.Response:
        request = make_mocked_request("POST", "/admin")
        answer = await self.planning.offered(request, caller, self.make, self.again, way)
        assert isinstance(answer, web.Response)
        return answer


@pytest.fixture
def form(stock: Stock) -> Form:
    return Form(stock)


async def planned(stock: Stock, form: Form) -> str:
    """The address of the plan that a form comes to."""
    assert stock.house.person is not None
    answer = await form.sent(stock.house.person)
    assert answer.status == 303
    return str(answer.headers["Location"])


async def test_a_plan_is_shown_and_applied_only_then(stock: Stock, form: Form) -> None:
    where = await planned(stock, form)
    assert where.endswith(QUERY)
    page = await stock.text(where)
    assert "Moved upstairs" in page
    assert "Kestrel" in page
    assert "<dt>Floor</dt>" in page
    assert 'href="/admin/rooms?q=kes"' in page
    assert stock.document.rooms["kestrel"]["floor"] == "2"
    answer = await stock.send(where)
    assert answer.headers["Location"] == "/admin/rooms/kestrel?done=applied"
    assert stock.document.rooms["kestrel"]["floor"] == "3"
    assert "It is done." in await stock.text(answer.headers["Location"])
    assert "Etage" in await stock.text(f"{await planned_more(stock, form)}&lang=de")


async def planned_more(stock: Stock, form: Form) -> str:
    form.order = PlanOrder(rooms={"kestrel": {"floor": "4"}})
    return await planned(stock, form)


async def test_a_plan_that_was_applied_is_told_where_it_came_from(stock: Stock, form: Form) -> None:
    where = await planned(stock, form)
    await stock.send(where)
    again = await stock.send(where)
    assert again.headers["Location"] == "/admin/rooms?q=kes&failed=unknown_plan"
    answer = await stock.client.get(where, allow_redirects=False)
    assert answer.headers["Location"] == "/admin/rooms?q=kes&failed=unknown_plan"
    assert (await stock.client.get("/admin/plans/nothing")).status == 404


async def test_what_does_not_fit_comes_back_to_its_form(stock: Stock, form: Form) -> None:
    form.order = PlanOrder(rooms={"kestrel": {"capacity": "many", "time_zone": "Nowhere/At_all"}})
    answer = await form.sent(person())
    assert answer.status == 422
    assert form.refused is not None
    (capacity,) = form.refused.of("rooms.kestrel", "capacity")
    assert capacity.severity == "error"
    assert form.refused.of("rooms.kestrel", "time_zone", "floor")
    assert form.refused.of("rooms.wren", "capacity") == []
    form.order = PlanOrder(rooms={"owl": None})
    await form.sent(person())
    assert form.refused.findings[0].words == "There is no room owl any more."


async def test_what_is_not_theirs_is_refused_in_words(stock: Stock, form: Form) -> None:
    form.order = PlanOrder(rooms={"heron": {"floor": "3"}})
    answer = await form.sent(stock.facilities("north"))
    assert answer.status == 403
    assert form.refused == Refusal(
        403, "not_yours", "The room heron is in none of your room lists."
    )


async def test_a_plan_that_changes_nothing_is_none(stock: Stock, form: Form) -> None:
    form.order = PlanOrder(rooms={"kestrel": {"floor": "2"}})
    answer = await form.sent(person())
    assert answer.headers["Location"] == "/admin/rooms/kestrel?done=nothing"


async def test_who_was_slower_sees_both_and_plans_anew(stock: Stock, form: Form) -> None:
    form.order = PlanOrder(rooms={"kestrel": {"floor": "3", "name": "Falcon"}})
    where = await planned(stock, form)
    other = Edit(rooms={"kestrel": {"floor": "7"}})
    await stock.apply(other, person("engineer", name="Bob"))
    answer = await stock.send(where)
    page = await stock.text(answer.headers["Location"], status=412)
    assert "Somebody else was faster" in page
    assert "<strong>Bob</strong>" in page
    for value in (">2</td>", ">7 <strong>(changed)</strong></td>", ">3</td>"):
        assert value in page
    assert stock.document.rooms["kestrel"]["floor"] == "7"
    plan = urlsplit(where).path
    answer = await stock.send(f"{plan}/anew?{QUERY}")
    fresh = answer.headers["Location"]
    page = await stock.text(fresh)
    assert '<del><span class="unseen">before: </span>7</del>' in page
    await stock.send(fresh)
    kestrel = stock.document.rooms["kestrel"]
    assert (kestrel["floor"], kestrel["name"]) == ("3", "Falcon")


async def test_a_room_that_is_gone_meanwhile_is_said_to_be(stock: Stock, form: Form) -> None:
    where = await planned(stock, form)
    await stock.apply(Edit(rooms={"kestrel": None}))
    assert "This is not there any more." in await stock.text(where, status=412)
    await stock.send(f"{urlsplit(where).path}/anew?{QUERY}")
    assert form.refused is not None, "what is left of a wish for one that is gone is no room"


async def test_the_form_is_there_again_for_who_means_something_else(
    stock: Stock, form: Form
) -> None:
    where = await planned(stock, form)
    assert await stock.text(f"{urlsplit(where).path}/form?{QUERY}") == "the form"
    stock.look_as(person(name="Mallory"))
    for path in (where, f"{urlsplit(where).path}/form"):
        answer = await stock.client.get(path, allow_redirects=False)
        assert answer.status in {303, 404}
    assert (await stock.send(f"{urlsplit(where).path}/anew")).status == 404
    await stock.send(where)
    assert stock.document.rooms["kestrel"]["floor"] == "2"


async def test_what_somebody_typed_is_forgotten_once_it_is_done_or_old(
    stock: Stock, form: Form
) -> None:
    wishes = stock.house.admin.planning._wishes
    where = await planned(stock, form)
    await stock.apply(Edit(rooms={"wren": {"floor": "7"}}))
    anew = await stock.send(f"{urlsplit(where).path}/anew?{QUERY}")
    assert len(wishes) == 1, "the plan anew is in the place of the first"
    await stock.send(anew.headers["Location"])
    assert not wishes
    where = await planned_more(stock, form)
    stock.clock.move(KEPT_FOR + timedelta(seconds=1))
    assert (await stock.client.get(f"{urlsplit(where).path}/form?{QUERY}")).status == 404
    await planned_more(stock, form)
    assert len(wishes) == 1
    stock.clock.move(KEPT_FOR + timedelta(seconds=1))
    await stock.house.admin.forget()
    assert not wishes


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/admin",
        "//evil.example/admin",
        "/display",
        "/admin/../x",
        "/admin\\x",
        "",
    ],
)
async def test_nobody_is_led_elsewhere(stock: Stock, form: Form, elsewhere: str) -> None:
    where = await planned(stock, form)
    path = urlsplit(where).path
    answer = await stock.client.get(path, params={"next": elsewhere, "back": elsewhere})
    page = await answer.text()
    assert 'href="http' not in page
    assert 'href="//' not in page
    assert '<a href="/admin">Leave everything' in page
    answer = await stock.client.post(
        path,
        params={"next": elsewhere},
        data={"csrf": "of s1"},
        allow_redirects=False,
    )
    assert answer.headers["Location"] == "/admin?done=applied"


async def test_what_a_removal_means_is_said(stock: Stock, form: Form) -> None:
    form.order = PlanOrder(rooms={"kestrel": None, "wren": {"floor": "1"}})
    page = await stock.text(await planned(stock, form))
    assert "These 2 things would change." in page
    assert "its room systems are shown an empty list once" in page


def test_a_path_gets_more_in_its_query() -> None:
    assert onto("/admin/rooms?q=a+b#top", done="x") == "/admin/rooms?q=a+b&done=x#top"
    assert onto("/admin") == "/admin"
    query = parse_qs(urlsplit(WAY.of_plan("p1", failed="")).query)
    assert query == {"next": [WAY.next], "back": [WAY.back]}


def test_a_finding_belongs_to_its_setting() -> None:
    found = RemarkShape(
        entry="rooms.k", setting="endpoints[0].address", severity="error", words="no"
    )
    refusal = Refusal(422, "inventory_unfit", findings=(found,))
    assert refusal.of("rooms.k", "endpoints") == [found]
    assert refusal.of("rooms.k", "endpoint", "address") == []


async def test_where_files_decide_a_plan_is_shown_and_no_more(filed: Stock) -> None:
    form = Form(filed)
    name = next(iter(filed.house.house.rooms))
    form.order = PlanOrder(rooms={name: {"floor": "3"}})
    where = await planned(filed, form)
    page = await filed.text(where)
    assert "kept in files" in page
    assert '<button class="first">' not in page
    answer = await filed.send(where)
    assert "failed=inventory_in_files" in answer.headers["Location"]
