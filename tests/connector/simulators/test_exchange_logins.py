"""Who may ask the simulated Exchange, and for whom."""

import pytest
from aiohttp import encode_basic_auth

from connector.simulators.exchange import Exchange

from .exchange_server import ADA, KESTREL, SERVICE, Caller, asking, meeting

SHARED = (
    '<t:DistinguishedFolderId Id="{}"><t:Mailbox><t:EmailAddress>'
    "{}</t:EmailAddress></t:Mailbox></t:DistinguishedFolderId>"
)


async def test_a_wrong_password_meets_what_the_server_offers_in_its_order() -> None:
    async with asking() as caller:
        caller.exchange.offers = ("NTLM", "Basic")
        caller.auth = encode_basic_auth(SERVICE, "wrong")
        answer = await caller.view()
        assert answer.status == 401
        assert [one.split()[0] for one in answer.headers.getall("WWW-Authenticate")] == [
            "NTLM",
            "Basic",
        ]


async def test_wrong_passwords_are_counted_and_lock_the_account() -> None:
    async with asking() as caller:
        caller.exchange.people.lockout_after = 3
        user = caller.exchange.people.get(SERVICE)
        for wrong in (1, 2, 3):
            caller.auth = encode_basic_auth(SERVICE, "wrong")
            assert (await caller.view()).status == 401
            assert user.wrong == wrong
        caller.auth = encode_basic_auth(SERVICE, "right")
        assert user.locked
        assert (await caller.view()).status == 401
        user.locked = False
        assert (await caller.view()).status == 200
        assert user.wrong == 0


@pytest.mark.parametrize("name", ["svc@example.com", "example\\svc", "SVC", "example.com\\svc"])
async def test_an_account_goes_by_each_form_of_its_name(name: str) -> None:
    async with asking() as caller:
        caller.auth = encode_basic_auth(name, "right")
        assert (await caller.view()).status == 200


async def test_what_is_not_offered_is_not_taken() -> None:
    async with asking() as caller:
        caller.exchange.offers = ("Negotiate", "NTLM")
        assert (await caller.view()).status == 401


async def test_modern_auth_is_announced_and_taken() -> None:
    async with asking() as caller:
        caller.exchange.modern_auth = True
        caller.exchange.tokens.clients["app"] = ("secret", SERVICE)
        caller.auth = None
        refused = await caller.view()
        assert "Modern Auth" in refused.headers["ms-diagnostics-public"]
        form = {"grant_type": "client_credentials", "client_id": "app", "client_secret": "secret"}
        async with caller.http.post("/oauth2/token", data=form) as answer:
            token = (await answer.json())["access_token"]
        caller.headers = {"Authorization": f"Bearer {token}"}
        assert (await caller.view()).status == 200
        caller.exchange.tokens.revoke(SERVICE)
        assert (await caller.view()).status == 401
        async with caller.http.post("/oauth2/token", data=form | {"client_secret": "no"}) as answer:
            assert answer.status == 401


async def test_a_token_ends() -> None:
    async with asking() as caller:
        caller.exchange.modern_auth = True
        caller.auth = None
        caller.headers = {"Authorization": f"Bearer {caller.exchange.tokens.issue(SERVICE)}"}
        assert (await caller.view()).status == 200
        caller.clock.move(seconds=3600)
        assert (await caller.view()).status == 401


async def test_impersonation_needs_the_role_and_a_mailbox() -> None:
    async with asking() as caller:
        caller.exchange.add_mailbox("other@example.com")
        caller.impersonated = "other@example.com"
        answer = await caller.view()
        assert (answer.status, answer.code) == (500, "ErrorImpersonateUserDenied")
        caller.exchange.people.get(SERVICE).impersonates = None
        assert (await caller.view()).status == 200
        caller.impersonated = "nobody@example.com"
        assert (await caller.view()).code == "ErrorNonExistentMailbox"


async def test_who_impersonates_one_mailbox_does_not_read_another() -> None:
    async with asking() as caller:
        assert (
            await caller.view(folder=SHARED.format("calendar", ADA))
        ).code == "ErrorItemNotFound"
        event = caller.exchange.mailbox(ADA).add(meeting())
        assert (await caller.get(event.id)).code == "ErrorAccessDenied"


