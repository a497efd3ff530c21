"""The vault as a configuration names it: `vault`, and `vault:NAME` for every secret."""

from pathlib import Path

import pytest

from bridge.settings.load import usable
from bridge.settings.mentions import mentions
from bridge.settings.model import KeyService, VaultSettings
from bridge.settings.problem import Problem, Unusable
from bridge.settings.vaults import vault_of
from bridge.vault.keys import new_key
from bridge.vault.vault import Vault
from tests.bridge.test_settings import Folder, told
from tests.bridge.vault.conftest import AT, BY, put
from tests.fakes.transit import TOKEN, Transit, served

EXAMPLES = Path(__file__).parents[2] / "config"
BRIDGE = """
data_dir: data
vault: {key_file: vault.key}
sources:
  m365:
    kind: graph
    tenant_id: tenant
    client_id: app
    client_secret: vault:m365
"""
ROOM = """
rooms:
  - id: kestrel
    mailbox: kestrel@example.com
    time_zone: Europe/London
    endpoints:
      - {id: codec, kind: cisco, address: 10.2.0.15, username: bridge, password: "vault:endpoint/codec"}
"""


class Vaulted(Folder):
    """A folder with a configuration and a vault."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        (path / "data").mkdir()
        self.write("vault.key", new_key()).chmod(0o600)
        self.vault: Vault = vault_of(path / "data", VaultSettings(key_file=path / "vault.key"))
        self.vault.init(at=AT, by=BY)
        put(self.vault, "m365", "s3cret")
        put(self.vault, "endpoint/codec", "pa55")

    def codec(self) -> str:
        """The codec's password, as a start understands it now."""
        configuration, _ = usable(self.path / "bridge.yaml")
        (endpoint,) = configuration.inventory.endpoints
        password: str = endpoint.options.password.reveal()
        return password


@pytest.fixture
def folder(tmp_path: Path) -> Vaulted:
    return Vaulted(tmp_path)


def only_warnings(problems: list[Problem]) -> bool:
    return all(problem.severity == "warning" for problem in problems)


def test_the_examples_are_good(folder: Vaulted) -> None:
    bridge = (EXAMPLES / "bridge.yaml").read_text()
    for example, here in (
        ("data_dir: /var/lib/roombridge", "data_dir: data"),
        ("# vault: {key_file: vault.key}", "vault: {key_file: vault.key}"),
    ):
        assert example in bridge
        bridge = bridge.replace(example, here)
    folder.write("secrets/m365", "one")
    put(folder.vault, "endpoint/kestrel-codec", "two")
    folder.write("rooms.yaml", (EXAMPLES / "rooms.yaml").read_text())
    configuration, problems = usable(folder.write("bridge.yaml", bridge))
    assert not problems
    assert [room.id for room in configuration.inventory.rooms] == ["kestrel", "heron"]
    assert configuration.inventory.rooms[1].policy.tentative == "hide"
    assert configuration.inventory.rooms[1].policy.privacy.private_title == "Reserved"
    assert configuration.inventory.rooms[1].source == "m365"
    (codec,) = configuration.inventory.endpoints
    assert codec.options.password.reveal() == "two"


def test_every_secret_may_come_from_the_vault(folder: Vaulted) -> None:
    put(folder.vault, "proxy", "of the proxy")
    put(folder.vault, "zoom", "123456")
    bridge = BRIDGE + "proxy: {url: http://p.example.com, username: me, password: vault:proxy}\n"
    bridge += "join: {host_key: vault:zoom}\n"
    assert only_warnings(folder.problems(bridge, ROOM))
    configuration, _ = usable(folder.path / "bridge.yaml")
    assert configuration.sources["m365"].options.client_secret.reveal() == "s3cret"
    assert configuration.site.proxy
    assert configuration.site.proxy.password
    assert configuration.site.proxy.password.reveal() == "of the proxy"
    assert configuration.site.join.host_key
    assert configuration.site.join.host_key.reveal() == "123456"
    for value in ("s3cret", "pa55", "of the proxy"):
        assert value not in repr(configuration)
    assert {folder.path / "data" / "vault", folder.path / "vault.key"} <= set(configuration.read)


def test_the_compiled_room_list_reads_the_vault_again(folder: Vaulted) -> None:
    folder.problems(BRIDGE, ROOM)
    assert folder.codec() == "pa55"
    compiled = folder.path / "data" / "rooms.compiled"
    content = compiled.read_bytes()
    assert b"pa55" not in content
    put(folder.vault, "endpoint/codec", "another")
    assert folder.codec() == "another"
    assert compiled.read_bytes() == content
    folder.vault.drop("endpoint/codec", at=AT, by=BY)
    with pytest.raises(Unusable, match="there is no secret endpoint/codec"):
        folder.codec()


def test_the_room_list_may_name_only_what_is_for_room_systems(folder: Vaulted) -> None:
    rooms = ROOM.replace("vault:endpoint/codec", "vault:m365")
    problem = told(folder.problems(BRIDGE, rooms))["rooms[0].endpoints[0].password"]
    assert problem == "only vault:endpoint/NAME may stand in this file"
    rooms = ROOM.replace("vault:endpoint/codec", "pa55")
    problem = told(folder.problems(BRIDGE, rooms))["rooms[0].endpoints[0].password"]
    assert problem == "a secret must not stand in this file"


