"""Tables that come and go by the page: each row told, nothing changed before somebody decides."""

import csv
import io
import re
from datetime import timedelta

import pytest
from aiohttp import FormData

from bridge.admin.looks import KEPT_FOR
from bridge.views.inventory import LARGE
from rooms.inventory import Edit
from tests.bridge.admin.conftest import PROOF, person
from tests.bridge.admin.stocked import Stock, filed, made, stock, written
from tests.bridge.test_settings import ROOM

__all__ = ["filed", "made", "stock", "written"]  # fixtures
PATH = "/admin/tables"
HEAD = "Room name,E-mail,Time zone,Building,Floor,Seats,Room list\r\n"
OWL = "Owl,owl@example.com,Europe/London,Mill,1,6,North wing\r\n"
KNOWN = "Kestrel,kestrel@example.com,,,,9,\r\nWren,wren@example.com,,,,4,\r\n"
BAD = "Bat,bat,Europe/London,Mill,1,many,\r\n"


async def sent(stock: Stock, data: str | bytes = b"", **fields: str) -> str:
    """Where a table that was sent leads to."""
    form = FormData()
    for name, value in fields.items():
        form.add_field(name, value)
    if data:
        content = data if isinstance(data, bytes) else data.encode()
        form.add_field("file", content, filename="rooms.csv", content_type="text/csv")
    else:
        form.add_field("file", b"", filename="", content_type="application/octet-stream")
    headers = {"X-CSRF-Token": PROOF["csrf"]}
    answer = await stock.client.post(PATH, data=form, headers=headers, allow_redirects=False)
    assert answer.status == 303, await answer.text()
    return str(answer.headers["Location"])


async def applied(stock: Stock, page: str) -> str:
    """The table of a page is applied; where that leads to."""
    (action,) = re.findall(r'action="(/admin/plans/[^"]+)"', page)
    answer = await stock.send(action.replace("&amp;", "&"))
    assert answer.status == 303
    return str(answer.headers["Location"])


def numbers(page: str) -> dict[str, int]:
    """How many rows there are of each kind."""
    found = re.findall(r'<span class="number">(\d+)</span> <span class="name">([^<]+)<', page)
    return {name: int(number) for number, name in found}


async def test_each_row_is_told_and_then_applied(stock: Stock) -> None:
    where = await sent(stock, HEAD + OWL + KNOWN, why="from the estate office")
    page = await stock.text(where + "?show=all")
    assert numbers(page) == {"Wrong": 0, "New": 1, "Changed": 1, "As it is": 1}
    assert "Row 2 <span" in page
    assert "Every row is fine" in page
    assert "rooms.csv" in page
    assert "owl" not in stock.document.rooms
    assert "done=applied" in await applied(stock, page)
    assert stock.document.rooms["owl"]["building"] == "Mill"
    assert stock.document.rooms["kestrel"]["capacity"] == "9"
    assert "from the estate office" in await stock.text("/admin/changes")
    answer = await stock.client.get(where, allow_redirects=False)
    assert answer.headers["Location"] == f"{PATH}?failed=unknown_table", "it is not kept"
    page = await stock.text(await sent(stock, HEAD + OWL + KNOWN))
    assert "Everything is so already" in page


async def test_a_wrong_row_keeps_all_back_until_the_good_ones_are_wanted(stock: Stock) -> None:
    where = await sent(stock, HEAD + OWL + BAD)
    page = await stock.text(where)
    assert "One row is wrong, so nothing can be applied yet" in page
    assert "Row 3" in page
    assert re.search(r"</span> Seats: </span>.*?must be a whole number", page)
    assert re.search(r"</span> E-mail: </span>", page)
    assert "/admin/plans/" not in page
    answer = await stock.send(where, {"only_good": "1"})
    assert answer.headers["Location"] == where
    page = await stock.text(where)
    assert "One row is fine and can be applied" in page
    await applied(stock, page)
    assert "owl" in stock.document.rooms
    assert "bat" not in stock.document.rooms


