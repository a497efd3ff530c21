"""People who sign in for an application: codes, refresh tokens, and calendars shared with them."""

from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from connector.simulators.graph import CLIENT_ID, TENANT_ID
from connector.simulators.graph.delegated import DEVICE_CODE

from .graph_tenant import KESTREL, Answer, Caller, asking, meeting

ROOMS = "rooms@example.com"
SCOPE = "https://graph.microsoft.com/Calendars.Read.Shared openid profile offline_access"


@pytest.fixture
async def graph() -> AsyncIterator[Caller]:
    """A tenant with a service account with which a room is shared."""
    async with asking() as caller:
        caller.tenant.register_app(public=True)
        caller.tenant.add_account(ROOMS, mailboxes=[KESTREL])
        yield caller


async def begun(graph: Caller, **form: str) -> Any:
    data = {"client_id": CLIENT_ID, "scope": SCOPE} | form
    answer = await graph.ask("POST", f"/{TENANT_ID}/oauth2/v2.0/devicecode", data=data)
    assert answer.status == 200, answer.body
    return answer.json


async def asked(graph: Caller, code: str, wait: float = 5) -> Answer:
    graph.clock.move(seconds=wait)
    form = {"client_secret": None, "scope": None, "grant_type": DEVICE_CODE}
    return await graph.log_in(**form, device_code=code)


async def renewed(graph: Caller, token: str, scope: str | None = SCOPE) -> Answer:
    form = {"client_secret": None, "grant_type": "refresh_token", "scope": scope}
    return await graph.log_in(**form, refresh_token=token)


async def signed_in(graph: Caller, **form: str) -> Any:
    told = await begun(graph, **form)
    graph.tenant.sign_in(told["user_code"], ROOMS)
    return (await asked(graph, told["device_code"])).json


async def test_somebody_signs_in_elsewhere_and_the_device_gets_its_tokens(graph: Caller) -> None:
    told = await begun(graph)
    assert told.keys() == {
        *("user_code", "device_code", "verification_uri", "expires_in", "interval", "message")
    }
    assert (told["expires_in"], told["interval"]) == (900, 5)
    assert told["user_code"] in told["message"]
    waiting = await asked(graph, told["device_code"])
    assert (waiting.status, waiting.json["error"]) == (400, "authorization_pending")
    assert waiting.json["error_codes"] == [70016]
    graph.tenant.sign_in(told["user_code"], ROOMS)
    answer = await asked(graph, told["device_code"])
    assert answer.status == 200
    assert answer.json["scope"] == "https://graph.microsoft.com/Calendars.Read.Shared"
    _, claims, signature = answer.json["id_token"].split(".")
    told = msgspec.json.decode(urlsafe_b64decode(claims + "=="))
    assert (told["preferred_username"], told["tid"], signature) == (ROOMS, TENANT_ID, "")


async def test_a_code_is_good_for_one_sign_in(graph: Caller) -> None:
    told = await begun(graph)
    graph.tenant.sign_in(told["user_code"], ROOMS)
    assert (await asked(graph, told["device_code"])).status == 200
    again = await asked(graph, told["device_code"])
    assert again.json["error"] == "bad_verification_code"
    with pytest.raises(KeyError):
        graph.tenant.sign_in(told["user_code"], ROOMS)


async def test_who_asks_too_often_is_told_to_slow_down(graph: Caller) -> None:
    told = await begun(graph)
    await asked(graph, told["device_code"])
    assert (await asked(graph, told["device_code"], 4.9)).json["error"] == "slow_down"
    later = await asked(graph, told["device_code"], 5)
    assert later.json["error"] == "authorization_pending"


async def test_a_code_lives_a_quarter_of_an_hour(graph: Caller) -> None:
    told = await begun(graph)
    late = await asked(graph, told["device_code"], 900)
    assert (late.json["error"], late.json["error_codes"]) == ("expired_token", [70020])
    assert not graph.tenant.sign_ins.waiting()


@pytest.mark.parametrize("error", ["authorization_declined", "access_denied"])
async def test_somebody_can_say_no(graph: Caller, error: str) -> None:
    told = await begun(graph)
    path = f"/sign-ins/{told['user_code']}/decline"
    await graph.control("POST", path, {"error": error}, 200)
    assert (await asked(graph, told["device_code"])).json["error"] == error


async def test_without_public_client_flows_there_are_no_tokens(graph: Caller) -> None:
    graph.tenant.register_app(secret="right")
    told = await begun(graph)
    answer = await asked(graph, told["device_code"])
    assert (answer.status, answer.json["error_codes"]) == (401, [7000218])