def test_what_keeps_the_vault_closed_is_told_once_with_all_the_rest(folder: Vaulted) -> None:
    folder.write("vault.key", new_key())
    problems = folder.problems(BRIDGE + "stale_aftr: 1h\n", ROOM)
    closed = [problem for problem in problems if problem.path == "vault"]
    assert len(closed) == 1
    assert (closed[0].line, closed[0].passes) == (3, False)
    assert "the vault opens with local/" in closed[0].words
    assert {problem.path for problem in problems if problem.severity == "error"} == {
        "vault",
        "stale_aftr",
    }


@pytest.mark.parametrize("name", ["m 365", "M365", "", "x" * 300])
def test_a_name_that_cannot_be_one_is_told_without_it(folder: Vaulted, name: str) -> None:
    problems = folder.problems(BRIDGE.replace("vault:m365", f'"vault:{name}"'), ROOM)
    words = told(problems)["sources.m365.client_secret"]
    assert words == "this cannot be a secret's name"


@pytest.mark.parametrize(
    ("service", "path", "words"),
    [
        ("{url: 'http://bao.example.com', key: k, token_file: t}", "url", "must be https"),
        ("{url: 'ftp://bao', key: k, token_file: t}", "url", "must be https"),
        ("{url: 'https://', key: k, token_file: t}", "url", "must be an address"),
        ("{url: 'https://u:p@bao', key: k, token_file: t}", "url", "must be an address"),
        ("{url: 'https://bao:x', key: k, token_file: t}", "url", "must be an address"),
        ("{url: 'https://[::1', key: k, token_file: t}", "url", "must be an address"),
        ("{url: 'https://bao', key: k/, token_file: t}", "key", "must be a name"),
        ("{url: 'https://bao', key: k, mount: /, token_file: t}", "mount", "must be a name"),
        ("{url: 'https://bao', key: k, token_file: t, ca_file: x}", "ca_file", "no file"),
        ("{url: 'https://bao', key: k}", "token_file", "required"),
        ("{url: 'https://bao', token_file: t}", "key", "required"),
    ],
)
def test_bad_settings_of_a_key_service(
    folder: Vaulted, service: str, path: str, words: str
) -> None:
    bridge = BRIDGE.replace("{key_file: vault.key}", f"{{key_service: {service}}}")
    problems = folder.problems(bridge, ROOM)
    assert words in told(problems)[f"vault.key_service.{path}"]
    assert len([problem for problem in problems if problem.severity == "error"]) == 1


def test_a_token_is_never_sent_by_settings_that_are_wrong(folder: Vaulted) -> None:
    transit = Transit()
    folder.write("token", TOKEN)
    with served(transit) as url:
        settings = f"{{key_service: {{url: '{url}', key: bridge, mount: /x, token_file: token}}}}"
        folder.problems(BRIDGE.replace("{key_file: vault.key}", settings), ROOM)
    assert transit.calls == []


def test_only_a_key_service_that_is_away_passes_by_itself(folder: Vaulted) -> None:
    transit = Transit()
    folder.write("token", TOKEN)
    with served(transit) as url:
        service = KeyService(url=url, key="bridge", token_file=folder.path / "token")
        both = VaultSettings(key_file=folder.path / "vault.key", key_service=service)
        moved = vault_of(folder.path / "data", both)
        moved.rotate(at=AT, by=BY)
        settings = f"{{key_service: {{url: '{url}', key: bridge, token_file: token}}}}"
        bridge = BRIDGE.replace("{key_file: vault.key}", settings)
        assert only_warnings(folder.problems(bridge, ROOM))
        transit.status = 503
        folder.problems(bridge, ROOM)
        with pytest.raises(Unusable) as caught:
            usable(folder.path / "bridge.yaml")
        assert caught.value.passes
        folder.problems(bridge + "stale_aftr: 1h\n", ROOM)
        with pytest.raises(Unusable) as caught:
            usable(folder.path / "bridge.yaml")
        assert not caught.value.passes


def test_mentions_are_found_in_all_files_however_wrong_the_rest(folder: Vaulted) -> None:
    bridge = folder.write("bridge.yaml", BRIDGE + "rooms: floors\nnonsense: [1]\n")
    folder.write("floors/one.yaml", ROOM)
    assert mentions(bridge) == {
        "m365": [f"{bridge}:9"],
        "endpoint/codec": [f"{folder.path}/floors/one.yaml:7"],
    }
    folder.write("floors/two.yaml", "rooms: [")
    assert mentions(bridge) is None
    assert mentions(folder.path / "nowhere.yaml") is None


def test_a_key_that_is_no_secret_is_a_warning(folder: Vaulted) -> None:
    key = folder.path / "vault.key"
    key.chmod(0o644)
    warned = told(folder.problems(BRIDGE, ROOM))["vault.key_file"]
    assert warned == f"{key} can be read by everybody"
    key.chmod(0o600)
    key.rename(folder.path / "data" / "vault.key")
    bridge = BRIDGE.replace("key_file: vault.key", "key_file: data/vault.key")
    problems = folder.problems(bridge, ROOM)
    assert only_warnings(problems)
    assert "a backup of data_dir holds both" in told(problems)["vault.key_file"]
