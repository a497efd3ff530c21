"""Configurations, good and bad."""

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bridge.settings.load import read, usable
from bridge.settings.model import Configuration
from bridge.settings.problem import Problem, Unusable
from connector.certificates import self_signed
from rooms.join import zoom

GRAPH = """
sources:
  m365:
    kind: graph
    tenant_id: tenant
    client_id: app
    client_secret_file: secret
"""
ROOM = """
rooms:
  - {id: kestrel, name: Kestrel, mailbox: kestrel@example.com, time_zone: Europe/London}
"""


class Folder:
    """A folder with a configuration in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write("secret", "s3cret\n")

    def write(self, name: str, text: str) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o640)
        return file

    def problems(self, bridge: str = GRAPH, rooms: str = ROOM) -> list[Problem]:
        problems: list[Problem] = []
        self.write("rooms.yaml", rooms)
        read(self.write("bridge.yaml", bridge), problems)
        return problems

    def good(self, bridge: str = GRAPH, rooms: str = ROOM) -> Configuration:
        self.write("rooms.yaml", rooms)
        configuration, problems = usable(self.write("bridge.yaml", bridge))
        assert not problems
        return configuration


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def told(problems: list[Problem]) -> dict[str, str]:
    return {problem.path: problem.words for problem in problems}


def test_every_problem_is_in_one_report(folder: Folder) -> None:
    bad_bridge = """
listen: {port: 99999, adress: 1.2.3.4}
sources:
  m365:
    kind: graph
    tennant_id: tenant
    client_id: app
    client_secret_file: nowhere
window: {past: 600d}
poll: {near: 0s, far: fast}
endpoint_networks: [10.0.0.1/8]
acknowledge: [everything]
"""
    bad_rooms = """
rooms:
  - {id: kestrel, mailbox: kestrel@example.com, time_zone: Europe/London}
  - {id: kestrel, mailbox: other@example.com, time_zone: Europe/London}
  - {id: heron, mailbox: heron@example.com, source: exchange, time_zone: Mars/Olympus}
  - {id: UPPER, mailbox: nobody, time_zone: GMT Standard Time}