async def test_each_refresh_token_is_exchanged_for_another_and_lives_on(graph: Caller) -> None:
    first = (await signed_in(graph))["refresh_token"]
    second = (await renewed(graph, first)).json["refresh_token"]
    assert second != first
    assert (await renewed(graph, first)).status == 200
    assert (await renewed(graph, second, None)).status == 200


async def test_a_refresh_token_dies_after_ninety_days(graph: Caller) -> None:
    token = (await signed_in(graph))["refresh_token"]
    graph.clock.move(days=89.9)
    younger = (await renewed(graph, token)).json["refresh_token"]
    graph.clock.move(days=0.1)
    answer = await renewed(graph, token)
    assert (answer.json["error"], answer.json["error_codes"]) == ("invalid_grant", [700082])
    assert (await renewed(graph, younger)).status == 200


async def test_a_refresh_token_is_revoked_with_all_of_its_kind(graph: Caller) -> None:
    token = (await signed_in(graph))["refresh_token"]
    assert await graph.control("DELETE", f"/accounts/{ROOMS}/grants") == {"revoked": 1}
    answer = await renewed(graph, token)
    assert (answer.json["error"], answer.json["error_codes"]) == ("invalid_grant", [50173])


async def test_a_refresh_token_buys_nothing_new(graph: Caller) -> None:
    token = (await signed_in(graph))["refresh_token"]
    answer = await renewed(graph, token, "Mail.Read offline_access")
    assert answer.json["error_codes"] == [65001]
    assert (await renewed(graph, "1.made-up")).json["error"] == "invalid_grant"


async def test_there_is_no_refresh_token_without_offline_access(graph: Caller) -> None:
    told = await signed_in(graph, scope="Calendars.Read.Shared")
    assert told.keys().isdisjoint({"refresh_token", "id_token"})


async def test_calendars_that_are_shared_are_readable_and_no_others(graph: Caller) -> None:
    graph.kestrel.add(meeting())
    graph.tenant.add_mailbox("heron@example.com")
    graph.token = (await signed_in(graph))["access_token"]
    assert (await graph.view()).subjects == ["Review"]
    day = {"startDateTime": "2026-11-23T00:00:00Z", "endDateTime": "2026-11-24T00:00:00Z"}
    refused = await graph.get("/v1.0/users/heron@example.com/calendarView", **day)
    assert (refused.status, refused.code) == (403, "ErrorAccessDenied")
    graph.tenant.add_account(ROOMS)
    assert (await graph.view()).status == 403


async def test_the_permission_for_shared_calendars_is_needed(graph: Caller) -> None:
    told = await signed_in(graph, scope="https://graph.microsoft.com/Calendars.Read")
    graph.token = told["access_token"]
    assert (await graph.view()).status == 403


async def test_the_control_api_signs_people_in(graph: Caller) -> None:
    added = await graph.control("POST", "/accounts", {"address": "Ada@example.com"})
    assert added["address"] == "ada@example.com"
    told = await begun(graph)
    (waiting,) = (await graph.control("GET", "/sign-ins"))["sign_ins"]
    assert waiting["user_code"] == told["user_code"]
    path = f"/sign-ins/{told['user_code'].lower()}"
    await graph.control("POST", path, {"account": "nobody@example.com"}, 404)
    done = await graph.control("POST", path, {"account": "ada@example.com"}, 200)
    assert done["account"] == "ada@example.com"
    assert (await graph.control("GET", "/sign-ins")) == {"sign_ins": []}
    assert (await asked(graph, told["device_code"])).status == 200
    people = (await graph.control("GET", "/accounts"))["accounts"]
    assert [one["address"] for one in people] == [ROOMS, "ada@example.com"]


async def test_a_page_takes_the_code(graph: Caller) -> None:
    told = await begun(graph)
    path = told["verification_uri"].rpartition("/")[2]
    assert b"<form" in (await graph.ask("GET", f"/{path}")).body
    wrong = await graph.ask("POST", f"/{path}", data={"code": "XXX", "account": ROOMS})
    assert wrong.status == 400
    form = {"code": told["user_code"], "account": ROOMS}
    assert b"You are signed in" in (await graph.ask("POST", f"/{path}", data=form)).body
    assert (await asked(graph, told["device_code"])).status == 200


async def test_who_left_renews_nothing(graph: Caller) -> None:
    token = (await signed_in(graph))["refresh_token"]
    await graph.control("DELETE", f"/accounts/{ROOMS}")
    assert (await renewed(graph, token)).json["error"] == "invalid_grant"


async def test_codes_of_other_applications_are_unknown(graph: Caller) -> None:
    other = "22222222-2222-4222-8222-222222222222"
    graph.tenant.register_app(other, public=True)
    told = await begun(graph, client_id=other)
    graph.clock.move(seconds=timedelta(seconds=5).total_seconds())
    assert (await asked(graph, told["device_code"])).json["error"] == "bad_verification_code"
