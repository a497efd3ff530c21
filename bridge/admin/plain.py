"""What fails, told to people who look after rooms and not after computers."""

from bridge.health import Subject

_OF_CODES = {
    "waiting": "never_read access_pending source_stale",
    "late": "stale",
    "service_away": (
        "timeout unreachable broken_off throttled service_error not_json not_soap not_a_token"
        " not_http not_calendar not_dav cut_short incomplete redirected wrong_shape foreign_link"
        " endless_pages sync_incomplete"
    ),
    "service_refuses": (
        "credentials_refused token_refused credentials_missing kerberos_missing kerberos_failed"
        " ticket_expired spn_wrong clock_skewed server_unproven managed_identity_refused"
        " vault_needed vault_unwritable authorization_needed sign_in_expired sign_in_declined"
        " wrong_account source_revoked credential_expired delegation_missing api_disabled"
        " request_refused"
    ),
    "mailbox_closed": "access_denied unshared",
    "mailbox_missing": "not_found gone mailbox_elsewhere",
    "calendar_odd": "too_large too_many_events calendar_unsettled delta_endless",
    "unit_away": "endpoint_unreachable",
    "unit_refuses": "endpoint_denied",
    "unit_silent": "reader_silent",
    "reported": "fault_reported",
    "display_silent": "display_silent",
    "display_copied": "display_copied",
}
_MATTERS = {code: matter for matter, codes in _OF_CODES.items() for code in codes.split()}
_ELSE = {"source": "service_odd", "endpoint": "unit_odd", "room": "room_odd", "bridge": "bridge"}
MATTERS = (*_OF_CODES, *_ELSE.values())
"""Everything that may be the matter: the catalogues have words for each."""


def matter(subject: Subject, code: str) -> str:
    """What is the matter, of the few things that somebody without tools can tell apart."""
    if subject.kind in {"endpoint", "reader"}:
        found = _MATTERS.get(code, "unit_odd")
        return found if found.startswith("unit_") else "unit_odd"
    return _MATTERS.get(code, _ELSE[subject.about])
