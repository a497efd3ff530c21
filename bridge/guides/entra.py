"""Microsoft Entra: the application, its certificate, and no consent at all."""

from pathlib import Path

from bridge.guides import event_hub
from bridge.guides.known import SCOPE, Known
from bridge.guides.step import Step
from bridge.quoting import powershell, sh

NAME = "Room Calendar Bridge"
GRAPH = "00000003-0000-0000-c000-000000000000"
"""The application id of Microsoft Graph, the same in every tenant."""
DAYS = 730
"""How long the certificate is valid; Entra takes any, two years is a habit."""


def steps(known: Known) -> list[Step]:
    """From nothing to an application that may do nothing yet."""
    return [
        _certificate(known),
        _application(known),
        _upload(known),
        _settings(known),
        _consents(known),
        _places(known),
        _exchange(),
        *([_writer(known)] if known.writes else []),
        *([_presence(known)] if known.get("presence") == "write" else []),
        *event_hub.steps(known),
        _moving(),
    ]


def odata(text: str) -> str:
    """A literal in a filter of Microsoft Graph: a quote is doubled."""
    return "'" + text.replace("'", "''") + "'"


def by_client_id(known: Known) -> str:
    """The filter that finds the application, as PowerShell reads it."""
    return powershell(f"appId eq {odata(known.get('client_id'))}")


def _pem(known: Known) -> Path:
    given = known.settings.get("certificate_file", "") or f"secrets/{known.source}.pem"
    return Path(known.folder) / given


def _certificate(known: Known) -> Step:
    pem = _pem(known)
    part = {end: sh(str(pem.with_suffix(end))) for end in (".key", ".crt", ".pem")}
    if pem.suffix in {".key", ".crt"}:  # the whole must not overwrite its halves
        part[".pem"] = sh(str(pem) + ".pem")
    return Step(
        title="Make a certificate on the appliance",
        words="Its private key never leaves the machine. Renew it before it ends: upload the new"
        " one beside the old one, then replace the file.",
        language="sh",
        commands=[
            f"sudo install -d -m 750 -g roombridge {sh(str(pem.parent))}",
            f"sudo openssl req -x509 -newkey rsa:3072 -sha256 -nodes -days {DAYS} \\",
            f"    -subj '/CN={NAME}' -keyout {part['.key']} -out {part['.crt']}",
            f"sudo install -o root -g roombridge -m 640 /dev/null {part['.pem']}",
            # Through a pipe, so that no name is quoted twice.
            f"sudo cat {part['.crt']} {part['.key']} | sudo tee {part['.pem']} > /dev/null",
            f"sudo rm {part['.key']}",
        ],
    )


def _application(known: Known) -> Step:
    scopes = "'Application.ReadWrite.All', 'AppRoleAssignment.ReadWrite.All'"
    commands = [
        "Install-Module Microsoft.Graph.Applications -Scope CurrentUser",
        f"Connect-MgGraph -TenantId {powershell(known.get('tenant_id'))} -Scopes {scopes}",
    ]
    if known.settings.get("client_id"):
        commands += [
            f"$app = Get-MgApplication -Filter {by_client_id(known)}",
            f"$sp = Get-MgServicePrincipal -Filter {by_client_id(known)}",
        ]
        words = "The configuration names one already: it is looked up. Where that finds nothing,"
        words += " remove client_id from the configuration and run this guide again."
    else:
        commands += [
            f"$app = New-MgApplication -DisplayName '{NAME}' -SignInAudience AzureADMyOrg",
            "$sp = New-MgServicePrincipal -AppId $app.AppId",
        ]
        words = "The appliance signs in as itself, not as a person. No redirect URI, no permission."
    return Step(
        title="Register the application",
        words=words,
        language="powershell",
        commands=[
            *commands,
            "$app | Format-List 'DisplayName', 'AppId', 'Id'",
            "$sp | Format-List 'Id'",
        ],
    )


def _upload(known: Known) -> Step:
    return Step(
        title="Upload the certificate (not the key)",
        words=f"Copy {_pem(known).with_suffix('.crt').name} to where PowerShell runs. An"
        " application that has certificates already keeps them only if the new one is added in"
        " Entra admin center, App registrations, the application, Certificates & secrets, Upload.",
        language="powershell",
        commands=[
            f"$file = Resolve-Path {powershell(_pem(known).with_suffix('.crt').name)}",
            (
                "$certificate = "
                "[Security.Cryptography.X509Certificates.X509Certificate2]::new($file.Path)"
            ),
            "if ($app.KeyCredentials) { throw 'It has certificates: upload in the admin center' }",
            "Update-MgApplication -ApplicationId $app.Id -KeyCredentials @(@{",
            "    Type = 'AsymmetricX509Cert'; Usage = 'Verify'; Key = $certificate.RawData })",
        ],
    )


def _settings(known: Known) -> Step:
    return Step(
        title="Tell the appliance",
        words=f"In bridge.yaml below sources.{known.source}: client_id is AppId, tenant_id the"
        " directory's id, certificate_file the .pem of step 1. Then look.",
        language="sh",
        commands=["roombridge check", "roombridge doctor"],
    )


def _consents(known: Known) -> Step:
    return Step(
        title="Remove every consent in Entra",
        words="Calendars.Read consented here opens every mailbox of the tenant and stays so"
        " whatever Exchange says: the two add up. The appliance needs none. What is listed is"
        " removed, also what the next step grants; the token follows within an hour.",
        language="powershell",
        commands=[
            f"$sp = Get-MgServicePrincipal -Filter {by_client_id(known)}",
            "if (@($sp).Count -ne 1) { throw 'client_id names no single application' }",
            "$grants = Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $sp.Id -All",
            "$grants | Format-Table 'ResourceDisplayName', 'AppRoleId', 'Id'",
            (
                "$grants | ForEach-Object { Remove-MgServicePrincipalAppRoleAssignment"
                " -ServicePrincipalId $sp.Id -AppRoleAssignmentId $_.Id }"
            ),
        ],
    )