"""
    problems = folder.problems(bad_bridge, bad_rooms)
    assert {
        "listen.adress",
        "sources.m365.tennant_id",
        "sources.m365.client_secret_file",
        "window.past",
        "poll.far",
        "endpoint_networks[0]",
        "acknowledge[0]",
        "rooms[1].id",
        "rooms[2].source",
        "rooms[2].time_zone",
        "rooms[3].id",
        "rooms[3].mailbox",
        "rooms[3].time_zone",
    } <= set(told(problems))


def test_a_problem_tells_its_file_line_and_hint(folder: Folder) -> None:
    (problem,) = folder.problems(GRAPH.replace("tenant_id", "tennant_id") + "    tenant_id: t\n")
    assert problem.file.endswith("bridge.yaml")
    assert problem.line == 5
    assert problem.path == "sources.m365.tennant_id"
    assert problem.words == "no such setting"
    assert problem.hint == "did you mean tenant_id?"


@pytest.mark.parametrize(
    ("bridge", "path", "words"),
    [
        ("", "sources", "required"),
        ("sources: [", "", "is not YAML: did not find expected node content"),
        ("- one", "", "must be a mapping of settings, not a list"),
        (GRAPH + "sources: {}\n", "sources", "given twice"),
        (GRAPH + "stale_after: 60s\n", "stale_after", "must be longer than the longest interval"),
        (GRAPH + "ca_file: nowhere.pem\n", "ca_file", "there is no file"),
        (GRAPH + "ca_file: secret\n", "ca_file", "holds no certificates"),
        (
            GRAPH + "listen: {tls: {certificate_file: a, key_file: b}}\n",
            "listen.tls",
            "there is no",
        ),
        (GRAPH + "listen: {address: example.com}\n", "listen.address", "must be an IP address"),
        (GRAPH + "writes: all\n", "writes", "must be none or release or adhoc or full, not all"),
        (GRAPH + "privacy: {show_organizer: maybe}\n", "privacy.show_organizer", "must be true or"),
        (GRAPH + "retention: 31d\n", "retention", "must be at most 30d"),
        (GRAPH + "people: {idle: 10s}\n", "people.idle", "must be at least 1m"),
        (GRAPH + "people: {idle: 2h, longest: 1h}\n", "people.idle", "at most people.longest"),
        (GRAPH + "people: {longest: 8d}\n", "people.longest", "must be at most 7d"),
        (GRAPH + "public_url: example.com\n", "public_url", "must be an http:// or https:// URL"),
        (GRAPH + "endpoint_secrets_dir: nowhere\n", "endpoint_secrets_dir", "there is no folder"),
        (GRAPH.replace("graph", "exchnage"), "sources.m365.kind", "must be one of"),
        (GRAPH.replace("m365", "M 365"), "sources.M 365", "a source's name is made of"),
        (
            GRAPH + "    cloud: mars\n",
            "sources.m365.cloud",
            "must be global or usgov or dod or china",
        ),
        (
            GRAPH + "    certificate_file: secret\n",
            "sources.m365.client_secret_file",
            "give either client_secret_file or certificate_file",
        ),
        (
            GRAPH + "    graph_url: http://graph.example.com\n",
            "sources.m365.graph_url",
            "must be https: secrets are sent there",
        ),
        (
            GRAPH + "    proxy: {url: http://me:pass@proxy.example.com}\n",
            "sources.m365.proxy.url",
            "must not hold a login",
        ),
        *(
            (
                GRAPH + f"    proxy: {{url: '{url}'}}\n",
                "sources.m365.proxy.url",
                "must be an http:// or https:// URL",
            )
            for url in ("http://[::1", "http://proxy:84433", "http://proxy:0", "proxy:3128")
        ),
        ("public_url: 'https://[::1'\n" + GRAPH, "public_url", "must be an http:// or https://"),
        (
            GRAPH.replace("client_secret_file: secret", "client_secret: vault:m365"),
            "vault",
            "there is no vault yet",
        ),
    ],
)
def test_bad_settings_of_the_appliance(folder: Folder, bridge: str, path: str, words: str) -> None:
    problems = folder.problems(bridge)
    assert told(problems).get(path, "").find(words) >= 0, problems


@pytest.mark.parametrize(
    ("room", "path", "words"),
    [
        ("{mailbox: a@b.c, time_zone: UTC}", "rooms[0].id", "required"),
        ("{id: a, time_zone: UTC}", "rooms[0].mailbox", "required"),
        ("{id: a, mailbox: a@b.c, time_zone: UTC, capacity: many}", "rooms[0].capacity", "whole"),
        ("{id: a, mailbox: a@b.c, time_zone: UTC, lists: x}", "rooms[0].lists", "must be a list"),
        ("{id: a, mailbox: a@b.c, time_zone: UTC, lists: [x]}", "rooms[0].lists", "no room list x"),
        (
            "{id: a, mailbox: a@b.c, time_zone: UTC, auto_joins: 1}",
            "rooms[0].auto_joins",
            "no such",
        ),
        ("{id: a, mailbox: a@b.c, time_zone: UTC, auto_join: 1}", "rooms[0].auto_join", "mapping"),
        (
            "{id: a, mailbox: a@b.c, time_zone: UTC, auto_join: {before: 6m}}",
            "rooms[0].auto_join.before",
            "join.start_buffer",
        ),
        (
            "{id: a, mailbox: a@b.c, time_zone: UTC, join: {start_buffer: 5}}",
            "rooms[0].join.start_buffer",
            "span",
        ),
        ("just a word", "rooms[0]", "must be a mapping"),
        (
            "{id: a, mailbox: a@b.c, time_zone: W. Europe Standard Time}",
            "rooms[0].time_zone",
            "write Europe/Berlin",
        ),
    ],
)
def test_bad_settings_of_rooms(folder: Folder, room: str, path: str, words: str) -> None:
    problems = folder.problems(rooms=f"rooms:\n  - {room}\n")
    assert told(problems).get(path, "").find(words) >= 0, problems


CODEC = "{{id: codec, kind: cisco, address: {address}, username: bridge, {password}{more}}}"


@pytest.mark.parametrize(
    ("endpoint", "path", "words"),
    [
        (
            CODEC.format(address="10.2.0.15", password="password: x", more=""),
            "password",
            "must not stand",
        ),
        (
            CODEC.format(address="10.2.0.15", password="password_file: /etc/hostname", more=""),
            "password_file",
            "must be below",
        ),
        (
            CODEC.format(address="10.2.0.15", password="password_file: ../secret", more=""),
            "password_file",
            "must be below",
        ),
        (
            CODEC.format(address="8.8.8.8", password="password_file: secret", more=""),
            "address",
            "outside endpoint_networks",
        ),
        (
            CODEC.format(address="ftp://codec", password="password_file: secret", more=""),
            "address",
            "must be an IP address or name",
        ),
        (
            CODEC.format(
                address="10.2.0.15",
                password="password_file: secret",
                more=", tls: {fingerprint: abc}",
            ),
            "tls.fingerprint",
            "must be sha256:",
        ),
        (
            CODEC.format(address="10.2.0.15", password="password_file: secret", more="").replace(
                "cisco", "crisco"
            ),
            "kind",
            "must be one of cisco",
        ),
    ],
)
def test_bad_settings_of_endpoints(folder: Folder, endpoint: str, path: str, words: str) -> None:
    room = f"{{id: a, mailbox: a@b.c, time_zone: UTC, endpoints: [{endpoint}]}}"
    problems = folder.problems(rooms=f"rooms:\n  - {room}\n")
    assert told(problems).get(f"rooms[0].endpoints[0].{path}", "").find(words) >= 0, problems


def test_a_room_may_be_written_to_as_it_says_itself_or_the_site_does(folder: Folder) -> None:
    rooms = (
        ROOM
        + """  - {id: heron, mailbox: heron@example.com, time_zone: UTC, writes: release}
  - {id: wren, mailbox: wren@example.com, time_zone: UTC, writes: none}
