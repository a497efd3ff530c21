"""Why a TLS connection to Exchange Server cannot be trusted, in words that name the mend."""

import ssl
from collections.abc import Iterator

from connector.errors import Malformed

_OLD = {"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "WRONG_SSL_VERSION", "NO_PROTOCOLS"}
_NEWER = "enable TLS 1.2 on the Exchange server; older versions are not used"
_FIXES = {
    # Codes of OpenSSL's verification (x509_vfy.h).
    10: "renew the server's certificate",
    18: "give the server a certificate of an authority, or configure `tls: {fingerprint: …}`",
    19: "name the site's own authority in ca_file",
    20: "name the site's own authority in ca_file",
    62: "use the name that stands in the certificate in `url`",
    64: "use the name that stands in the certificate in `url`",
}


def untrusted(error: BaseException) -> Malformed:
    """The error for a TLS connection that requests refused."""
    if "ingerprint" in str(error):
        return Malformed(
            "the certificate is not the one whose fingerprint is configured",
            reason="certificate_changed",
            everywhere=True,
        )
    words, fix = "the TLS handshake failed", ""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            words = cause.verify_message
            fix = _FIXES.get(cause.verify_code, "")
            break
        if isinstance(cause, ssl.SSLError) and cause.reason in _OLD:
            words, fix = "the server offers no TLS 1.2 or later", _NEWER
            break
        if isinstance(cause, ssl.SSLEOFError):
            words, fix = "the server broke the handshake off: it may lack TLS 1.2", _NEWER
            break
    return Malformed(
        f"TLS cannot be trusted: {words}", reason="certificate_untrusted", fix=fix, everywhere=True
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and all that it came from: the libraries wrap one another's in several ways."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
