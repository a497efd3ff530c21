"""The guide that prepares an Exchange Server."""

from argparse import Namespace
from pathlib import Path

import pytest

from bridge.cli import guide
from bridge.guides import on_premises
from bridge.guides.known import Known, Place
from bridge.guides.step import Step

SITE = Known(
    source="exchange",
    settings={"username": "EXAMPLE\\svc-rooms"},
    rooms=[Place(name="Kestrel", mailbox="kestrel@example.com")],
)
CONFIGURATION = """
sources:
  exchange:
    kind: ews
    url: https://mail.example.com/EWS/Exchange.asmx
    username: EXAMPLE\\svc-rooms
    password_file: secrets/exchange
"""


def commands(steps: list[Step]) -> str:
    return "\n".join(line for step in steps for line in step.commands)


def test_impersonation_is_granted_with_a_scope_only() -> None:
    told = commands(on_premises.steps(SITE))
    assert "-RecipientRestrictionFilter 'RecipientTypeDetails -eq ''RoomMailbox'''" in told
    grant, _, rest = told.partition("-Role 'ApplicationImpersonation'")
    assert "New-ManagementRoleAssignment" in grant
    assert "-User 'EXAMPLE\\svc-rooms' `\n    -CustomRecipientWriteScope" in rest
    assert "New-ADUser -Name 'svc-rooms'" in told
    assert "-DeleteComments $false" in told


def test_the_scope_may_be_exactly_the_configured_mailboxes() -> None:
    told = commands(on_premises.steps(SITE, listed=True))
    assert "'(PrimarySmtpAddress -eq ''kestrel@example.com'')'" in told
    assert "RoomMailbox" not in told


def test_names_stay_names_in_every_command() -> None:
    evil = Known(
        source="exchange",
        settings={"username": "x' ; id #"},
        rooms=[Place(name="\nid", mailbox="o'brien\nRemove-Mailbox@example.com")],
    )
    for line in commands(on_premises.steps(evil, listed=True)).splitlines():
        assert not line.lstrip().startswith(("id", "Remove-Mailbox"))
    assert "'x' ; id" not in commands(on_premises.steps(evil))


@pytest.mark.parametrize("source", ["", "exchange"])
def test_the_configuration_decides_which_exchange_is_meant(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], source: str
) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text(CONFIGURATION)
    given = Namespace(config=file, source=source, listed=False, json=False)
    assert guide.exchange(given) == 0
    assert "ApplicationImpersonation" in capsys.readouterr().out
    file.write_text("sources:\n  m365: {kind: graph}\n" + CONFIGURATION.split("sources:\n")[1])
    assert guide.exchange(given) == 0
    told = capsys.readouterr().out
    assert ("ApplicationImpersonation" in told) == bool(source)
    assert ("New-ServicePrincipal" in told) == (not source)
