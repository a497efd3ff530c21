"""What the doctor finds, what mends it, and how bad each code is."""

from typing import Literal

from bridge.sign_on_words import SIGN_ON
from bridge.words import ADVICE, Advice

NOT_IN_ROOMS = frozenset(
    {
        "alerts_failing",
        "audit_broken",
        "audit_head_unsent",
        "certificate_expiring",
        "certificate_rejected",
        "credential_expiring_7",
        "credential_expiring_30",
        "credential_expiring_60",
        "credential_refused",
        "credential_unsaved",
        "discovery_denied",
        "discovery_differs",
        "discovery_doubled",
        "discovery_failing",
        "discovery_shrunk",
        "endpoint_clock",
        "endpoint_drift",
        "endpoint_insistent",
        "endpoint_unattended",
        "legacy_listener",
        "mailbox_moved",
        "mqtt_failing",
        "notifications_failing",
        "presence_failing",
        "restart_needed",
        "secrets_left",
        "sso_redirect",
        "sso_unfit",
        "sso_unreachable",
    }
)
"""What engineers must know and no room shows: calendars are read all the same."""


Severity = Literal["critical", "error", "warning", "info"]
"""As in `connector.checkup`; `info` asks for nothing."""

ORDER: tuple[Severity, ...] = ("critical", "error", "warning", "info")

