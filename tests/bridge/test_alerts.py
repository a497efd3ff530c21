"""Troubles told by mail and webhooks: once, grouped, with their end, and nothing private."""

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from hypothesis import given
from hypothesis import strategies as st

from bridge.alerts import courier, message
from bridge.alerts.courier import Courier
from bridge.alerts.ledger import SETTLED_AFTER, Ledger, Note, Notice
from bridge.alerts.receivers import Mail, Undelivered
from bridge.health import BRIDGE, Health, Subject
from bridge.settings.alerts import Alerts, Smtp, Webhook
from bridge.settings.model import Site
from connector.certificates import self_signed
from connector.outside import open_outside
from connector.secret import Secret
from tests.bridge.test_settings import GRAPH, Folder
from tests.fakes.virtual import NOON, FixedClock, VirtualClock, in_virtual_time

HOLD = timedelta(seconds=60)
SECOND = timedelta(seconds=1)
KESTREL, HERON = Subject("room", "kestrel"), Subject("room", "heron")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


class Story:
    """A ledger, and what fails as time goes on."""

    def __init__(self, ledger: Ledger | None = None, now: datetime = NOON) -> None:
        self.ledger = ledger or Ledger(HOLD, NOON)
        self.now = now
        self.fails: dict[tuple[Subject, str], datetime] = {}

    def begin(self, *subjects: Subject, code: str = "timeout") -> None:
        self.fails |= {(subject, code): self.now for subject in subjects}

    def end(self, *subjects: Subject, code: str = "timeout") -> None:
        for subject in subjects:
            del self.fails[subject, code]

    def wait(self, seconds: float, *, delivered: bool = True) -> list[tuple[list[str], list[str]]]:
        """What goes out meanwhile, looked at every five seconds."""
        sent = []
        for _ in range(int(seconds // 5)):
            self.now += 5 * SECOND
            standing = [(subject, code, since) for (subject, code), since in self.fails.items()]
            self.ledger.observe(standing, self.now)
            notice = self.ledger.due(self.now)
            if notice and delivered:
                self.ledger.told(notice)
            if notice:
                sent.append(
                    ([n.subject.id for n in notice.began], [n.subject.id for n in notice.over])
                )
        return sent


class TestLedger:
    """What one receiver was told."""

    def test_a_trouble_is_told_once_and_its_end_once(self) -> None:
        story = Story()
        story.begin(KESTREL)
        assert story.wait(3600) == [(["kestrel"], [])]
        story.end(KESTREL)
        assert story.wait(3600) == [([], ["kestrel"])]
        assert story.ledger.items == []

    def test_a_blip_says_nothing(self) -> None:
        story = Story()
        for _ in range(10):
            story.begin(KESTREL)
            story.wait(20)
            story.end(KESTREL)
            assert story.wait(100) == []

    def test_a_moment_of_being_well_is_no_recovery(self) -> None:
        story = Story()
        story.begin(KESTREL)
        story.wait(100)
        for _ in range(10):
            story.end(KESTREL)
            story.wait(20)
            story.begin(KESTREL)
            assert story.wait(100) == []

    def test_what_happens_together_is_one_message(self) -> None:
        story = Story()
        story.begin(KESTREL)
        story.wait(20)
        story.begin(HERON, BRIDGE)
        assert story.wait(600) == [(["kestrel", "heron", ""], [])]
        story.end(KESTREL)
        story.begin(Subject("room", "wren"))
        assert story.wait(600) == [(["wren"], ["kestrel"])]

    def test_what_has_just_begun_waits_for_the_next_message(self) -> None:
        story = Story()
        story.begin(KESTREL)
        story.wait(50)
        story.begin(HERON)
        assert story.wait(600) == [(["kestrel"], []), (["heron"], [])]

    def test_what_came_and_went_while_nobody_could_be_reached_is_told_whole(self) -> None:
        story = Story()
        story.begin(KESTREL)
        story.wait(600, delivered=False)
        story.end(KESTREL)
        story.wait(600, delivered=False)
        assert story.wait(600) == [([], ["kestrel"])]

    def test_such_are_kept_up_to_a_bound(self) -> None:
        story = Story()
        for start in range(0, 1500, 100):
            many = [Subject("room", f"room-{number}") for number in range(start, start + 100)]
            story.begin(*many)
            story.wait(60, delivered=False)
            story.end(*many)
            story.wait(60, delivered=False)
        assert len(story.ledger.items) == 1000

    def test_a_restart_tells_nothing_again_that_still_stands(self) -> None:
        story = Story()
        story.begin(KESTREL, HERON)
        story.wait(100)
        items = story.ledger.items
        again = Story(Ledger(HOLD, story.now, items), story.now)
        assert again.wait(300) == []  # it has not shown itself yet
        again.begin(KESTREL)
        assert again.wait(SETTLED_AFTER.total_seconds() + 100) == [([], ["heron"])]
        again.end(KESTREL)
        assert again.wait(100) == [([], ["kestrel"])]

    def test_what_fails_again_while_its_end_is_sent_is_told_anew(self) -> None:
        story = Story()
        story.begin(KESTREL)
        story.wait(100)
        story.end(KESTREL)
        story.wait(70, delivered=False)
        notice = story.ledger.due(story.now)
        assert notice.over
        story.begin(KESTREL)
        story.ledger.observe([(KESTREL, "timeout", story.now)], story.now)
        story.ledger.told(notice)
        assert story.wait(300) == [(["kestrel"], [])]

    @given(
        st.lists(
            st.tuples(st.integers(0, 40), st.sampled_from([KESTREL, HERON, BRIDGE]), st.booleans())
        )
    )
    def test_whatever_happens_begin_and_end_are_told_in_turns_and_all_is_told_in_the_end(
        self, steps: list[tuple[int, Subject, bool]]
    ) -> None:
        story = Story()
        told: dict[str, bool] = {}

        def check(sent: list[tuple[list[str], list[str]]]) -> None:
            for began, over in sent:
                for name in began:
                    assert not told.get(name)
                    told[name] = True
                for name in over:
                    told[name] = False

        for ticks, subject, delivered in steps:
            if (subject, "timeout") in story.fails:
                story.end(subject)
            else:
                story.begin(subject)
            sent = story.wait(5 * ticks, delivered=delivered)
            check(sent if delivered else [])
        check(story.wait(300))
        failing = {subject.id for subject, _ in story.fails}
        assert {name for name, stands in told.items() if stands} == failing


# --- words


def test_a_message_holds_fixed_words_only() -> None:
    note = Note(subject=KESTREL, code="timeout", since=NOON)
    notice = Notice(began=[note], over=[note], standing=3)
    smtp = Smtp(host="mail", sender="rooms@example.com", to=("a@example.com", "b@example.com"))
    mail = message.mail(notice, smtp, "rooms.example.com", NOON)
    assert mail["Subject"] == (
        "[room calendars] rooms.example.com: troubles: 1 new, 1 over, 3 standing"
    )
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_content()
    assert "- room kestrel: timeout, since 2026-11-23 12:00 UTC" in text
    assert "no answer in time" in text


def test_what_the_doctor_found_is_told_with_what_mends_it_and_an_identity_as_its_source() -> None:
    found = [
        Note(subject=Subject("source", "m365"), code="over_privileged", since=NOON),
        Note(subject=Subject("identity", "m365"), code="authorization_needed", since=NOON),
    ]
    canary, identity = message.payload(Notice(began=found), "x", NOON)["began"]
    assert canary["severity"] == "critical"
    assert "canary" in canary["words"]
    assert "roombridge guide entra" in canary["fix"]
    assert (identity["kind"], identity["id"]) == ("source", "m365")
    assert identity["fix"] == "roombridge sources authorize m365"


def test_what_asks_for_nothing_is_not_told(tmp_path: Path) -> None:
    async def work(_: Courier, health: Health, _hooked: Hooked) -> None:
        health.bad(KESTREL, "throttled")
        await asyncio.sleep(600)
        health.bad(HERON, "timeout")
        await asyncio.sleep(600)

    (only,) = in_virtual_time(play(tmp_path, work)).told
    assert [(one["id"], one["code"]) for one in only["began"]] == [("heron", "timeout")]
    assert only["counts"]["standing"] == 0


def test_a_thousand_troubles_are_still_a_short_message() -> None:
    notes = [Note(subject=Subject("room", f"r{n}"), code="timeout", since=NOON) for n in range(999)]
    told = message.payload(Notice(began=notes), "x", NOON)
    assert len(told["began"]) == 100
    assert told["counts"]["began"] == 999
    assert "and 899 more" in told["text"]


# --- mail


class Post:
    """A mail server's memory."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.logins: list[str] = []

    async def handle_RCPT(self, *told: Any) -> str:  # noqa: N802 - aiosmtpd's name
        envelope, address = told[2], told[3]
        if address.startswith("refused"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 yes"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.append(envelope)
        return "250 kept"

    def authenticate(self, *told: Any) -> AuthResult:
        login = told[-1]
        assert isinstance(login, LoginPassword)
        self.logins.append(login.login.decode())
        return AuthResult(success=login.password == b"planted-right", handled=False)


@asynccontextmanager
async def mail_server(
    post: Post, folder: Path, *, tls_at_once: bool = False, **more: Any
) -> AsyncIterator[tuple[int, Path]]:
    """A real server that wants TLS and a login; its port, and the authority to trust."""
    made = self_signed(["localhost"], days=2, now=datetime.now(UTC))
    ca, key = folder / "ca.pem", folder / "mail.key"

    def write() -> None:
        ca.write_bytes(made.pem)
        key.write_bytes(made.key)

    await asyncio.to_thread(write)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca, key)
    usual: dict[str, Any] = {
        "require_starttls": True,
        "auth_required": True,
        "authenticator": post.authenticate,
    }
    given = {"hostname": "localhost", "tls_context": context, **usual} | more
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(post, **given), "127.0.0.1", 0, ssl=context if tls_at_once else None
    )
    try:
        yield server.sockets[0].getsockname()[1], ca
    finally:
        server.close()
        await server.wait_closed()


def settings(port: int, **more: Any) -> Smtp:
    usual: dict[str, Any] = {
        "username": "bridge",
        "password": Secret("planted-right"),
        "to": ("facilities@example.com",),
    }
    return Smtp(host="localhost", port=port, sender="rooms@example.com", **(usual | more))


NOTICE = Notice(began=[Note(subject=KESTREL, code="timeout", since=NOON)])


async def test_mail_goes_out_with_starttls_and_login(tmp_path: Path, clock: FixedClock) -> None:
    post = Post()
    async with mail_server(post, tmp_path) as (port, ca), open_outside(clock, ca_file=ca) as out:
        await Mail(settings(port)).send(NOTICE, "rooms.example.com", out)
    (mail,) = post.mails
    assert post.logins == ["bridge"]
    assert mail.mail_from == "rooms@example.com"
    assert mail.rcpt_tos == ["facilities@example.com"]
    assert isinstance(mail.content, bytes)
    assert b"room kestrel: timeout" in mail.content


async def test_mail_goes_out_over_tls_from_the_first_byte(
    tmp_path: Path, clock: FixedClock
) -> None:
    post = Post()
    server: dict[str, Any] = {"tls_context": None, "require_starttls": False}
    async with (
        mail_server(post, tmp_path, tls_at_once=True, auth_required=False, **server) as (port, ca),
        open_outside(clock, ca_file=ca) as out,
    ):
        smtp = settings(port, tls="tls", username="", password=None)
        await Mail(smtp).send(NOTICE, "rooms.example.com", out)
    assert len(post.mails) == 1


async def test_mail_goes_to_a_server_in_the_same_rack_without_tls_and_login(
    tmp_path: Path, clock: FixedClock
) -> None:
    post = Post()
    server: dict[str, Any] = {"tls_context": None, "require_starttls": False}
    async with (
        mail_server(post, tmp_path, auth_required=False, **server) as (port, _),
        open_outside(clock) as out,
    ):
        smtp = settings(port, tls="none", username="", password=None)
        await Mail(smtp).send(NOTICE, "rooms.example.com", out)
    assert (len(post.mails), post.logins) == (1, [])


@pytest.mark.parametrize(
    ("more", "server", "trusted", "words"),
    [
        ({"password": Secret("planted-wrong")}, {}, True, "refuses the login"),
        ({}, {}, False, "not trusted"),
        ({}, {"tls_context": None, "require_starttls": False}, True, "not trusted"),
        ({"to": ("refused@example.com",)}, {}, True, "refuses the recipients"),
    ],
)
async def test_what_keeps_mail_from_arriving_is_told_without_secrets(
    tmp_path: Path,
    clock: FixedClock,
    more: dict[str, Any],
    server: dict[str, Any],
    trusted: bool,
    words: str,
) -> None:
    """Also where the server offers no TLS: the password never travels in clear."""
    post = Post()
    async with (
        mail_server(post, tmp_path, **server) as (port, ca),
        open_outside(clock, ca_file=ca if trusted else None) as out,
    ):
        smtp = settings(port, **more)
        with pytest.raises(Undelivered, match=words) as caught:
            await Mail(smtp).send(NOTICE, "rooms.example.com", out)
    assert "planted" not in str(caught.value)
    assert post.mails == []
    if not trusted or "tls_context" in server:
        assert post.logins == []


# --- webhooks, in virtual time


class Hooked:
    """A service that is told, and has faults."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.logins: list[str] = []
        self.asked: list[float] = []
        self.answers: list[web.Response] = []

    async def serve(self, request: web.Request) -> web.Response:
        self.asked.append(asyncio.get_running_loop().time())
        if self.answers:
            return self.answers.pop(0)
        self.logins.append(request.headers.get("Authorization", ""))
        self.told.append(await request.json())
        return web.Response(status=204)


Play = Callable[[Courier, Health, Hooked], Coroutine[Any, Any, None]]


async def play(folder: Path, work: Play) -> Hooked:
    """A courier with one webhook that keeps a secret in its address."""
    hooked, clock = Hooked(), VirtualClock()
    health = Health(clock)
    app = web.Application()
    app.router.add_post("/planted-key", hooked.serve)
    server = TestServer(app)
    async with server, open_outside(clock) as outside:
        url = Secret(str(server.make_url("/planted-key")))
        hook = Webhook(url=url, token=Secret("planted-token"))
        site = Site(alerts=Alerts(webhooks=(hook,)), public_url="https://rooms.example.com")
        made = Courier(outside, health=health, data_dir=folder)
        async with made.running():
            made.adopt(site)
            await work(made, health, hooked)
    return hooked


def test_a_trouble_and_its_end_reach_a_webhook_and_nothing_else_does(tmp_path: Path) -> None:
    async def work(_: Courier, health: Health, _hooked: Hooked) -> None:
        health.bad(KESTREL, "timeout", "planted words of a service")
        health.bad(HERON, "timeout")
        await asyncio.sleep(600)
        health.good(KESTREL)
        await asyncio.sleep(600)
        health.bad(BRIDGE, "disk_failing")
        await asyncio.sleep(15)
        health.good(BRIDGE)
        await asyncio.sleep(600)

    hooked = in_virtual_time(play(tmp_path, work))
    first, second = hooked.told
    assert [one["id"] for one in first["began"]] == ["kestrel", "heron"]
    assert [one["id"] for one in second["over"]] == ["kestrel"]
    assert second["counts"] == {"began": 0, "over": 1, "standing": 1}
    assert hooked.logins == ["Bearer planted-token"] * 2
    assert "planted" not in json.dumps(hooked.told)


def test_faults_of_the_receiver_are_outlasted_with_growing_patience(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    codes: list[str] = []

    async def work(_: Courier, health: Health, hooked: Hooked) -> None:
        hooked.answers = [web.Response(status=500) for _ in range(5)]
        health.bad(KESTREL, "timeout")
        await asyncio.sleep(300)
        codes.extend(one.code for one in health.of(BRIDGE))
        await asyncio.sleep(3000)
        codes.extend(one.code for one in health.of(BRIDGE))

    with caplog.at_level(logging.DEBUG):
        hooked = in_virtual_time(play(tmp_path, work))
    gaps = [after - before for before, after in zip(hooked.asked, hooked.asked[1:], strict=False)]
    assert all(gap > 25 for gap in gaps[:5])
    assert gaps[3] > 3 * gaps[0]
    assert codes == ["alerts_failing"]
    told = [[(one["code"], one["ended"]) for one in m["began"] + m["over"]] for m in hooked.told]
    assert told[0][0] == ("timeout", None)
    assert [code for one in told for code, _ in one].count("timeout") == 1
    ours = [record for record in caplog.records if record.name.startswith(("bridge", "connector"))]
    assert "planted" not in str([record.getMessage() for record in ours])


def test_a_receiver_that_asks_for_silence_gets_it(tmp_path: Path) -> None:
    async def work(_: Courier, health: Health, hooked: Hooked) -> None:
        hooked.answers = [web.Response(status=429, headers={"Retry-After": "900"})]
        health.bad(KESTREL, "timeout")
        await asyncio.sleep(2000)

    hooked = in_virtual_time(play(tmp_path, work))
    assert hooked.asked[1] - hooked.asked[0] >= 900


def test_after_a_restart_a_standing_trouble_is_not_told_again(tmp_path: Path) -> None:
    async def first(_: Courier, health: Health, _hooked: Hooked) -> None:
        health.bad(KESTREL, "timeout")
        await asyncio.sleep(100)

    port = 0
    told: list[int] = []

    async def both() -> None:
        nonlocal port
        for work in (first, first, over):
            hooked = await play_again(tmp_path, work)
            told.append(len(hooked.told))

    async def over(_: Courier, _health: Health, _hooked: Hooked) -> None:
        await asyncio.sleep(SETTLED_AFTER.total_seconds() + 100)

    async def play_again(folder: Path, work: Play) -> Hooked:
        """The receiver keeps its address over restarts of the appliance."""
        nonlocal port
        hooked, clock = Hooked(), VirtualClock()
        health = Health(clock)
        app = web.Application()
        app.router.add_post("/planted-key", hooked.serve)
        server = TestServer(app, port=port)
        async with server, open_outside(clock) as outside:
            port = server.port or 0
            hook = Webhook(url=Secret(str(server.make_url("/planted-key"))))
            made = Courier(outside, health=health, data_dir=folder)
            async with made.running():
                made.adopt(Site(alerts=Alerts(webhooks=(hook,))))
                await work(made, health, hooked)
        return hooked

    in_virtual_time(both())
    assert told == [1, 0, 1]
    kept = (tmp_path / courier.NAME).read_bytes()
    assert b"planted" not in kept
    assert (tmp_path / courier.NAME).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"", b"\xff", b"[1]", b'{"mail": [{"key": 5}]}'])
def test_a_damaged_memory_is_no_obstacle(tmp_path: Path, content: bytes) -> None:
    (tmp_path / courier.NAME).write_bytes(content)

    async def work(_: Courier, health: Health, _hooked: Hooked) -> None:
        health.bad(KESTREL, "timeout")
        await asyncio.sleep(100)

    assert len(in_virtual_time(play(tmp_path, work)).told) == 1


def test_a_test_message_says_for_each_receiver_how_it_went(tmp_path: Path) -> None:
    outcomes: list[Any] = []

    async def work(made: Courier, _: Health, hooked: Hooked) -> None:
        outcomes.extend(await made.test())
        hooked.answers = [web.Response(status=403)]
        outcomes.extend(await made.test())

    hooked = in_virtual_time(play(tmp_path, work))
    assert hooked.told[0]["test"] is True
    assert outcomes == [("webhook 1", True, ""), ("webhook 1", False, "HTTP 403")]


# --- settings


@pytest.mark.parametrize(
    ("alerts", "place"),
    [
        ("{hold: 0s}", "alerts.hold"),
        ("{hold: 2h}", "alerts.hold"),
        ("{webhooks: [{url: 'http://chat.example.com/x'}]}", "alerts.webhooks[0].url"),
        ("{webhooks: [{url: chat}]}", "alerts.webhooks[0].url"),
        ("{webhooks: [{token: x}]}", "alerts.webhooks.[0].url"),
        ("{smtp: {host: m, from: a@example.com, to: []}}", "alerts.smtp.to"),
        ("{smtp: {host: m, from: nobody, to: [b@example.com]}}", "alerts.smtp.from"),
        ("{smtp: {host: m, from: a@example.com, to: [b]}}", "alerts.smtp.to"),
        ("{smtp: {host: m, to: [b@example.com]}}", "alerts.smtp.from"),
        (
            "{smtp: {host: m, from: a@example.com, to: [b@example.com], tls: none, username: u}}",
            "alerts.smtp.tls",
        ),
    ],
)
def test_wrong_settings_are_told_with_their_place(folder: Folder, alerts: str, place: str) -> None:
    (problem,) = folder.problems(f"{GRAPH}alerts: {alerts}\n")
    assert problem.path.replace(".[", "[") == place.replace(".[", "[")
    assert "chat" not in problem.words


def test_secrets_of_alerts_come_from_files(folder: Folder) -> None:
    folder.write("hook", "https://chat.example.com/planted")
    folder.write("mail", "planted")
    good = folder.good(
        f"""{GRAPH}
alerts:
  smtp: {{host: m, from: a@example.com, to: [b@example.com], username: u, password_file: mail}}
  webhooks: [{{url_file: hook, token_file: mail}}]
"""
    )
    assert good.site.alerts
    assert good.site.alerts.smtp
    assert good.site.alerts.smtp.sender == "a@example.com"
    assert good.site.alerts.webhooks[0].url.reveal().endswith("planted")
    assert "planted" not in repr(good)
