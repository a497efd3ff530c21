"""Faults within a page that is sound JSON: what it holds, and where it leads."""

from collections.abc import Callable

from yarl import URL

from connector.simulators.graph.faults import Fault, Scene
from connector.simulators.graph.faults.oddities import ODDITIES
from connector.simulators.graph.refusal import Json

MEBIBYTE = 1 << 20


class Empty(Fault, frozen=True, kw_only=True):
    """No meetings, though there are some."""

    def items(self, _items: list[Json], _scene: Scene, /) -> list[Json]:
        """Nothing."""
        return []

    def page(self, page: Json, scene: Scene, /) -> Json:
        """A page after which nothing comes; rounds of changes go on to their end."""
        if is_delta(scene.request.url):
            return page
        return {name: value for name, value in page.items() if name != "@odata.nextLink"}


class OddItems(Fault, frozen=True, kw_only=True):
    """Events that make no sense, beside those that do."""

    oddities: tuple[str, ...] = tuple(ODDITIES)

    def __post_init__(self) -> None:
        if unknown := set(self.oddities) - ODDITIES.keys():
            raise ValueError(f"no such oddity: {', '.join(sorted(unknown))}")

    def items(self, items: list[Json], scene: Scene, /) -> list[Json]:
        """The events, and on the first page one of each oddity."""
        if scene.request.query.get("$skip", "0") != "0" or "$skiptoken" in scene.request.query:
            return items
        odd = []
        for name in self.oddities:
            sample = scene.sample()
            odd.append(ODDITIES[name](sample | {"id": f"{sample['id']}{name}", "subject": name}))
        return items + odd


class HugeBody(Fault, frozen=True, kw_only=True):
    """An invitation of many megabytes."""

    mebibytes: int = 8

    def items(self, items: list[Json], scene: Scene, /) -> list[Json]:
        """The events, of which the first has got very long."""
        first = items[0] if items else scene.sample()
        words = "All work and no play. " * (self.mebibytes * MEBIBYTE // 22)
        return [first | {"body": {"contentType": "text", "content": words}}, *items[1:]]


class EndlessPages(Fault, frozen=True, kw_only=True):
    """The same page again and again, always with a next one."""

    changing: bool = True
    """Whether each link differs from the one before."""

    def page(self, page: Json, scene: Scene, /) -> Json:
        """A page that leads on to itself; a round of changes sees to that by itself."""
        url = scene.request.url
        if is_delta(url):
            return page
        turn = int(url.query.get("$skiptoken", "0")) + self.changing
        return page | {"@odata.nextLink": str(url.update_query({"$skiptoken": str(turn)}))}


class ForeignLink(Fault, frozen=True, kw_only=True):
    """A next page on a host that is not Graph: whoever follows it gives the token away."""

    origin: str = "https://graph.example.net"

    def page(self, page: Json, scene: Scene, /) -> Json:
        """A page that leads elsewhere."""
        if is_delta(scene.request.url):
            return page | _moved(page, lambda link: URL(self.origin).join(link.relative()))
        there = URL(self.origin).join(scene.request.url.relative())
        return page | {"@odata.nextLink": str(there.update_query({"$skip": "10"}))}


class PlainLink(Fault, frozen=True, kw_only=True):
    """A next page on the same host, without TLS."""

    def page(self, page: Json, scene: Scene, /) -> Json:
        """A page that leads out of TLS."""
        url = scene.request.url
        if is_delta(url):
            return page | _moved(page, lambda link: link.with_scheme("http"))
        plain = URL.build(
            scheme="http", host=url.host or "", port=url.port, path=url.path, query=url.query
        )
        return page | {"@odata.nextLink": str(plain.update_query({"$skip": "10"}))}


def is_delta(url: URL) -> bool:
    """Whether changes are asked for."""
    return url.path.lower().endswith("/delta")


def _moved(page: Json, move: Callable[[URL], URL]) -> Json:
    """The links of a page, leading elsewhere."""
    links = ("@odata.nextLink", "@odata.deltaLink")
    return {name: str(move(URL(page[name], encoded=True))) for name in links if name in page}
