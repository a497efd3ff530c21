"""The token endpoint of the simulated workspace."""

from datetime import timedelta
from typing import Any

import pytest

from connector.simulators.google import ACCOUNT
from tests.connector.simulators.google_workspace import ALL, GRANT, assertion, calling, grant
from tests.fakes.virtual import NOON, FixedClock


async def refused(more: dict[str, Any], **form: str) -> tuple[int, str, str]:
    async with calling() as caller:
        signed = assertion(caller.workspace, **more)
        status, told = await grant(caller.http, {"grant_type": GRANT, "assertion": signed, **form})
        return status, told["error"], told["error_description"]


HOUR = timedelta(hours=1)
WRONG: list[tuple[dict[str, Any], str, int, str]] = [
    ({"iss": "nobody@example.com"}, "account not found", 400, "invalid_grant"),
    ({"kid": "0" * 40}, "Signature", 400, "invalid_grant"),
    ({"now": NOON - 2 * HOUR}, "timeframe", 400, "invalid_grant"),
    ({"now": NOON + 2 * HOUR}, "timeframe", 400, "invalid_grant"),
    ({"exp": int(NOON.timestamp()) + 7300}, "timeframe", 400, "invalid_grant"),
    ({"exp": "soon"}, "timeframe", 400, "invalid_grant"),
    ({"aud": "https://example.com/"}, "audience", 400, "invalid_grant"),
    ({"scope": ""}, "scope", 400, "invalid_scope"),
    ({"scope": "openid"}, "scope", 400, "invalid_scope"),
    ({"sub": "ada@example.com"}, "unauthorized", 401, "unauthorized_client"),
]


@pytest.mark.parametrize(("claims", "words", "status", "error"), WRONG)
async def test_an_assertion_that_is_wrong_is_refused(
    claims: dict[str, Any], words: str, status: int, error: str
) -> None:
    found = await refused(claims)
    assert found[:2] == (status, error)
    assert words in found[2]


async def test_only_assertions_are_taken() -> None:
    assert (await refused({}, grant_type="password"))[:2] == (400, "unsupported_grant_type")
    assert (await refused({}, assertion="a.b.c"))[:2] == (400, "invalid_request")
    assert (await refused({}, assertion="nonsense"))[:2] == (400, "invalid_request")


async def test_somebody_elses_name_needs_every_scope_delegated() -> None:
    async with calling() as caller:
        form = {"grant_type": GRANT, "assertion": assertion(caller.workspace, sub="a@example.com")}
        caller.workspace.accounts[ACCOUNT].delegated |= set(ALL.split()[:-1])
        assert (await grant(caller.http, form))[1]["error"] == "unauthorized_client"
        caller.workspace.accounts[ACCOUNT].delegated |= set(ALL.split())
        assert (await grant(caller.http, form))[1]["error"] == "invalid_grant"
        caller.workspace.add_user("a@example.com")
        status, told = await grant(caller.http, form)
        assert (status, told["token_type"], told["expires_in"]) == (200, "Bearer", 3599)
        token = caller.workspace.token(told["access_token"])
        assert token is not None
        assert token.subject == "a@example.com"


async def test_keys_rotate_and_are_deleted() -> None:
    async with calling() as caller:
        account = caller.workspace.accounts[ACCOUNT]
        old = next(iter(account.keys))
        account.rotate()
        for name in list(account.keys):
            form = {"grant_type": GRANT, "assertion": assertion(caller.workspace, key=name)}
            assert (await grant(caller.http, form))[0] == 200
        form = {"grant_type": GRANT, "assertion": assertion(caller.workspace, key=old)}
        account.delete_key(old)
        assert (await grant(caller.http, form))[1]["error"] == "invalid_grant"
        account.disabled = True
        form = {"grant_type": GRANT, "assertion": assertion(caller.workspace)}
        assert await grant(caller.http, form) == (
            401,
            {"error": "disabled_client", "error_description": "The OAuth client was disabled."},
        )


async def test_a_token_ends_after_its_hour() -> None:
    clock = FixedClock()
    async with calling(clock) as caller:
        assert (await caller.get())["kind"] == "calendar#events"
        clock.move(timedelta(seconds=3600))
        assert await caller.refused() == (401, "authError")


async def test_tokens_are_for_their_scopes() -> None:
    async with calling() as caller:
        scope = "https://www.googleapis.com/auth/calendar.events.readonly"
        form = {"grant_type": GRANT, "assertion": assertion(caller.workspace, scope=scope)}
        caller.token = (await grant(caller.http, form))[1]["access_token"]
        await caller.get()
        directory = "/admin/directory/v1/customer/my_customer/resources/calendars"
        for path, method in ((directory, "GET"), ("/calendar/v3/freeBusy", "POST")):
            assert await caller.refused(path, method) == (403, "insufficientPermissions")
        caller.token = "guessed"
        assert await caller.refused() == (401, "authError")
