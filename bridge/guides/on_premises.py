"""Exchange Server: an account that may act as the rooms, and as nobody else."""

from bridge.guides.exchange import EVERY_ROOM, export, opath, processing
from bridge.guides.known import SCOPE, Known
from bridge.guides.step import Step
from bridge.quoting import powershell

_NAME = "Room Calendar Bridge"


def steps(known: Known, *, listed: bool = False) -> list[Step]:
    """From an ordinary account to one that reads the rooms."""
    return [
        _account(known),
        _grant(known, listed=listed),
        _test(known),
        processing(known),
        export(known),
        _share(known),
    ]


def _account(known: Known) -> Step:
    return Step(
        title="Make an account",
        words="An ordinary account of the domain, without a mailbox and without other rights; in"
        " the Exchange Management Shell from here on. Where the policy for passwords makes this one"
        " end, the rooms go stale on that day.",
        language="powershell",
        commands=[
            f"New-ADUser -Name {powershell(_plain_name(known))} -Enabled $true `",
            "    -AccountPassword (Read-Host -AsSecureString 'Password')",
        ],
    )


def _plain_name(known: Known) -> str:
    """The account's name without its domain, however it is written."""
    return known.get("username").rpartition("\\")[2].partition("@")[0]


def _grant(known: Known, *, listed: bool) -> Step:
    words = "Every room mailbox, also those made later. Without a scope the account could act as"
    restriction = EVERY_ROOM
    if listed and known.rooms:
        words = "Exactly the configured mailboxes. Without a scope the account could act as"
        restriction = " -or ".join(
            f"(PrimarySmtpAddress -eq {opath(room.mailbox)})" for room in known.rooms
        )
    return Step(
        title="Let it act as the rooms, and as nobody else",
        words=f"{words} everybody in the organization. Exchange may take an hour to know of it.",
        language="powershell",
        commands=[
            f"New-ManagementScope -Name '{SCOPE}' `",
            f"    -RecipientRestrictionFilter {powershell(restriction)}",
            f"New-ManagementRoleAssignment -Name '{_NAME}' -Role 'ApplicationImpersonation' `",
            f"    -User {powershell(known.get('username'))} `",
            f"    -CustomRecipientWriteScope '{SCOPE}'",
        ],
    )


def _test(known: Known) -> Step:
    return Step(
        title="Prove it",
        words="There must be one line, with the scope in it. Then name a person's mailbox as"
        f" sources.{known.source}.mailboxes.canary: `roombridge doctor` asks for it from then on,"
        " and says over_privileged where it may be read.",
        language="powershell",
        commands=[
            "Get-ManagementRoleAssignment -Role 'ApplicationImpersonation' -GetEffectiveUsers |",
            f"    Where-Object {{ $_.EffectiveUserName -eq {powershell(_plain_name(known))} }} |",
            "    Format-List 'Identity', 'CustomRecipientWriteScope'",
        ],
    )


def _share(known: Known) -> Step:
    rooms = known.rooms
    folder = f"{rooms[0].mailbox if rooms else '<mailbox>'}:\\Calendar"
    return Step(
        title="Or share the calendars instead",
        words="The other way, with `impersonation: false`: once for each room, `Editor` where the"
        " appliance is to write. Then steps 2 and 3 are not needed.",
        language="powershell",
        commands=[
            f"# Add-MailboxFolderPermission -Identity {powershell(folder)} `",
            f"#     -User {powershell(known.get('username'))} -AccessRights Reviewer",
        ],
    )
