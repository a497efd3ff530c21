"""Exchange Online: RBAC for Applications, and what room mailboxes do to invitations."""

from collections.abc import Sequence

from bridge.guides.entra import NAME, by_client_id
from bridge.guides.known import SCOPE, Known, Place
from bridge.guides.step import Step
from bridge.quoting import plain, powershell

ROLE = "Application Calendars.Read"
EVERY_ROOM = "RecipientTypeDetails -eq 'RoomMailbox'"
"""New rooms join by themselves. A group would need care, and nested groups do not count."""
_COLUMNS = (
    "AutomateProcessing",
    "DeleteComments",
    "DeleteSubject",
    "AddOrganizerToSubject",
    "RemovePrivateProperty",
    "ProcessExternalMeetingMessages",
)


def steps(known: Known, *, listed: bool = False) -> list[Step]:
    """From an application that may do nothing to one that reads the rooms."""
    return [
        _connect(known),
        _grant(known, listed=listed),
        _test(known),
        processing(known),
        export(known),
        _policies(known),
    ]


def _connect(known: Known) -> Step:
    return Step(
        title="Connect, and find the application",
        words="Needs the roles Organization Management and Application.Read.All. The object id is"
        " that of the enterprise application, not of the app registration. Where one session does"
        " not load both modules, look the ids up in another one, and here write"
        " $sp = @{ AppId = '…'; Id = '…' }.",
        language="powershell",
        commands=[
            "Install-Module ExchangeOnlineManagement -Scope CurrentUser",
            "Install-Module Microsoft.Graph.Applications -Scope CurrentUser",
            (
                f"Connect-MgGraph -TenantId {powershell(known.get('tenant_id'))}"
                " -Scopes 'Application.Read.All'"
            ),
            f"$sp = Get-MgServicePrincipal -Filter {by_client_id(known)}",
            "if (@($sp).Count -ne 1) { throw 'client_id names no single application' }",
            "Connect-ExchangeOnline",
        ],
    )


def _grant(known: Known, *, listed: bool) -> Step:
    words = "Every room mailbox, also those made later."
    restriction = EVERY_ROOM
    if listed and known.rooms:
        words = "Exactly the configured mailboxes: change the scope whenever a room is added."
        restriction = " -or ".join(
            f"(PrimarySmtpAddress -eq {opath(room.mailbox)})" for room in known.rooms
        )
    return Step(
        title="Grant it the rooms, and nothing else",
        words=words,
        language="powershell",
        commands=[
            f"New-ServicePrincipal -AppId $sp.AppId -ObjectId $sp.Id -DisplayName '{NAME}'",
            f"New-ManagementScope -Name '{SCOPE}' `",
            f"    -RecipientRestrictionFilter {powershell(restriction)}",
            f"New-ManagementRoleAssignment -App $sp.Id -Role '{ROLE}' `",
            f"    -CustomResourceScope '{SCOPE}'",
        ],
    )


def opath(text: str) -> str:
    """A literal in a recipient filter: a quote is doubled."""
    return "'" + text.replace("'", "''") + "'"


def _test(known: Known) -> Step:
    room = known.rooms[0].mailbox if known.rooms else "<a room's mailbox>"
    canary = known.canary or "<a person's mailbox>"
    return Step(
        title="Prove it",
        words="InScope must be True for the room and False for the person. The test is exact at"
        " once; Graph may take up to two hours. Name the person's mailbox as"
        f" sources.{known.source}.mailboxes.canary: `roombridge doctor` asks for it from then on.",
        language="powershell",
        commands=[
            f"Test-ServicePrincipalAuthorization -Identity $sp.AppId -Resource {powershell(one)}"
            for one in (room, canary)
        ],
    )


def processing(known: Known) -> Step:
    """What the mailboxes of rooms do to invitations."""
    return Step(
        title="Let the mailboxes keep what one touch needs",
        words="By default Exchange deletes text, subject and private mark of what a room accepts,"
        " and refuses invitations from outside. It acts on new invitations only.",
        language="powershell",
        commands=[
            *_rooms(known.rooms),
            "foreach ($room in $rooms) {",
            "    Set-CalendarProcessing -Identity $room -AutomateProcessing AutoAccept `",
            "        -DeleteComments $false -DeleteSubject $false -AddOrganizerToSubject $false `",
            "        -RemovePrivateProperty $false -ProcessExternalMeetingMessages $true",
            "}",
        ],
    )


def export(known: Known) -> Step:
    """How the appliance learns of it."""
    return Step(
        title="Show the appliance how they are set",
        words="No interface tells an application. Copy the file to the appliance, then"
        " `roombridge doctor --calendar-processing rooms.json`.",
        language="powershell",
        commands=[
            *_rooms(known.rooms),
            "$set = @(foreach ($room in $rooms) {",
            "    # Without a name Exchange would answer with every mailbox of the company.",
            "    if ([string]::IsNullOrWhiteSpace($room)) { throw 'a room without a mailbox' }",
            (
                "    Get-CalendarProcessing -Identity $room | Select-Object"
                " @{ Name = 'Mailbox'; Expression = { $room } }, 'Identity',"
            ),
            f"        {', '.join(map(powershell, _COLUMNS))}",
            "})",
            "ConvertTo-Json -InputObject $set | Set-Content -Encoding utf8 rooms.json",
        ],
    )


def _rooms(rooms: Sequence[Place]) -> list[str]:
    """The mailboxes as a list, each with its room's name beside it."""
    if not rooms:
        return ["$rooms = @('<mailbox>')"]
    return [
        "$rooms = @(",
        *(f"    {powershell(room.mailbox)}  # {plain(room.name)}" for room in rooms),
        ")",
    ]


def _policies(known: Known) -> Step:
    return Step(
        title="Remove what did this job before",
        words="Application access policies are the older way; Microsoft advises against new ones."
        " Where one names this application, remove it once step 3 is right. To take everything"
        " away: the last three commands.",
        language="powershell",
        commands=[
            (
                "Get-ApplicationAccessPolicy | Where-Object { $_.AppId -eq"
                f" {powershell(known.get('client_id'))} }} | Format-List 'Identity', 'ScopeName'"
            ),
            "# Remove-ApplicationAccessPolicy -Identity <Identity from above>",
            "# Get-ManagementRoleAssignment -RoleAssignee $sp.Id | Remove-ManagementRoleAssignment",
            f"# Remove-ManagementScope -Identity '{SCOPE}'",
            "# Remove-ServicePrincipal -Identity $sp.Id",
        ],
    )
