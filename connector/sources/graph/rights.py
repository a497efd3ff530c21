"""What an application may do in Microsoft 365, against what it has to."""

from collections.abc import Iterator

from connector.checkup import Remark
from connector.sources.graph.claims import ZOOM, Claims

READ = "Calendars.Read"
WRITE = "Calendars.ReadWrite"
LIST = "Place.Read.All"
"""Lists rooms, room lists and desks of the whole tenant; opens no calendar (place-list)."""
PRESENCE = "Presence.ReadWrite.All"
"""Sets the presence of every account of the tenant: no scope narrows it."""
_EVERYTHING = {"full_access_as_app", "EWS.AccessAsApp", "Exchange.ManageAsApp"}
_SIGN_IN = {"openid", "profile", "email", "offline_access", "User.Read"}
"""What every sign-in of a person brings along."""
_CONSENTS = "Entra admin center, Enterprise applications, the application, Permissions"


def role_remarks(found: Claims, *, writes: bool, presence: bool = False) -> Iterator[Remark]:
    """What is wrong with the permissions in a token.

    RBAC in Exchange does not show in a token: a right narrowed to rooms leaves no role at all.
    Whatever is there was consented in Entra, and reaches every mailbox of the tenant.
    """
    for scope in sorted(set(found.scp.split()) - _SIGN_IN - {READ, f"{READ}.Shared", LIST}):
        remark = _scope(scope, writes=writes)
        if remark is not None:
            yield remark
    if presence and PRESENCE not in found.roles:
        yield Remark(code="presence_missing")
    for role in sorted(set(found.roles) - ({PRESENCE} if presence else set())):
        remark = _role(role, writes=writes)
        if remark is not None:
            yield remark


def zoom_remarks(client_id: str) -> Iterator[Remark]:
    """That the application is one of Zoom's, whose credential no site has.

    A site that moves over finds these ids in its tenant, and may take one for its own.
    """
    use = ZOOM.get(client_id.lower())
    if use is not None:
        yield Remark(
            code="zoom_application",
            words=f"client_id is Zoom's own application ({use})",
            fix="`roombridge guide entra` registers an application of the site's own, and tells how"
            " Zoom's is removed",
        )


def _role(role: str, *, writes: bool) -> Remark | None:
    if role == LIST:
        return None
    removal = f"`roombridge guide entra` step 5, or {_CONSENTS}: remove {role}"
    if role in _EVERYTHING or role.startswith(("Mail.", "MailboxItem.", "MailboxFolder.")):
        return Remark(
            code="scope_mail",
            words=f"the token has {role}:"
            " it opens mail or whole mailboxes, which the appliance never reads",
            fix=removal,
        )
    if role == WRITE and not writes:
        return Remark(
            code="scope_writes",
            words=f"the token has {role}, but this configuration only reads (writes: none)",
            fix=removal,
        )
    if role in {READ, WRITE}:
        return Remark(
            code="scope_tenant_wide",
            words=f"{role} was consented in Entra: it opens every calendar of the tenant, whatever"
            " Exchange says, because the two add up",
            fix=removal + "; `roombridge guide exchange` grants it for rooms only",
        )
    return Remark(
        code="scope_superfluous",
        words=f"the token has {role}, which is not used",
        fix=removal,
    )


def _scope(scope: str, *, writes: bool) -> Remark | None:
    """A delegated permission: it reaches only what the service account itself reaches."""
    removal = f"{_CONSENTS}: remove {scope}, then sign the service account in again"
    words = f"the service account's token has {scope}"
    if scope.startswith(("Mail.", "EWS.", "MailboxItem.", "MailboxFolder.")):
        return Remark(code="scope_mail", words=f"{words}: it opens mail", fix=removal)
    if scope in {WRITE, f"{WRITE}.Shared"}:
        if writes:
            return None
        return Remark(
            code="scope_writes",
            words=f"{words}, but this configuration only reads (writes: none)",
            fix=removal,
        )
    return Remark(code="scope_superfluous", words=f"{words}, which is not used", fix=removal)


def may_read(found: Claims) -> bool:
    """Whether Entra itself lets the application read calendars."""
    return bool({READ, WRITE} & set(found.roles)) or READ in found.scp or WRITE in found.scp


def may_write(found: Claims) -> bool:
    """Whether Entra itself lets the application change calendars."""
    return WRITE in found.roles or WRITE in found.scp