async def test_new_lists_are_added_only_where_that_is_wanted(stock: Stock) -> None:
    table = HEAD + OWL.replace("North wing", "Tower")
    page = await stock.text(await sent(stock, table))
    assert "There is no room list Tower." in page
    page = await stock.text(await sent(stock, table, add_lists="1"))
    assert "Tower" in page
    await applied(stock, page)
    assert stock.document.lists["tower"]["name"] == "Tower"


async def test_rooms_that_are_missing_are_retired_where_that_is_wanted(stock: Stock) -> None:
    page = await stock.text(await sent(stock, HEAD + KNOWN, retire_missing="1"))
    assert "Heron" in page
    assert "The room leaves the bridge." in page
    await applied(stock, page)
    assert list(stock.document.rooms) == ["kestrel", "wren"]


async def test_rows_can_be_pasted(stock: Stock) -> None:
    text = (HEAD + OWL).replace(",", "\t")
    page = await stock.text(await sent(stock, text=text))
    assert numbers(page)["New"] == 1


async def test_no_table_is_said(stock: Stock) -> None:
    where = await sent(stock)
    assert where == f"{PATH}?failed=table_missing"
    assert "Choose a file, or paste rows." in await stock.text(where)


UNREADABLE = {
    "a workbook": (b"PK\x03\x04 and more", "is a workbook"),
    "an old workbook": (b"\xd0\xcf\x11\xe0 and more", "is a workbook"),
    "Windows-1252": (
        "Raum,Gebäude\r\nX,Süd".encode("cp1252"),
        "The letters cannot be read for sure.",
    ),
    "half of UTF-16": (b"\xff\xfeR\0o\0\x00\xd8", "The letters cannot be read for sure."),
    "zero bytes": (b"id,name\r\na\0b,c\r\n", "there is a zero byte"),
    "no rows": (b"id,name\r\n", "no rows below the heading"),
    "no heading": (b"1,2\r\n3,4\r\n", "does not name the columns"),
    "an open quote": (b'id,name\r\na,"b\r\n', "closing quote"),
    "a secret's place": (b"id,endpoint_password_file\r\na,b\r\n", "cannot be in a table"),
    "two of a kind": (b"id,name,Raum\r\na,b,c\r\n", "two columns for name"),
}


@pytest.mark.parametrize("which", UNREADABLE)
async def test_what_is_no_table_is_told_with_what_helps(stock: Stock, which: str) -> None:
    data, words = UNREADABLE[which]
    where = await sent(stock, data)
    page = await stock.text(where)
    assert "Nothing of this table can be read." in page
    assert words in page
    assert "Nothing was changed." in page
    assert 'type="file"' in page, "the mended one is chosen here"
    german = await stock.text(f"{where}?lang=de")
    alarm = german.partition('role="alert"')[2].partition("</div>")[0]
    assert 'lang="de">' in alarm, "why not is said in the reader's language"


@pytest.mark.parametrize(
    "data",
    [
        (HEAD + OWL).encode("utf-8-sig"),
        (HEAD + OWL).encode("utf-16"),
        (HEAD + OWL).replace(",", ";").encode(),
        (HEAD + OWL).replace(",", "\t").encode("utf-8-sig"),
        ("sep=;\r\n" + HEAD + OWL).replace(",", ";").encode(),
        (HEAD + "\r\n,,,,,,\r\n" + OWL).encode(),
    ],
)
async def test_what_spreadsheets_make_is_taken(stock: Stock, data: bytes) -> None:
    page = await stock.text(await sent(stock, data))
    assert numbers(page) == {"Wrong": 0, "New": 1, "Changed": 0, "As it is": 0}


