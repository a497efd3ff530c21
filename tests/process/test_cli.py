"""The command line against a running appliance, and without one."""

import json
import re
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from connector.simulators.cisco import Codec
from tests.process.conftest import Running, Site, command, until

ZOOM = "<p>Join Zoom Meeting<br>https://zoom.us/j/91234567890<br>Join by SIP<br>91234567890@zoomcrc.com</p>"


async def test_agenda_tells_what_a_room_shows(site: Site) -> None:
    site.book("Review", body=ZOOM)
    async with site.running() as running:
        await until(running.titles)
        status, out, _ = await site.command("agenda", "kestrel")
        assert status == 0
        assert "Kestrel (kestrel@example.com), Europe/London" in out
        assert "Review" in out
        assert "91234567890@zoomcrc.com" in out
        status, out, _ = await site.command("agenda", "kestrel", "--json")
        assert json.loads(out)["bookings"][0]["title"] == "Review"
        far = datetime.now(UTC) + timedelta(days=100)
        day = ("--from", far.isoformat(), "--to", (far + timedelta(days=1)).isoformat())
        status, out, _ = await site.command("agenda", "kestrel", *day)
        assert "no bookings" in out
        status, _, told = await site.command("agenda", "kestrel", "--from", "2099-01-01T00:00:00Z")
        assert status == 1
        assert "550" in told or "changes" in told
        status, _, errors = await site.command("agenda", "nowhere")
        assert (status, errors) == (1, "There is no such room\n")
        status, _, errors = await site.command("agenda", "kestrel", "--from", "soon")
        assert (status, errors) == (1, "`from` is not RFC 3339\n")


async def test_explain_tells_how_why_and_whether_the_codec_has_it(site: Site, codec: Codec) -> None:
    site.book("Review", body=ZOOM)
    site.book("Off", hour=3, cancelled=True)
    site.book("Far", hour=100)
    site.book("Over", hour=-5)
    async with site.running() as running:
        await until(running.titles)

        async def known() -> tuple[int, str] | None:
            status, out, _ = await site.command("explain", "kestrel")
            return (status, out) if "has it" in out else None

        status, out = await until(known, "the codec's list")
        assert status == 1, "one booking has no button"
        for words in (
            "dials 91234567890@zoomcrc.com",
            "kestrel-codec (cisco): has it",
            "no button: no_online_meeting",
            "kestrel-codec (cisco): beyond_push_range",
            "not shown: cancelled",
        ):
            assert words in out, words
        told = json.loads((await site.command("explain", "kestrel", "--json"))[1])
        over, review = told["bookings"][:2]
        assert (over["title"], over["endpoints"]) == ("Over", []), "nobody can join it any more"
        only = review["id"]
        status, out, _ = await site.command("explain", "kestrel", only)
        assert status == 0
        assert "Far" not in out


async def test_a_codec_that_refuses_is_told_with_its_mend(site: Site, codec: Codec) -> None:
    codec.users.remove("bridge")
    site.book("Review", body=ZOOM)
    async with site.running() as running:
        await until(running.titles)

        async def denied() -> bool:
            told = await running.get("/api/v1/rooms/kestrel")
            return any(one["code"] == "endpoint_denied" for one in told["health"])

        await until(denied)
        _, out, _ = await site.command("explain", "kestrel")
        assert "kestrel-codec (cisco): endpoint_denied" in out
        assert "to mend it: set the password of a local Admin user" in out
        before = len(codec.requests)
        running.process.send_signal(signal.SIGHUP)
        status, _, err = await site.command("endpoints", "push", "kestrel-codec")
        assert status == 1
        assert "`roombridge endpoints push kestrel-codec` tries once more" in err
        assert len(codec.requests) == before + 1
        codec.users.set("bridge", "right")
        status, out, _ = await site.command("endpoints", "push", "kestrel-codec")
        assert (status, out.strip()) == (0, "kestrel-codec took its list")