"""
    )
    for bridge, kestrel in ((GRAPH, "none"), (GRAPH + "writes: adhoc\n", "adhoc")):
        for _ in range(2):  # the second time as it was understood before
            bridge_ = bridge + f"data_dir: {folder.path}\n"
            inventory = folder.good(bridge_, rooms).inventory
            levels = [room.policy.writes for room in inventory.rooms]
            assert levels == [kestrel, "release", "none"]


def test_a_second_identity_is_read_with_its_secrets(folder: Folder) -> None:
    folder.write("other", "another")
    writer = "    writer: {client_id: w, client_secret_file: other}\n"
    options = folder.good(GRAPH + writer).sources["m365"].options
    assert options.writer.client_secret.reveal() == "another"
    assert (options.writing.client_id, options.writing.tenant_id) == ("w", "tenant")
    assert (options.client_id, options.writing.writer) == ("app", None)
    (problem,) = folder.problems(GRAPH + "    writer: {client_id: w}\n")
    assert problem.path == "sources.m365.writer.client_secret_file"


def test_a_source_that_can_only_be_read_is_told_where_it_should_be_written(
    folder: Folder,
) -> None:
    demo = "sources: {show: {kind: demo}}\n"
    assert folder.problems(demo) == []
    (problem,) = folder.problems(demo + "writes: release\n")
    assert problem.path == "sources.show"
    assert problem.words.startswith("source_cannot_write")
    assert problem.severity == "warning"


def test_a_service_account_that_should_write_is_a_problem(folder: Folder) -> None:
    delegate = GRAPH.replace("client_secret_file: secret", "delegate: {account: a@example.com}")
    assert "sources.m365.writer" not in told(folder.problems(delegate))
    assert "sources.m365.writer" in told(folder.problems(delegate + "writes: release\n"))


def test_text_stays_text_whatever_it_looks_like(folder: Folder) -> None:
    room = "{id: no, name: off, mailbox: a@b.c, time_zone: UTC, floor: 010, capacity: 010}"
    (made,) = folder.good(rooms=f"rooms:\n  - {room}\n").inventory.rooms
    assert (made.id, made.name, made.floor, made.capacity) == ("no", "off", "010", 10)


def test_a_missing_file_of_rooms_is_a_problem(folder: Folder) -> None:
    problems: list[Problem] = []
    read(folder.write("bridge.yaml", GRAPH), problems)
    assert [problem.words for problem in problems] == ["there is no such file"]


def test_files_that_cannot_be_read_are_problems(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    folder.write("bridge.yaml", GRAPH)
    monkeypatch.setattr(Path, "read_text", refuse)
    problems: list[Problem] = []
    read(folder.path / "bridge.yaml", problems)
    assert [problem.words for problem in problems] == ["cannot be read: Permission denied"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_secret_that_only_another_user_may_read_is_a_problem(folder: Folder) -> None:
    folder.write("secret", "x").chmod(0)
    assert "cannot be read" in told(folder.problems())["sources.m365.client_secret_file"]


def test_a_secret_behind_a_link_to_itself_is_a_problem(folder: Folder) -> None:
    (folder.path / "secret").unlink()
    (folder.path / "secret").symlink_to("secret")
    assert "cannot be read" in told(folder.problems())["sources.m365.client_secret_file"]


def test_a_secret_that_everybody_may_read_is_a_warning(folder: Folder) -> None:
    (folder.path / "secret").chmod(0o644)
    (problem,) = folder.problems()
    assert problem.severity == "warning"
    assert problem.hint.startswith("chmod o=")
    assert stat.S_IMODE((folder.path / "secret").stat().st_mode) == 0o644


def test_rooms_may_stand_in_a_folder_of_files(folder: Folder) -> None:
    folder.write("floors/1.yaml", ROOM)
    folder.write("floors/2.yaml", ROOM.replace("kestrel", "heron"))
    folder.write("floors/notes.txt", "not a room")
    made = folder.good(GRAPH + "rooms: floors\n").inventory
    assert [room.id for room in made.rooms] == ["kestrel", "heron"]


def test_duplicate_rooms_in_two_files_name_the_first_place(folder: Folder) -> None:
    folder.write("floors/1.yaml", ROOM)
    folder.write("floors/2.yaml", ROOM)
    problems = folder.problems(GRAPH + "rooms: floors\n")
    assert "floors/1.yaml:3" in told(problems)["rooms[0].id"]


def test_a_mailbox_outside_the_allowed_ones_is_refused(folder: Folder) -> None:
    only = GRAPH + "    mailboxes: {domains: [example.com], allow: [one@example.org]}\n"
    assert not folder.problems(only)
    assert not folder.problems(only, ROOM.replace("kestrel@example.com", "One@Example.org"))
    problems = folder.problems(only, ROOM.replace("@example.com", "@example.org"))
    assert "outside what sources.m365.mailboxes allows" in told(problems)["rooms[0].mailbox"]


def test_the_canary_is_no_room(folder: Folder) -> None:
    canary = GRAPH + "    mailboxes: {canary: Kestrel@Example.com}\n"
    assert "sources.m365.mailboxes.canary" in told(folder.problems(canary))["rooms[0].mailbox"]


def test_authorities_of_one_room_system_are_read_and_kept(folder: Folder) -> None:
    made = self_signed(["codec"], days=9, now=datetime.now(UTC))
    folder.write("ca.pem", made.pem.decode())
    more = ", tls: {ca_file: ca.pem}"
    codec = CODEC.format(address="10.2.0.15", password="password_file: secret", more=more)
    rooms = f"rooms:\n  - {{id: a, mailbox: a@b.c, time_zone: UTC, endpoints: [{codec}]}}\n"
    site = GRAPH + "acknowledge: [cisco_permitted_use]\ndata_dir: data\n"
    (folder.path / "data").mkdir()
    first, again = folder.good(site, rooms), folder.good(site, rooms)
    assert (folder.path / "data" / "rooms.compiled").exists()
    for one in (first, again):
        assert one.inventory.endpoints[0].options.tls.ca_file == folder.path / "ca.pem"
    folder.write("ca.pem", "nothing")
    folder.write("other.pem", made.pem.decode())
    problems = told(folder.problems(site, rooms))
    assert "holds no certificates" in problems["rooms[0].endpoints[0].tls.ca_file"]


def test_cisco_needs_its_notice_acknowledged_or_a_warning_stays(folder: Folder) -> None:
    codec = CODEC.format(address="10.2.0.15", password="password_file: secret", more="")
    rooms = f"rooms:\n  - {{id: a, mailbox: a@b.c, time_zone: UTC, endpoints: [{codec}]}}\n"
    (problem,) = folder.problems(rooms=rooms)
    assert problem.severity == "warning"
    assert "Cisco" in problem.words
    assert not folder.problems(GRAPH + "acknowledge: [cisco_permitted_use]\n", rooms)


def test_two_units_never_share_a_hook(folder: Folder) -> None:
    folder.write("secret", "0123456789abcdefghijklmnop")
    folder.write("other", "0123456789abcdefghijklmnoq")
    site = GRAPH + "acknowledge: [cisco_permitted_use]\n"
    for second, told_so in (("secret", True), ("other", False)):
        units = ", ".join(
            f"{{id: {name}, kind: cisco, transport: pull, hook_file: {file}}}"
            for name, file in (("one", "secret"), ("two", second))
        )
        room = f"{{id: a, mailbox: a@b.c, time_zone: UTC, endpoints: [{units}]}}"
        problems = told(folder.problems(site, f"rooms:\n  - {room}\n"))
        assert ("rooms[0].endpoints[1].hook" in problems) is told_so, problems


RULES = (
    GRAPH
    + """
