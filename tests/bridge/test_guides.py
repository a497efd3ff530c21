"""Guides made for one configuration."""

import re
import shlex
import subprocess
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some
from msgspec import structs

from bridge.guides import entra, event_hub, exchange, google
from bridge.guides.known import Known, Place, Unknown, known
from bridge.guides.step import Step, printed
from bridge.quoting import plain, powershell, sh
from connector.sources.graph.claims import ZOOM
from tests.bridge.test_settings import ROOM, Folder

HOSTILE = [
    "o'brien@example.com",
    "$(id)@example.com",
    "`id`@example.com",
    "a;Remove-Mailbox@example.com",
    "\u2019;id;\u2018@example.com",
    "x' ; id #@example.com",
    '"&id&"@example.com',
    "line\nRemove-Mailbox\r\n@example.com",
    "hidden\u202e\u2028@example.com",
]
HUB = {
    "eventhub.namespace": "rooms.servicebus.windows.net",
    "eventhub.hub": "changes",
    "eventhub.tenant_domain": "example.com",
}
SITE = Known(
    source="m365",
    settings={"tenant_id": "contoso", "client_id": "the-app", "certificate_file": "secrets/a.pem"},
    canary="somebody@example.com",
    rooms=[Place(name="Kestrel", mailbox="kestrel@example.com")],
)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def unquoted(literal: str) -> str:
    """What PowerShell reads in single quotes, by its language specification (§2.3.5.2)."""
    quotes = "['\u2018\u2019\u201a\u201b]"
    assert re.fullmatch(
        rf"{quotes}(?:[^'\u2018\u2019\u201a\u201b]|{quotes}{{2}})*{quotes}", literal
    )
    return re.sub(rf"({quotes}){quotes}", r"\1", literal[1:-1])


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_values_stay_values(text: str) -> None:
    assert unquoted(powershell(text)) == plain(text)
    assert shlex.split(sh(text)) == [plain(text)]


@given(some.text())
def test_any_value_is_one_literal_on_one_line(text: str) -> None:
    assert unquoted(powershell(text)) == plain(text)
    assert shlex.split(sh(text)) == [plain(text)]
    assert len(plain(text).splitlines()) <= 1
    assert len(plain(text)) == len(text)


