"""What a person does to the simulated Exchange while it runs."""

from connector.simulators.exchange.authentication import unauthorized

from .exchange_server import ADA, KESTREL, LIST, SERVICE, asking

EVENTS = f"/mailboxes/{KESTREL}/events"


async def test_meetings_are_added_changed_and_taken_away() -> None:
    async with asking() as caller:
        new = {"subject": "Review", "start": "2026-11-23T14:00", "private": True}
        event = (await caller.control("POST", EVENTS, new))["id"]
        assert (await caller.view()).subjects == ["Review"]
        await caller.control("PATCH", f"{EVENTS}/{event}", {"subject": "Other"})
        assert (await caller.control("GET", f"{EVENTS}/{event}"))["subject"] == "Other"
        await caller.control("POST", f"{EVENTS}/{event}/respond", {"response": "declined"}, 200)
        await caller.control("POST", f"{EVENTS}/{event}/cancel", status=200)
        assert (await caller.view()).subjects == ["Canceled: Other"]
        await caller.control("DELETE", f"{EVENTS}/{event}")
        assert (await caller.control("GET", EVENTS))["events"] == []


async def test_a_window_and_one_occurrence_are_shown() -> None:
    async with asking() as caller:
        series = {"subject": "Daily", "start": "2026-11-23T09:00", "recurrence": {"type": "daily"}}
        event = (await caller.control("POST", EVENTS, series))["id"]
        window = "?start=2026-11-23T00:00:00Z&end=2026-11-26T00:00:00Z"
        assert len((await caller.control("GET", EVENTS + window))["events"]) == 3
        await caller.control("DELETE", f"{EVENTS}/{event}?on=2026-11-24")
        assert len((await caller.control("GET", EVENTS + window))["events"]) == 2
        await caller.control("GET", EVENTS + "?start=2026-11-23&end=2026-11-24", status=400)


async def test_mailboxes_come_change_and_go() -> None:
    async with asking() as caller:
        new = {"address": "new@example.com", "name": "New", "time_zone": "Europe/Berlin"}
        await caller.control("POST", "/mailboxes", new)
        changed = await caller.control(
            "PATCH", "/mailboxes/new@example.com", {"attendant": True, "hidden": True}
        )
        assert (changed["attendant"], changed["hidden"]) == (True, True)
        await caller.control("DELETE", "/mailboxes/new@example.com")
        listed = (await caller.control("GET", "/mailboxes"))["mailboxes"]
        assert [one["address"] for one in listed] == [KESTREL, ADA, SERVICE]
        await caller.control("DELETE", "/mailboxes/new@example.com", status=404)
        await caller.control("DELETE", f"/mailboxes/{KESTREL}")
        assert (await caller.view()).code == "ErrorNonExistentMailbox"


async def test_lists_of_rooms_come_and_go() -> None:
    async with asking() as caller:
        await caller.control(
            "POST", "/room-lists", {"address": "b@example.com", "rooms": [KESTREL]}
        )
        await caller.control("DELETE", f"/room-lists/{LIST}")
        listed = (await caller.control("GET", "/room-lists"))["room_lists"]
        assert [one["address"] for one in listed] == ["b@example.com"]


async def test_accounts_come_and_are_locked() -> None:
    async with asking() as caller:
        new = {"name": "EXAMPLE\\other", "password": "x", "impersonates": "all"}
        assert (await caller.control("POST", "/users", new))["impersonates"] == "all"
        await caller.control("PATCH", f"/users/{SERVICE}", {"locked": True})
        assert (await caller.view()).status == 401
        await caller.control("PATCH", f"/users/{SERVICE}", {"locked": False, "password": "right"})
        assert (await caller.view()).status == 200
        await caller.control("PATCH", f"/users/{SERVICE}", {"disabled": True})
        assert (await caller.view()).status == 401
        assert len((await caller.control("GET", "/users"))["users"]) == 2
        client = {"client_id": "app", "secret": "s", "user": SERVICE}
        assert (await caller.control("POST", "/clients", client))["user"] == SERVICE
        assert await caller.control("DELETE", "/tokens") == {"revoked": 0}


async def test_faults_are_set_and_cleared() -> None:
    async with asking() as caller:
        fault = {"kind": "error", "code": "ErrorServerBusy", "back_off": 1000, "times": 3}
        first = await caller.control("POST", "/faults", fault)
        await caller.control("POST", "/faults", {"kind": "portal"})
        await caller.control("DELETE", f"/faults/{first['id']}")
        assert len((await caller.control("GET", "/faults"))["faults"]) == 1
        assert (await caller.control("DELETE", "/faults"))["faults"] == []
        await caller.control("POST", "/faults", {"kind": "nonsense"}, status=400)


async def test_requests_are_listed_and_counted() -> None:
    async with asking() as caller:
        await caller.view()
        listed = (await caller.control("GET", "/requests?operation=FindItem"))["requests"]
        assert listed[0]["mailbox"] == KESTREL
        assert (await caller.control("GET", "/counters"))["by_operation"] == {"FindItem": 1}
        assert (await caller.control("DELETE", "/requests"))["requests"] == 0


async def test_subscriptions_are_listed_and_lost() -> None:
    async with asking() as caller:
        await caller.subscribe()
        await caller.subscribe()
        assert len((await caller.control("GET", "/subscriptions"))["subscriptions"]) == 2
        assert await caller.control("DELETE", f"/subscriptions?mailbox={KESTREL}") == {"dropped": 2}
        await caller.control("POST", "/restart", status=200)
        await caller.control("POST", f"/failover/{KESTREL}?moving=1&times=1", status=200)
        assert (await caller.view()).code == "ErrorMailboxMoveInProgress"


async def test_the_server_is_set_otherwise() -> None:
    async with asking() as caller:
        wanted = {"offers": ["NTLM"], "lockout_after": 3, "repeats": 2, "find_limit": 1}
        told = await caller.control("PATCH", "/settings", wanted)
        assert {name: told[name] for name in wanted} == wanted
        assert (await caller.control("GET", "/settings"))["offers"] == ["NTLM"]
        assert unauthorized(caller.exchange).headers["WWW-Authenticate"] == "NTLM"


async def test_the_clock_is_set() -> None:
    async with asking() as caller:
        await caller.control("PUT", "/clock", {"now": "2026-11-24T12:00:00Z"})
        assert (await caller.control("GET", "/clock"))["offset_seconds"] == 86400
        assert (await caller.control("PUT", "/clock", {}))["offset_seconds"] == 0