join:
  start_buffer: 10m
  zoom_region: germany
  rules:
    - {name: ours, kind: regex, match: 'call ([0-9]+)', sip: '{1}@vc.example.com'}
"""
)


def test_rules_and_dialling_of_the_site_are_read(folder: Folder) -> None:
    known = folder.good(RULES.replace("germany", min(zoom.GATEWAYS)))
    assert [rule.name for rule in known.rules] == ["ours"]
    (made,) = known.inventory.rooms
    assert made.policy.buffers.start == timedelta(minutes=10)
    assert made.policy.dialing.zoom_region == min(zoom.GATEWAYS)


def test_bad_rules_and_bad_dialling_are_problems(folder: Folder) -> None:
    bad = RULES.replace("regex", "regexp").replace("germany", "mars")
    found = told(folder.problems(bad))
    assert "no region mars" in found["join.zoom_region"]
    assert any(path.startswith("join.rules[0]") for path in found)


def test_a_room_may_dial_otherwise(folder: Folder) -> None:
    folder.write("key", "123456")
    rooms = ROOM.replace("time_zone", "join: {host_key_file: key, layout: 2}, time_zone")
    configuration = folder.good(rooms=rooms)
    (made,) = configuration.inventory.rooms
    assert (made.policy.dialing.host_key, made.policy.dialing.layout) == ("123456", "2")
    assert "123456" not in repr(configuration)
    folder.write("key", "12")
    assert "six digits" in told(folder.problems(rooms=rooms))["rooms[0].join.host_key_file"]


def test_secrets_print_as_secrets(folder: Folder) -> None:
    configuration = folder.good()
    assert "s3cret" not in repr(configuration)
    assert configuration.sources["m365"].options.client_secret.reveal() == "s3cret"


def test_a_configuration_with_errors_is_not_used(folder: Folder) -> None:
    folder.write("rooms.yaml", ROOM)
    with pytest.raises(Unusable) as caught:
        usable(folder.write("bridge.yaml", GRAPH + "stale_aftr: 1h\n"))
    assert "stale_aftr: no such setting (did you mean stale_after?)" in str(caught.value)


def test_both_places_for_reverse_proxies_count(folder: Folder) -> None:
    site = folder.good(GRAPH + "listen: {behind_proxy: [10.0.0.5/32]}\n").site
    assert site.proxies == folder.good(GRAPH + "behind_proxy: [10.0.0.5/32]\n").site.proxies


def test_bookings_are_kept_as_long_as_they_are_served(folder: Folder) -> None:
    assert folder.good().site.keeps == timedelta(days=1)
    assert folder.good(GRAPH + "window: {past: 3d}\n").site.keeps == timedelta(days=3)
    assert folder.good(GRAPH + "window: {past: 90d}\n").site.keeps == timedelta(days=30)


def test_the_listener_for_old_units_is_never_for_everybody(folder: Folder) -> None:
    good = folder.good(GRAPH + "legacy: {port: 8080, networks: [10.9.0.0/24], tls: none}\n")
    assert good.site.legacy
    for wrong, place in (
        ("{port: 8080}", "legacy.networks"),
        ("{port: 8080, networks: []}", "legacy.networks"),
        ("{port: 8080, networks: [0.0.0.0/0]}", "legacy.networks"),
        ("{port: 8443, networks: [10.9.0.0/24]}", "legacy.port"),
        ("{port: 8080, networks: [10.9.0.0/24], tls: strong}", "legacy.tls"),
        ("{port: 8080, networks: [10.9.0.0/24], address: here}", "legacy.address"),
    ):
        (problem,) = folder.problems(f"{GRAPH}legacy: {wrong}\n")
        assert problem.path == place


@pytest.mark.parametrize(
    ("listen", "legacy", "good"),
    [
        ("10.0.0.1", "10.9.0.1", True),
        ("10.0.0.1", "fd00::1", True),
        ("10.0.0.1", "10.0.0.1", False),
        ("fd00::1", "fd00:0::1", False),
        ("10.0.0.1", "::ffff:10.0.0.1", False),
        ("0.0.0.0", "10.9.0.1", False),
        ("10.0.0.1", "::", False),
    ],
)
def test_two_listeners_share_a_port_only_on_two_addresses(
    folder: Folder, listen: str, legacy: str, good: bool
) -> None:
    text = (
        f'{GRAPH}listen: {{address: "{listen}", port: 443}}\n'
        f'legacy: {{address: "{legacy}", port: 443, networks: [10.9.0.0/24]}}\n'
    )
    assert [one.path for one in folder.problems(text)] == ([] if good else ["legacy.port"])