async def delegate(caller: Caller) -> Exchange:
    caller.exchange.add_user(
        "delegate@example.com", "pw", delegate_of=[KESTREL], mailbox="delegate@example.com"
    )
    caller.auth = encode_basic_auth("delegate@example.com", "pw")
    caller.impersonated = None
    caller.kestrel.add(meeting("Shared"))
    return caller.exchange


async def test_a_delegate_reads_the_calendar_and_nothing_else() -> None:
    async with asking() as caller:
        await delegate(caller)
        assert (await caller.view(folder=SHARED.format("calendar", KESTREL))).subjects == ["Shared"]
        ask = "<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds>{}</m:FolderIds></m:GetFolder>"
        root = await caller.ask(ask.format(SHARED.format("root", KESTREL)))
        assert root.code == "ErrorAccessDenied"
        assert (
            await caller.view(folder=SHARED.format("calendar", ADA))
        ).code == "ErrorItemNotFound"
        gone = await caller.view(folder=SHARED.format("calendar", "no@example.com"))
        assert gone.code == "ErrorNonExistentMailbox"


async def test_without_naming_the_room_a_delegate_reads_the_own_empty_calendar() -> None:
    async with asking() as caller:
        await delegate(caller)
        answer = await caller.view()
        assert (answer.code, answer.subjects) == ("NoError", [])
        assert caller.exchange.journal.requests("delegate@example.com")


async def test_an_account_without_a_mailbox_has_no_calendar_of_its_own() -> None:
    async with asking() as caller:
        caller.exchange.add_user(SERVICE, "right")
        caller.impersonated = None
        assert (await caller.view()).code == "ErrorNonExistentMailbox"


async def test_the_journal_tells_who_asked_for_whom() -> None:
    async with asking() as caller:
        caller.headers = {"X-AnchorMailbox": KESTREL, "X-PreferServerAffinity": "true"}
        answer = await caller.view()
        assert "X-BackEndOverrideCookie" in answer.headers["Set-Cookie"]
        await caller.view()
        asked = caller.exchange.journal.requests(KESTREL)
        assert [one.operation for one in asked] == ["FindItem", "FindItem"]
        assert (asked[0].user, asked[0].auth, asked[0].status) == (SERVICE, "Basic", 200)
        assert asked[0].anchor == KESTREL
        assert "cookie" in asked[1].affinity


async def test_autodiscover_tells_where_ews_is_and_which_group_it_is() -> None:
    async with asking() as caller:
        body = (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
            'xmlns:a="http://schemas.microsoft.com/exchange/2010/Autodiscover"><s:Body>'
            "<a:GetUserSettingsRequestMessage><a:Request><a:Users><a:User><a:Mailbox>{}</a:Mailbox></a:User>"
            "</a:Users><a:RequestedSettings><a:Setting>ExternalEwsUrl</a:Setting>"
            "<a:Setting>GroupingInformation</a:Setting></a:RequestedSettings></a:Request>"
            "</a:GetUserSettingsRequestMessage></s:Body></s:Envelope>"
        )
        path = "/autodiscover/autodiscover.svc"
        async with caller.http.post(
            path, data=body.format(KESTREL), headers=caller.authorization
        ) as answer:
            text = await answer.text()
        assert "/EWS/Exchange.asmx" in text
        assert "SIM01" in text
        async with caller.http.post(
            path, data=body.format("no@example.com"), headers=caller.authorization
        ) as answer:
            assert "InvalidUser" in await answer.text()
        pox = f"<Autodiscover xmlns='x'><Request><EMailAddress>{KESTREL}</EMailAddress></Request></Autodiscover>"
        async with caller.http.post(
            "/autodiscover/autodiscover.xml", data=pox, headers=caller.authorization
        ) as answer:
            assert "<EwsUrl>" in await answer.text()
        async with caller.http.post(path, data="nonsense", headers=caller.authorization) as answer:
            assert answer.status == 400