def _places(known: Known) -> Step:
    """https://learn.microsoft.com/graph/api/place-list; RBAC in Exchange knows no such role."""
    wanted = "$_.Value -eq 'Place.Read.All' -and $_.AllowedMemberTypes -contains 'Application'"
    return Step(
        title="Let it list the rooms, if you like",
        words="With Place.Read.All the appliance compares rooms.yaml with the directory once an"
        " hour and proposes what to change: `roombridge rooms discover`. It is a grant in Entra,"
        " which RBAC in Exchange does not narrow: it lists all places of the tenant, and opens no"
        " calendar. Without it rooms are entered by hand; nothing else is missing.",
        language="powershell",
        commands=[
            f"$sp = Get-MgServicePrincipal -Filter {by_client_id(known)}",
            "if (@($sp).Count -ne 1) { throw 'client_id names no single application' }",
            f"$graph = Get-MgServicePrincipal -Filter {powershell(f'appId eq {odata(GRAPH)}')}",
            f"$role = $graph.AppRoles | Where-Object {{ {wanted} }}",
            (
                "New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $sp.Id"
                " -PrincipalId $sp.Id -ResourceId $graph.Id -AppRoleId $role.Id"
            ),
        ],
    )


def _exchange() -> Step:
    return Step(
        title="Let it read the rooms",
        words="The right to read comes from Exchange, for room mailboxes only:"
        " `roombridge guide exchange`.",
    )


def _writer(known: Known) -> Step:
    name = f"{NAME} (writing)"
    if known.writer:
        fits = powershell(f"appId eq {odata(known.writer)}")
        found = f"$writer = Get-MgServicePrincipal -Filter {fits}"
        made = [found, "if (@($writer).Count -ne 1) { throw 'writer.client_id names no single' }"]
    else:
        made = [
            f"$second = New-MgApplication -DisplayName '{name}' -SignInAudience AzureADMyOrg",
            "$writer = New-MgServicePrincipal -AppId $second.AppId",
            "$second | Format-List 'DisplayName', 'AppId'",
        ]
    room = known.rooms[0].mailbox if known.rooms else "<a room's mailbox>"
    return Step(
        title="Let a second application write to the rooms",
        words="The configuration lets bookings be made or released. A registration of its own keeps"
        " the one that reads unable to write; it gets a certificate as in steps 1 and 3, no consent"
        " in Entra, and this role in Exchange, for the scope of `roombridge guide exchange`. Then"
        f" in bridge.yaml below sources.{known.source}:"
        " writer: {client_id: …, certificate_file: …}. InScope must be True; Graph may take up to"
        " two hours.",
        language="powershell",
        commands=[
            *made,
            "Connect-ExchangeOnline",
            f"New-ServicePrincipal -AppId $writer.AppId -ObjectId $writer.Id -DisplayName '{name}'",
            (
                "New-ManagementRoleAssignment -App $writer.Id"
                " -Role 'Application Calendars.ReadWrite'"
                f" -CustomResourceScope '{SCOPE}'"
            ),
            (
                "Test-ServicePrincipalAuthorization -Identity $writer.AppId"
                f" -Resource {powershell(room)}"
            ),
        ],
    )


def _presence(known: Known) -> Step:
    chosen = known.writer or known.get("client_id")
    fits = powershell(f"appId eq {odata(chosen)}")
    return Step(
        title="Let it set the presence of rooms",
        words="The configuration has `presence: write`. Presence.ReadWrite.All reaches the presence"
        " of every account of the tenant, people's too: nothing narrows it, and the appliance sets"
        " that of its rooms only. It opens no calendar. Take it away again with the setting.",
        language="powershell",
        commands=[
            f"$teller = Get-MgServicePrincipal -Filter {fits}",
            f"$graph = Get-MgServicePrincipal -Filter {powershell(f'appId eq {odata(GRAPH)}')}",
            "$role = $graph.AppRoles | Where-Object { $_.Value -eq 'Presence.ReadWrite.All' }",
            (
                "New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $teller.Id"
                " -PrincipalId $teller.Id -ResourceId $graph.Id -AppRoleId $role.Id"
            ),
        ],
    )


def _moving() -> Step:
    from connector.sources.graph.claims import ZOOM  # noqa: PLC0415 - a driver's own table

    listed = "\n".join(f"- {client_id}: Zoom, {use}" for client_id, use in ZOOM.items())
    return Step(
        title="If Zoom's calendar service read these rooms before",
        words="These enterprise applications are Zoom's. Its grants do not help the appliance, and"
        " stay until they are removed. Zoom asks for Calendars.ReadWrite, sometimes for contacts"
        " and mail; all but calendars may be revoked while it is still used, and an application"
        " permission can be narrowed by RBAC in Exchange like ours. Users' calendars may still"
        " need its two applications for users.\n\n"
        f"{listed}\n\n"
        "Where people connect their own calendars to Zoom, Entra's user consent and Zoom's switch"
        ' "consent on behalf of entire account" must match: consent not allowed, or allowed for'
        " verified publishers only: on; allowed for all applications: off. Zoom's own pages"
        " describe the switch in both directions: compare both sides. The appliance asks no user"
        " for consent.",
        language="powershell",
        commands=[
            *(
                f"Get-MgServicePrincipal -Filter {powershell(f'appId eq {odata(client_id)}')}"
                for client_id in ZOOM
            ),
            "# When Zoom reads no calendar any more:",
            "# Remove-MgServicePrincipal -ServicePrincipalId <Id from above>",
        ],
    )