@pytest.mark.allow_blocking
@pytest.mark.parametrize("text", HOSTILE)
def test_a_shell_reads_back_what_was_meant(text: str) -> None:
    command = ["/bin/sh", "-c", f"printf %s {sh(text)}"]
    told = subprocess.run(command, capture_output=True, check=True)
    assert told.stdout.decode() == plain(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_settings_and_rooms_do_not_leave_their_quotes(text: str) -> None:
    evil = Known(
        source="m365",
        settings=dict.fromkeys(("tenant_id", "client_id", "certificate_file", "subject"), text)
        | dict.fromkeys(HUB, text)
        | {"notifications": "eventhub"},
        canary=text,
        rooms=[Place(name=text, mailbox=text)],
        folder=f"/etc/{text}",
    )
    for made in (
        entra.steps(evil),
        event_hub.steps(_signed(evil)),
        exchange.steps(evil),
        exchange.steps(evil, listed=True),
        google.steps(evil),
    ):
        for step in made:
            _check(step)


def _signed(site: Known) -> Known:
    return structs.replace(site, settings={**site.settings, "eventhub.signed": "yes"})


def _check(step: Step) -> None:
    for line in step.commands:
        assert "\n" not in line
        assert "\r" not in line
        if step.language == "sh" and not line.endswith("\\"):
            shlex.split(line)  # no quote is left open
        if step.language == "powershell":
            code = line.partition("  # ")[0]
            bare = re.sub(r"'[^'\u2018-\u201b]*'|['\u2018-\u201b]{2}", "", _without_literals(code))
            for word in ("$(id)", "`id`", ";Remove-Mailbox", "; id", ";id;", "&id&"):
                assert word not in bare, line


def _without_literals(code: str) -> str:
    quotes = "['\u2018\u2019\u201a\u201b]"
    return re.sub(rf"{quotes}(?:[^'\u2018\u2019\u201a\u201b]|{quotes}{{2}})*{quotes}", "", code)


def commands(steps: list[Step]) -> str:
    return "\n".join(line for step in steps for line in step.commands)


def test_the_guide_of_entra_registers_uploads_and_removes_consents() -> None:
    told = commands(entra.steps(SITE))
    for words in (
        "openssl req -x509",
        "/etc/roombridge/secrets/a.pem",
        "Connect-MgGraph -TenantId 'contoso'",
        "Get-MgApplication -Filter 'appId eq ''the-app'''",
        "Update-MgApplication",
        "Remove-MgServicePrincipalAppRoleAssignment",
        *ZOOM,
    ):
        assert words in told, words
    assert entra.steps(SITE)[4].title == "Remove every consent in Entra", "findings name step 5"


def test_where_rooms_may_be_written_to_a_second_application_is_made_for_it() -> None:
    assert "Calendars.ReadWrite" not in commands(entra.steps(SITE))
    writing = msgspec.structs.replace(SITE, writes=True)
    told = commands(entra.steps(writing))
    for words in (
        "New-MgApplication -DisplayName 'Room Calendar Bridge (writing)'",
        "-Role 'Application Calendars.ReadWrite' -CustomResourceScope 'Room Calendar Bridge rooms'",
        "-Resource 'kestrel@example.com'",
    ):
        assert words in told, words
    known_writer = msgspec.structs.replace(writing, writer="the-writer")
    told = commands(entra.steps(known_writer))
    assert "Get-MgServicePrincipal -Filter 'appId eq ''the-writer'''" in told
    assert "New-MgApplication" not in told
    assert entra.steps(writing)[4].title == "Remove every consent in Entra"


def test_the_presence_of_rooms_is_granted_only_where_it_is_wanted() -> None:
    grant = "Presence.ReadWrite.All"
    assert grant not in commands(entra.steps(SITE))
    wanted = msgspec.structs.replace(SITE, settings={**SITE.settings, "presence": "write"})
    assert grant in commands(entra.steps(wanted))
    assert "$teller = Get-MgServicePrincipal" in commands(entra.steps(wanted))
    writing = msgspec.structs.replace(wanted, writer="the-writer")
    assert "the-writer" in commands(entra.steps(writing))
    assert entra.steps(wanted)[4].title == "Remove every consent in Entra", "findings name step 5"


def test_a_configuration_tells_whether_its_rooms_may_be_written_to(folder: Folder) -> None:
    source = "sources: {m365: {kind: graph, tenant_id: t, client_id: c, writer: {client_id: w}}}\n"
    folder.write("rooms.yaml", ROOM)
    for level in ("none", "adhoc"):
        told = known(folder.write("bridge.yaml", f"{source}writes: {level}\n"), "graph")
        assert (told.writes, told.writer) == (level == "adhoc", "w")


def test_listing_rooms_is_a_grant_of_its_own_after_the_consents_are_gone() -> None:
    (step,) = [one for one in entra.steps(SITE)[5:] if "Place.Read.All" in one.words]
    assert "RBAC in Exchange does not narrow" in step.words
    told = "\n".join(step.commands)
    assert "appId eq ''00000003-0000-0000-c000-000000000000''" in told
    assert "$_.Value -eq 'Place.Read.All'" in told
    assert "New-MgServicePrincipalAppRoleAssignment" in told


def test_without_a_client_id_the_application_is_made() -> None:
    assert "New-MgApplication" in commands(entra.steps(Known(source="m365")))
    assert "New-MgApplication" not in commands(entra.steps(SITE))


def test_the_guide_of_exchange_narrows_proves_and_sets() -> None:
    told = commands(exchange.steps(SITE))
    for words in (
        "-RecipientRestrictionFilter 'RecipientTypeDetails -eq ''RoomMailbox'''",
        "New-ManagementRoleAssignment -App $sp.Id -Role 'Application Calendars.Read'",
        "-Resource 'kestrel@example.com'",
        "-Resource 'somebody@example.com'",
        "-DeleteComments $false",
        "ConvertTo-Json",
    ):
        assert words in told, words
    assert exchange.steps(SITE)[4].title == "Show the appliance how they are set", "documents say 5"


def test_the_scope_may_be_exactly_the_configured_mailboxes() -> None:
    told = commands(exchange.steps(SITE, listed=True))
    assert "'(PrimarySmtpAddress -eq ''kestrel@example.com'')'" in told
    assert "RoomMailbox" not in told


def test_the_guide_of_google_offers_sharing_before_delegation() -> None:
    steps = google.steps(Known(source="google", rooms=SITE.rooms))
    titles = [step.title for step in steps]
    assert titles[1].startswith("Either: share")
    assert "kestrel@example.com" in steps[1].words
    assert "calendar.events.readonly" in steps[2].words
    assert "gcloud iam service-accounts create" in commands(steps)


def test_a_guide_is_markdown_with_numbered_steps() -> None:
    told = printed([Step(title="One", words="Why.", language="sh", commands=["true"])])
    assert told == "## 1. One\n\nWhy.\n\n```sh\ntrue\n```"


def test_an_unfinished_configuration_is_enough(folder: Folder) -> None:
    folder.write("rooms.yaml", ROOM)
    file = folder.write(
        "bridge.yaml",
        "sources: {m365: {kind: graph, tenant_id: contoso, certificate_file: not-made-yet.pem,"
        " mailboxes: {canary: somebody@example.com}}}",
    )
    told = known(file, "graph")
    assert (told.source, told.canary, told.get("client_id")) == (
        "m365",
        "somebody@example.com",
        "<client_id>",
    )
    assert [room.mailbox for room in told.rooms] == ["kestrel@example.com"]


def test_a_secret_of_the_configuration_is_in_no_guide(folder: Folder) -> None:
    folder.write("rooms.yaml", ROOM)
    file = folder.write(
        "bridge.yaml",
        "sources: {m365: {kind: graph, tenant_id: t, client_id: c, client_secret: planted}}",
    )
    told = known(file, "graph")
    for steps in (entra.steps(told), exchange.steps(told), google.steps(told)):
        assert "planted" not in printed(steps)


def test_the_guide_of_entra_makes_an_event_hub_where_one_is_configured() -> None:
    assert event_hub.SENDER not in commands(entra.steps(SITE))
    site = structs.replace(SITE, settings={**SITE.settings, "notifications": "eventhub", **HUB})
    told = commands(entra.steps(site))
    for words in (
        "--name rooms --resource-group",
        "--sku Basic",
        "'Azure Event Hubs Data Sender'",
        f"--assignee {event_hub.SENDER}",
        "'Azure Event Hubs Data Receiver'",
        "--assignee the-app",
    ):
        assert words in told
    assert entra.steps(site)[4].title == "Remove every consent in Entra", "findings name step 5"
    own = {"eventhub.consumer_group": "kestrel"}
    told = commands(event_hub.steps(structs.replace(site, settings={**site.settings, **own})))
    assert "--sku Standard" in told
    assert "--name kestrel" in told


def test_the_guide_uses_a_key_vault_and_a_policy_where_they_are_configured(
    folder: Folder,
) -> None:
    folder.write("rooms.yaml", ROOM)
    file = folder.write(
        "bridge.yaml",
        "sources: {m365: {kind: graph, notifications: eventhub, eventhub: {hub: changes,"
        " namespace: rooms.servicebus.windows.net, connection_string: planted,"
        " key_vault_secret: https://safe.vault.azure.net/secrets/sender}}}",
    )
    told = commands(event_hub.steps(known(file, "graph")))
    for words in ("--vault-name safe --name sender", "--spn", "--rights Listen", "--rights Send"):
        assert words in told
    assert "planted" not in told
    assert "Data Receiver" not in told


def test_which_source_is_meant_must_be_clear(folder: Folder) -> None:
    folder.write("rooms.yaml", ROOM)
    file = folder.write("bridge.yaml", "sources: {one: {kind: graph}, two: {kind: graph}}")
    with pytest.raises(Unknown, match="--source"):
        known(file, "graph")
    assert known(file, "graph", "two").source == "two"
    with pytest.raises(Unknown, match="there is no source three"):
        known(file, "graph", "three")
    with pytest.raises(Unknown, match="no such file"):
        known(folder.path / "nowhere.yaml", "graph")
    assert known(file, "google").rooms == []