FINDINGS: dict[str, tuple[Severity, Advice]] = {
    "over_privileged": (
        "critical",
        Advice(
            "the identity can read the canary mailbox, and so most likely every mailbox",
            "remove the tenant-wide consent: `roombridge guide entra` step 5; then narrow the"
            " right to rooms: `roombridge guide exchange`",
        ),
    ),
    "identity_fails": (
        "error",
        Advice(
            "no new token could be got for the identity",
            "compare identity and credential with Entra: `roombridge guide entra`",
        ),
    ),
    "scope_missing": (
        "error",
        Advice(
            "the identity is refused by every mailbox that was tried",
            "`roombridge guide exchange` prints the commands that grant it the rooms; a new grant"
            " takes up to two hours",
        ),
    ),
    "scope_mail": (
        "error",
        Advice(
            "the identity may read mail or whole mailboxes",
            "remove the permission: `roombridge guide entra` step 5",
        ),
    ),
    "presence_missing": (
        "error",
        Advice(
            "the identity may not set the presence of rooms, though `presence: write` wants that",
            "`roombridge guide entra` prints how Presence.ReadWrite.All is granted; or set"
            " `presence: none`",
        ),
    ),
    "writer_fails": (
        "error",
        Advice(
            "no token could be got for the identity that writes: nothing can be booked",
            "compare the source's `writer` with Entra: `roombridge guide entra`",
        ),
    ),
    "writer_refused": (
        "error",
        Advice(
            "the identity that writes is refused by every mailbox that was tried",
            "grant it Calendars.ReadWrite for the rooms: `roombridge guide entra`; a new grant"
            " takes up to two hours",
        ),
    ),
    "writer_reads_only": (
        "warning",
        Advice(
            "the token of the identity that writes has the right to read only; unless Exchange"
            " grants more nothing can be booked",
            "grant Application Calendars.ReadWrite in Exchange (`roombridge guide entra`), and"
            " remove Calendars.Read in Entra",
        ),
    ),
    "writes_refused": (
        "error",
        Advice(
            "the calendar service refused to book or release this room",
            "let the identity that writes change this room's calendar; docs/writing.md names the"
            " right that each service has for it",
        ),
    ),
    "scope_writes": (
        "error",
        Advice(
            "the identity may change calendars, and this configuration only reads",
            "remove Calendars.ReadWrite: `roombridge guide entra` step 5",
        ),
    ),
    "scope_tenant_wide": (
        "error",
        Advice(
            "the right to read calendars was consented in Entra, for every mailbox",
            "remove it: `roombridge guide entra` step 5; grant it for rooms only:"
            " `roombridge guide exchange`",
        ),
    ),
    "scope_superfluous": (
        "warning",
        Advice(
            "the identity has a permission that is not used",
            "remove it: `roombridge guide entra` step 5",
        ),
    ),
    "zoom_application": (
        "error",
        Advice(
            "client_id is one of Zoom's own applications",
            "register an application of the site's own: `roombridge guide entra`",
        ),
    ),
    "no_canary": (
        "warning",
        Advice(
            "nothing proves that the identity is kept to the rooms",
            "name a person's mailbox in mailboxes.canary; it must be refused, and is asked for"
            " once a day",
        ),
    ),
    "canary_absent": (
        "warning",
        Advice(
            "the canary mailbox does not exist, so that its refusal proves nothing",
            "name a mailbox that exists in mailboxes.canary",
        ),
    ),
    "canary_unknown": (
        "warning",
        Advice(
            "it could not be seen whether the canary is refused",
            "run `roombridge doctor` again when the service answers",
        ),
    ),
    "mailboxes_open": (
        "warning",
        Advice(
            "any mailbox may be asked for, whoever adds it as a room",
            "set mailboxes.domains or mailboxes.allow of the source",
        ),
    ),
    "bodies_stripped": (
        "error",
        Advice(
            "the mailbox deletes the text of invitations, and their join links with it",
            "Set-CalendarProcessing -Identity {mailbox} -DeleteComments $false (new invitations"
            " only)",
        ),
    ),
    "subjects_stripped": (
        "warning",
        Advice(
            "the mailbox deletes the subject of invitations",
            "Set-CalendarProcessing -Identity {mailbox} -DeleteSubject $false",
        ),
    ),
    "organizer_as_subject": (
        "warning",
        Advice(
            "the mailbox shows the organizer in place of the subject",
            "Set-CalendarProcessing -Identity {mailbox} -AddOrganizerToSubject $false"
            " -DeleteSubject $false",
        ),
    ),
    "private_flag_lost": (
        "warning",
        Advice(
            "the mailbox drops the private mark: private meetings are shown in clear",
            "Set-CalendarProcessing -Identity {mailbox} -RemovePrivateProperty $false",
        ),
    ),
    "private_flag_unknown": (
        "info",
        Advice(
            "no invitation is private: calendars do not tell whether the mailbox drops the mark",
            "look: Get-CalendarProcessing -Identity {mailbox} | Select-Object"
            " RemovePrivateProperty; wanted is False",
        ),
    ),
    "external_never_accepted": (
        "info",
        Advice(
            "no invitation came from outside the site's domains; they may be refused",
            "if they are wanted: Set-CalendarProcessing -Identity {mailbox}"
            " -ProcessExternalMeetingMessages $true",
        ),
    ),
    "never_accepts": (
        "warning",
        Advice(
            "the mailbox answers no invitation: its bookings stay tentative, without a button",
            "Set-CalendarProcessing -Identity {mailbox} -AutomateProcessing AutoAccept",
        ),
    ),
    "own_certificate_ends": (
        "warning",
        Advice(
            "the certificate that displays see ends soon",
            "put a new one into listen.tls.certificate_file; systemctl restart roombridge",
        ),
    ),
    "own_certificate_weak": (
        "warning",
        Advice(
            "the certificate that displays see is weak",
            "use a key of RSA 2048 bits or more or P-256, signed with SHA-256 or better",
        ),
    ),
    "peer_certificate_ends": (
        "warning",
        Advice(
            "a certificate at the other end ends soon",
            "renew it there; where a fingerprint is configured, enter the new one under tls",
        ),
    ),
    "peer_certificate_weak": (
        "warning",
        Advice(
            "a certificate at the other end is weak",
            "renew it there with RSA 2048 bits or more or P-256, signed with SHA-256 or better",
        ),
    ),
    "endpoint_unprovisioned": (
        "warning",
        Advice(
            "the room system reads its calendar by itself, and never came for it",
            "`roombridge endpoints provision ID` points it there where it has an interface for"
            " that; else enter address, user name and password at the unit",
        ),
    ),
    "endpoint_not_confirmed": (
        "warning",
        Advice(
            "for half an hour the room system did not confirm that it has its list",
            "`roombridge endpoints push ID` says how that goes now; `roombridge endpoints show ID`"
            " tells its last error",
        ),
    ),
    "service_unreachable": (
        "error",
        Advice(
            "a service of the source cannot be reached",
            "check name resolution, firewall and proxy from the appliance",
        ),
    ),
    "proxy_unreachable": (
        "error",
        Advice(
            "the web proxy cannot be reached",
            "check proxy.url and the way to it: curl --proxy URL https://graph.microsoft.com",
        ),
    ),
    "proxy_denied": (
        "error",
        Advice(
            "the web proxy refuses the login",
            "correct proxy.username and proxy.password_file and reload",
        ),
    ),
    "proxy_refuses": (
        "error",
        Advice(
            "the web proxy does not let the appliance through to a service",
            "let it pass to the service's host on port 443, or name the host in proxy.bypass",
        ),
    ),
    "clock_off": (
        "warning",
        Advice(
            "the appliance's clock differs from the service's",
            "timedatectl set-ntp true; timedatectl timesync-status tells whether it follows",
        ),
    ),
    "condition_unacknowledged": (
        "warning",
        Advice(
            "a condition of a room system's maker is not acknowledged yet",
            "read NOTICE, then name the condition under acknowledge in bridge.yaml",
        ),
    ),
    "disk_low": (
        "warning",
        Advice(
            "little space is left where data_dir lies",
            "free space: du -x -h -d 2 / | sort -h | tail shows what takes it",
        ),
    ),
    "disk_unwritable": (
        "error",
        Advice(
            "data_dir cannot be written by whoever looked",
            "chown -R roombridge: on data_dir, and see that its file system is not read-only",
        ),
    ),
    **SIGN_ON,
}
"""By code. Only the doctor raises these, and only the doctor ends them."""

_ERRORS = {
    "audit_broken",
    "display_copied",
    "stale",
    "credentials_refused",
    "token_refused",
    "access_denied",
    "not_found",
    "gone",
    "mailbox_elsewhere",
    "unshared",
    "delegation_missing",
    "api_disabled",
    "request_refused",
    "certificate_changed",
    "certificate_untrusted",
    "configuration_rejected",
    "disk_failing",
    "unexpected",
    "endpoint_denied",
    "endpoint_unsupported",
    "endpoint_quarantined",
}
_INFO = {
    "access_pending",
    "throttled",
    "endpoint_unconfirmed",
    "endpoint_dial_only",
    "beyond_push_range",
    "discovery_denied",
    "discovery_differs",
    "discovery_failing",
    "series_would_be_given_up",
    "display_silent",
}


def severity_of(code: str) -> Severity:
    """How bad a code usually is."""
    if code in FINDINGS:
        return FINDINGS[code][0]
    if code in _ERRORS:
        return "error"
    return "info" if code in _INFO else "warning"


def advice_of(code: str) -> Advice:
    """What a code of health or of the doctor means, and what mends it."""
    if code in FINDINGS:
        return FINDINGS[code][1]
    return ADVICE.get(code, Advice("", ""))
