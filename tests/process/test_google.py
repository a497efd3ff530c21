"""`roombridge run` with rooms of Google Workspace."""

from datetime import UTC, datetime, timedelta

from aiohttp.test_utils import TestServer

from connector.simulators.google import ACCOUNT, Workspace, app
from tests.process.conftest import Site, until

ENTRY = {"entryPointType": "sip", "uri": "sip:91234567890@zoomcrc.com"}


async def test_a_meeting_at_google_reaches_the_api_and_an_outage_removes_nothing(
    site: Site,
) -> None:
    workspace = Workspace()
    account = workspace.add_service_account()
    kestrel = workspace.add_room("kestrel@example.com", shared_with=[ACCOUNT])
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    kestrel.add(
        "Review", start, start + timedelta(hours=1), conferenceData={"entryPoints": [ENTRY]}
    )
    server = TestServer(app(workspace))
    async with server:
        url = str(server.make_url("/")).rstrip("/")
        site.secrets["secret"] = account.key_file(f"{url}/token")
        site.settings["sources"] = {
            "workspace": {
                "kind": "google",
                "service_account_file": "secret",
                "calendar_url": f"{url}/calendar/v3/",
                "token_url": f"{url}/token",
            }
        }
        async with site.running() as running:
            assert await until(running.titles) == ["Review"]
            told_agenda = await running.get("/api/v1/rooms/kestrel/agenda")
            (booking,) = told_agenda["bookings"]
            assert booking["join"]["sip"] == "91234567890@zoomcrc.com"
            kestrel.share(ACCOUNT, None)

            async def told() -> bool:
                room = await running.get("/api/v1/rooms/kestrel")
                return "unshared" in {one["code"] for one in room["health"]}

            await until(told, "that the calendar is no longer shared")
            assert await running.titles() == ["Review"]
            kestrel.share(ACCOUNT)
            kestrel.add("Second", start + timedelta(hours=2), start + timedelta(hours=3))

            async def both() -> bool:
                return await running.titles() == ["Review", "Second"]

            await until(both, "the second meeting")