async def test_two_hundred_broken_rows_are_told_by_pages(stock: Stock) -> None:
    rows = "".join(f"Room {one},room-{one},Nowhere,Mill,1,many,\r\n" for one in range(200))
    where = await sent(stock, HEAD + rows + OWL)
    page = await stock.text(where)
    assert numbers(page) == {"Wrong": 200, "New": 1, "Changed": 0, "As it is": 0}
    assert len(re.findall(r'<li value="\d+"', page)) == 100
    assert "Page 1 of 2" in page
    assert 'value="201"' in await stock.text(f"{where}?show=wrong&page=2")
    assert "Owl" in await stock.text(f"{where}?show=added&page=7")
    assert 'value="2"' in await stock.text(f"{where}?show=odd&page=x")
    assert list(stock.document.rooms) == ["kestrel", "wren", "heron"]


async def test_what_is_wrong_is_said_in_the_readers_language(stock: Stock) -> None:
    rows = (
        "=A1,a@example.com,Europe/London,,1.2E+11,many,\r\n"
        "#REF!,b@example.com,GMT Standard Time,,02. Jan,8,West\r\n"
        ",,,Mill,,,\r\n"
        "X,-,Europe/Nowhere,,,8,\r\n"
        "Kestrel,kestrel@example.com,,,,7,,stray\r\n"
        ",kestrel@example.com,,,,8,\r\n"
    )
    where = await sent(stock, HEAD.replace("Floor", "Flor") + rows, retire_missing="1")
    page = await stock.text(f"{where}?show=all&lang=de")
    assert 'lang="en"' not in page.partition("<main")[2].partition("</main>")[0]
    assert numbers(page)["Falsch"] == 6


async def test_what_changed_in_between_is_looked_at_again(stock: Stock) -> None:
    where = await sent(stock, HEAD + KNOWN)
    page = await stock.text(where)
    await stock.apply(Edit(rooms={"wren": {"capacity": "5"}}))
    assert "something was changed in between" in await stock.text(where)
    location = await applied(stock, page)
    assert "failed=changed_meanwhile" in location
    await stock.send(where)
    await applied(stock, await stock.text(where))
    assert stock.document.rooms["wren"]["capacity"] == "4"


async def test_a_table_is_its_senders_alone_and_not_for_long(stock: Stock) -> None:
    where = await sent(stock, HEAD + OWL)
    gone = f"{PATH}?failed=unknown_table"
    for caller in (person(person="p2", session="s1"), person(session="s2")):
        stock.look_as(caller)
        answer = await stock.client.get(where, allow_redirects=False)
        assert answer.headers["Location"] == gone
    stock.look_as(person())
    assert (await stock.client.get(where, allow_redirects=False)).status == 200
    stock.clock.move(KEPT_FOR + timedelta(seconds=1))
    assert (await stock.client.get(where, allow_redirects=False)).headers["Location"] == gone
    assert (await stock.send(where)).headers["Location"] == gone


async def test_a_table_is_forgotten_though_nobody_asks(stock: Stock) -> None:
    await sent(stock, HEAD + OWL)
    stock.clock.move(KEPT_FOR)
    await stock.house.admin.forget()
    assert len(stock.house.admin._looks._kept) == 1
    stock.clock.move(timedelta(seconds=1))
    await stock.house.admin.forget()
    assert not stock.house.admin._looks._kept


async def test_who_looks_after_some_lists_learns_nothing_of_others(stock: Stock) -> None:
    stock.look_as(stock.facilities("north"))
    assert "add_lists" not in await stock.text(PATH)
    page = await stock.text(await sent(stock, HEAD + OWL + KNOWN, add_lists="1"))
    assert numbers(page) == {"Wrong": 0, "New": 1, "Changed": 1, "As it is": 1}
    foreign = "Heron,heron@example.com,Europe/London,,,2,North wing\r\n"
    page = await stock.text(await sent(stock, HEAD + foreign))
    assert "South" not in page, "that it is elsewhere is not told"
    assert "kestrel" not in page
    table = await (await stock.client.get(f"{PATH}/files/rooms.csv")).text()
    assert "heron" not in table
    page = await stock.text(await sent(stock, HEAD + KNOWN, retire_missing="1"))
    assert "heron" not in page.lower(), "what is others' is not retired"


