"""Why there is no Kerberos ticket, in the bridge's words.

GSSAPI tells two numbers (RFC 2744 section 3.9): its own, and one of MIT Kerberos' table `krb5`,
of which the first hundred are those of RFC 4120 section 7.5.9. Its texts name accounts, files and
servers: they are not used.
"""

import re
from typing import NamedTuple

from connector.errors import ConnectorError, Denied, Unavailable

_BASE = -1765328384 & 0xFFFFFFFF
"""Where the table begins (ERROR_TABLE_BASE_krb5 in krb5.h)."""
_NO_CREDENTIAL = 7
_CREDENTIALS_EXPIRED = 11

_KEYTAB = "put the account's present keytab there and restart the appliance"
_SPN = (
    "register HTTP/… of the name in `url` for Exchange (setspn -S, on its alternate service account"
    " where there is one), or write the name into `url` that is registered"
)
_CLOCK = "let appliance, domain controllers and Exchange take the time from one source (NTP)"
_TICKET = "name a keytab in KRB5_CLIENT_KTNAME, and let the appliance read it"
_EXPIRED = "name a keytab in KRB5_CLIENT_KTNAME, by which tickets are renewed, or run kinit again"
_REALM = "name the realm and its KDCs in /etc/krb5.conf; port 88 must be open to them"


class _Why(NamedTuple):
    reason: str
    words: str
    fix: str


_REFUSED = _Why("credentials_refused", "the KDC refuses the keytab", _KEYTAB)
_SKEWED = _Why("clock_skewed", "the clocks are too far apart for Kerberos", _CLOCK)
_NO_REALM = _Why("kerberos_failed", "the machine's Kerberos knows no realm or KDC", _REALM)
_WHY = {
    6: _Why("credentials_refused", "the KDC does not know the account", _KEYTAB),
    7: _Why("spn_wrong", "the KDC knows no service HTTP of the server's name", _SPN),
    18: _Why(
        "credentials_refused",
        "the account is disabled, expired or locked out",
        "enable the account, then restart the appliance",
    ),
    23: _Why("credentials_refused", "the account's password has expired", _KEYTAB),
    24: _REFUSED,
    31: _REFUSED,
    32: _Why("ticket_expired", "the Kerberos ticket has expired", _EXPIRED),
    33: _SKEWED,
    37: _SKEWED,
    135: _NO_REALM,  # KRB5_CONFIG_CANTOPEN
    148: _SKEWED,  # KRB5_KDCREP_SKEW
    154: _NO_REALM,  # KRB5_REALM_UNKNOWN
    224: _NO_REALM,  # KRB5_CONFIG_NODEFREALM
}
_KEYLESS = _Why(
    "spn_wrong",
    "the server cannot read tickets for its own name",
    "register HTTP/… once only, on the account whose key all servers have (setspn -X, setspn -Q)",
)
_SAID = {32: _WHY[32], 33: _SKEWED, 37: _SKEWED, 41: _KEYLESS, 44: _KEYLESS, 45: _KEYLESS}
"""What a server may say of a ticket."""
_KRB_ERROR = re.compile(rb"\x03\x00\x7e.{,160}?\xa6\x03\x02\x01(.)", re.DOTALL)
"""RFC 4121 section 4.1 (token), RFC 4120 section 5.9.1 (`error-code`)."""
_AWAY = {156, 220}
"""KRB5_KDC_UNREACH, KRB5_REALM_CANT_RESOLVE."""


def said(token: bytes) -> ConnectorError | None:
    """The error that a server's token tells of, where it is a known one.

    SPNEGO hands it on, but GSSAPI does not tell it through SPNEGO.
    """
    found = _KRB_ERROR.search(token)
    why = _SAID.get(found[1][0]) if found else None
    return None if why is None else _denied(why)


def named(major: int, minor: int) -> ConnectorError:
    """The error for the two numbers of GSSAPI."""
    routine, code = major >> 16 & 0xFF, minor - _BASE
    if code in _AWAY:
        return Unavailable("no KDC of the realm answers", reason="unreachable", everywhere=True)
    why = _WHY.get(code)
    if why is None and routine == _CREDENTIALS_EXPIRED:
        why = _WHY[32]
    if why is None and routine == _NO_CREDENTIAL:
        why = _Why("credentials_missing", "there is no Kerberos ticket and no keytab", _TICKET)
    if why is None:
        words = f"the machine's Kerberos failed (GSSAPI {routine}, krb5 {code})"
        why = _Why("kerberos_failed", words, "")
    return _denied(why)


def _denied(why: _Why) -> Denied:
    return Denied(why.words, reason=why.reason, fix=why.fix, everywhere=True)