async def asked(running: Running, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    url = f"http://127.0.0.1:{running.port}/api/v1/rooms"
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as answer:
        return answer.status


async def test_tokens_are_made_listed_and_revoked(site: Site) -> None:
    async with site.running() as running:
        status, out, _ = await site.command("tokens", "create", "signage", "--scope", "join")
        assert status == 0
        token = out.strip()
        assert await asked(running, token) == 403, "join alone opens no rooms"
        made = json.loads(
            (await site.command("tokens", "create", "panel", "--display", "kestrel", "--json"))[1]
        )
        assert await asked(running, made["token"]) == 200
        status, out, _ = await site.command("tokens", "list")
        assert "display of kestrel" in out
        assert made["token"] not in out
        assert (await site.command("tokens", "revoke", made["id"]))[0] == 0
        assert await asked(running, made["token"]) == 401
        status, _, errors = await site.command("tokens", "revoke", made["id"])
        assert (status, errors) == (1, "There is no such token in force\n")
        status, _, errors = await site.command("tokens", "create", "x", "--display", "nowhere")
        assert (status, errors) == (1, "There is no such room\n")
        await running.stop()
    async with site.running() as running:
        assert await asked(running, made["token"]) == 401, "revoked tokens stay so"


async def test_without_an_appliance_its_commands_say_so(site: Site) -> None:
    site.write()
    status, _, errors = await site.command("agenda", "kestrel")
    assert status == 2
    assert "no appliance runs with this configuration" in errors


async def test_check_tells_every_problem_and_how_bad(site: Site, codec: Codec) -> None:
    site.write()
    status, out, errors = await site.command("check")
    assert (status, out) == (0, "")
    assert "can be used: 1 rooms, 1 endpoints, 1 sources" in errors
    del site.settings["acknowledge"]
    site.write()
    status, out, _ = await site.command("check")
    assert status == 1
    assert "warning" in out
    assert "Cisco" in out
    site.settings["stale_aftr"] = "1h"
    site.write()
    status, out, _ = await site.command("check", "--json")
    told = json.loads(out)
    assert status == 2
    assert not told["ok"]
    assert {"bridge.yaml", "rooms.yaml"} == {Path(one["file"]).name for one in told["problems"]}
    assert told["problems"][0]["hint"] == "did you mean stale_after?"
    assert "cannot be used: 2 problems" in (await site.command("check"))[2]


async def joined(*words: str, stdin: str = "") -> tuple[int, Any]:
    status, out, errors = await command("join", *words, "--json", stdin=stdin)
    assert not errors
    return status, json.loads(out)


async def test_join_reads_an_invitation_without_any_configuration(tmp_path: Path) -> None:
    file = tmp_path / "invitation.txt"
    file.write_text("Join Zoom Meeting\nhttps://zoom.us/j/91234567890\nPasscode: 123456\n")
    status, told = await joined(str(file))
    assert status == 0
    assert (told["provider"], told["meeting_id"]) == ("zoom", "91234567890")
    assert told["dial"] == "91234567890.123456@zoomcrc.com"
    status, told = await joined("-", stdin="lunch?")
    assert status == 1
    assert (told["provider"], told["reason"]) == (None, "no_online_meeting")


async def test_join_reads_many_invitations_a_line_each() -> None:
    lines = [
        {"id": "a", "text": "https://zoom.us/j/91234567890"},
        {"id": "b", "html": "<a href='https://meet.google.com/abc-defg-hij'>x</a>"},
        {"id": "c", "subject": "s", "location": "sip:room@example.com"},
    ]
    status, out, _ = await command("join", "-", "--jsonl", stdin="\n".join(map(json.dumps, lines)))
    told = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert [one["id"] for one in told] == ["a", "b", "c"]
    assert [one["provider"] for one in told] == ["zoom", "meet", "sip"]


async def test_join_says_what_it_cannot_read(tmp_path: Path) -> None:
    status, _, errors = await command("join", str(tmp_path / "nowhere.eml"))
    assert status == 2
    assert "nowhere.eml" in errors
    assert "Traceback" not in errors


async def test_what_all_commands_take_may_stand_before_them_too(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere.yaml")
    told = [
        await command(*words)
        for words in (
            ["--config", nowhere, "--json", "check"],
            ["--json", "check", "--config", nowhere],
            ["check", "--json", "--config", nowhere],
            ["--config", "other.yaml", "check", "--json", "--config", nowhere],
        )
    ]
    assert [status for status, _, _ in told] == [2] * 4
    assert len({out for _, out, _ in told}) == 1


async def test_the_version_is_told() -> None:
    status, out, _ = await command("--version")
    assert status == 0
    assert re.fullmatch(r"roombridge \d+\.\d+\S*\n", out)


async def test_bad_usage_is_2() -> None:
    for words in (["fly"], ["agenda"], ["tokens"], ["demo", "--port", "x"]):
        status, _, errors = await command(*words)
        assert status == 2
        assert "usage: roombridge" in errors