async def test_what_is_taken_away_changes_nothing_when_it_comes_back(stock: Stock) -> None:
    for separator in ("comma", "semicolon", "tab"):
        answer = await stock.client.get(f"{PATH}/files/rooms.csv?separator={separator}")
        assert answer.headers["Content-Disposition"] == 'attachment; filename="rooms.csv"'
        assert answer.content_type == "text/csv"
        page = await stock.text(await sent(stock, await answer.read()))
        assert "Everything is so already" in page
    answer = await stock.client.get(f"{PATH}/files/rooms.csv?separator=pipe")
    assert answer.status == 400
    answer = await stock.client.get(f"{PATH}/files/rooms.yaml")
    assert "id: kestrel" in await answer.text()


@pytest.mark.parametrize("lang", ["en", "de"])
async def test_an_empty_table_can_be_filled_in_and_comes_back(stock: Stock, lang: str) -> None:
    page = await stock.text(f"{PATH}?lang={lang}")
    (link,) = re.findall(r'href="(/admin/tables/files/template.csv[^"]+)"', page)
    answer = await stock.client.get(link)
    body = (await answer.read()).decode("utf-8-sig")
    sign = ";" if lang == "de" else ","
    (heading,) = csv.reader(io.StringIO(body), delimiter=sign)
    assert len(heading) == 7
    row = ["Owl", "owl@example.com", "Europe/London", "Mill", "1", "6", "North wing"]
    filled = io.StringIO()
    csv.writer(filled, delimiter=sign).writerows([heading, row])
    page = await stock.text((await sent(stock, filled.getvalue())) + "?lang=en")
    assert numbers(page)["New"] == 1
    assert "is no column that is known" not in page


async def test_a_table_that_is_too_large_is_refused(stock: Stock) -> None:
    form = FormData()
    form.add_field("file", io.BytesIO(b"x" * (LARGE + (1 << 20))), filename="rooms.csv")
    headers = {"X-CSRF-Token": PROOF["csrf"]}
    answer = await stock.client.post(PATH, data=form, headers=headers)
    assert answer.status == 413
    assert "That is too long." in await answer.text()


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data", "multipart/form-data; x=y"])
async def test_what_is_no_form_is_refused(stock: Stock, kind: str) -> None:
    headers = {"X-CSRF-Token": PROOF["csrf"], "Content-Type": kind}
    answer = await stock.client.post(PATH, data=b"abc", headers=headers, allow_redirects=False)
    assert answer.status == 400


async def test_another_sites_form_is_refused(stock: Stock) -> None:
    elsewhere = {"X-CSRF-Token": PROOF["csrf"], "Sec-Fetch-Site": "cross-site"}
    for headers in ({}, {"X-CSRF-Token": "x"}, elsewhere):
        form = FormData()
        form.add_field("file", (HEAD + OWL).encode(), filename="rooms.csv")
        answer = await stock.client.post(PATH, data=form, headers=headers)
        assert answer.status == 403


async def test_where_files_decide_a_table_becomes_text_for_as_long_as_they_stay(
    filed: Stock,
) -> None:
    table = "id,mailbox,time_zone,name\r\nowl,owl@example.com,Europe/London,Owl\r\n"
    where = await sent(filed, table)
    page = await filed.text(where)
    assert "This fits. Your rooms are kept in files" in page
    (link, _) = re.findall(r'href="(/admin/plans/[^"]+)"', page)
    link = link.replace("&amp;", "&")
    text = await filed.text(link)
    assert "id: owl" in text
    plan = link.partition("/text")[0]
    answer = await filed.client.get(f"{plan}/changes.yaml")
    assert "kestrel" not in await answer.text()
    answer = await filed.client.get(f"{plan}/rooms.yaml")
    whole = await answer.text()
    assert "id: owl" in whole
    assert "id: kestrel" in whole
    await filed.rewrite(ROOM.replace("name: Kestrel", "name: Falcon"))
    page = await filed.text(where)
    assert "something was changed in between" in page
    assert "/text" not in page
    await filed.send(where)
    assert "This fits. Your rooms are kept in files" in await filed.text(where)
