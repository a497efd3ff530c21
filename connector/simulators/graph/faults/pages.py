"""Faults within a page that is sound JSON: what it holds, and where it leads."""

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

    def page(self, page: Json, _scene: Scene, /) -> Json:
        """A page after which nothing comes."""
        return {name: value for name, value in page.items() if name != "@odata.nextLink"}


class OddItems(Fault, frozen=True, kw_only=True):
    """Events that make no sense, beside those that do."""

    oddities: tuple[str, ...] = tuple(ODDITIES)

    def __post_init__(self) -> None:
        if unknown := set(self.oddities) - ODDITIES.keys():
            raise ValueError(f"no such oddity: {', '.join(sorted(unknown))}")

    def items(self, items: list[Json], scene: Scene, /) -> list[Json]:
        """The events, and on the first page one of each oddity."""
        if scene.request.query.get("$skip", "0") != "0":
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
        """A page that leads on to itself."""
        url = scene.request.url
        turn = int(url.query.get("$skiptoken", "0")) + self.changing
        return page | {"@odata.nextLink": str(url.update_query({"$skiptoken": str(turn)}))}


class ForeignLink(Fault, frozen=True, kw_only=True):
    """A next page on a host that is not Graph: whoever follows it gives the token away."""

    origin: str = "https://graph.example.net"

    def page(self, page: Json, scene: Scene, /) -> Json:
        """A page that leads elsewhere."""
        there = URL(self.origin).join(scene.request.url.relative())
        return page | {"@odata.nextLink": str(there.update_query({"$skip": "10"}))}


class PlainLink(Fault, frozen=True, kw_only=True):
    """A next page on the same host, without TLS."""

    def page(self, page: Json, scene: Scene, /) -> Json:
        """A page that leads out of TLS."""
        url = scene.request.url
        plain = URL.build(
            scheme="http", host=url.host or "", port=url.port, path=url.path, query=url.query
        )
        return page | {"@odata.nextLink": str(plain.update_query({"$skip": "10"}))}
