"""Signing in with Kerberos: a ticket for each connection, and a server that proves itself as well.

RFC 4559 (Negotiate), RFC 4178 (SPNEGO), RFC 5929 section 4 (the certificate that a sign-in is bound
to). Realm, KDCs, keytab or credential cache are those of the machine's own Kerberos. What the
library requests-gssapi does instead is too little: it keeps to itself why there is no ticket, logs
whose ticket it is, and asks for the server's proof with each answer, where Exchange gives it once
in a connection.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from importlib import import_module
from ssl import SSLSocket
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from requests.auth import AuthBase

from connector.errors import Denied
from connector.sources.ews.tickets import named, said

INSTALL = (
    "apt install gcc python3-dev libkrb5-dev krb5-user, then in the folder it was installed from"
    " /opt/roombridge/bin/python -m pip install --require-hashes -r requirements/kerberos.lock"
)
_SPNEGO = "1.3.6.1.5.5.2"
_LEGS = 3
"""Tokens that are sent for one connection; Kerberos itself needs one."""
_OFFER = re.compile(r"(?:^|,)\s*Negotiate(?:\s+([A-Za-z0-9+/=]+))?\s*(?=,|$)", re.IGNORECASE)
_WEAK = (hashes.MD5, hashes.SHA1)


def _library() -> Any:
    """python-gssapi, if it and the system's Kerberos are there."""
    try:
        return import_module("gssapi")
    except (ImportError, OSError):
        return None


_gssapi = _library()


def is_there() -> bool:
    """Whether the libraries that Kerberos needs are installed."""
    return _gssapi is not None


class Ticket(AuthBase):
    """Signs the connections of one session in, each once.

    Nothing but Kerberos is offered: whatever else the machine's SPNEGO might know, as NTLM, would
    be sent to a server that only has to ask for it.
    """

    def __init__(self, host: str) -> None:
        self._host = host

    def __call__(self, request: Any) -> Any:
        """Have answers to a request looked at."""
        request.register_hook("response", self._answered)
        return request

    def _answered(self, response: Any, **more: Any) -> Any:
        """The answer, after a sign-in where the server asks for one.

        Raises:
            Unavailable, Denied: there is no ticket, or the server proves nothing.
        """
        if response.status_code == 401 and _offered(response) is not None:
            return self._signed_in(response, more)
        if response.status_code == 200 and not getattr(_connection(response), "proven", False):
            response.close()
            raise _unproven()
        return response

    def _signed_in(self, response: Any, more: dict[str, Any]) -> Any:
        """The answer after the handshake; 401 where the server takes no ticket."""
        try:
            context = _context(self._host, _bindings(_connection(response)))
            token = _step(context, None)
            for _ in range(_LEGS):
                response = _again(response, token, more)
                proof = _offered(response)
                if response.status_code != 401:
                    return self._judged(response, context, proof)
                if not proof:
                    return response
                token = _step(context, proof)
        except BaseException:
            response.close()
            raise
        return response

    def _judged(self, response: Any, context: Any, proof: bytes | None) -> Any:
        """The answer, if its sender has shown that it can read the ticket."""
        if proof:
            _step(context, proof)
        if proof and context.complete and context.mech == _gssapi.MechType.kerberos:
            # Not its socket: that is gone already where the server says that it closes.
            _connection(response).proven = True
        elif response.status_code < 400:
            raise _unproven()
        return response


def _context(host: str, bindings: bytes) -> Any:
    """What a handshake begins with: a ticket for `HTTP/host`."""
    gss = _gssapi
    if gss is None:
        raise Denied(
            "the libraries that Kerberos needs are not installed",
            reason="kerberos_missing",
            fix=INSTALL,
            everywhere=True,
        )
    more: dict[str, Any] = {
        "usage": "initiate",
        "name": gss.Name(f"HTTP@{host}", gss.NameType.hostbased_service),
        "flags": [gss.RequirementFlag.mutual_authentication],
    }
    only = [gss.MechType.kerberos]
    spnego = gss.OID.from_int_seq(_SPNEGO)
    try:
        # SPNEGO hides why there is no ticket behind codes of its own: Kerberos itself is asked
        # first, and leaves the ticket in the cache.
        mine = gss.Credentials(usage="initiate", mechs=only)
        gss.SecurityContext(mech=gss.MechType.kerberos, creds=mine, **more).step()
        # SPNEGO takes credentials for Kerberos alone as a leave to offer all that it knows.
        offered = gss.Credentials(usage="initiate", mechs=[spnego])
        gss.raw.set_neg_mechs(offered, only)
        if bindings:
            more["channel_bindings"] = gss.raw.ChannelBindings(application_data=bindings)
        return gss.SecurityContext(mech=spnego, creds=offered, **more)
    except gss.exceptions.GSSError as error:
        raise named(error.maj_code, error.min_code) from None


def _step(context: Any, token: bytes | None) -> bytes:
    """The next token to send; empty where there is none."""
    if token and (refusal := said(token)):
        raise refusal
    try:
        return bytes(context.step(token) or b"")
    except _gssapi.exceptions.GSSError as error:
        if token is None:
            raise named(error.maj_code, error.min_code) from None
        raise _unproven() from None


def _again(response: Any, token: bytes, more: dict[str, Any]) -> Any:
    """What comes of the same request with a token, over the same connection."""
    # Read to its end, it gives its connection back.
    _ = response.content
    response.raw.release_conn()
    request = response.request.copy()
    request.headers["Authorization"] = f"Negotiate {b64encode(token).decode()}"
    answer = response.connection.send(request, **more)
    answer.history.append(response)
    return answer


def _offered(response: Any) -> bytes | None:
    """The token with which a server asks for Negotiate; None where it does not."""
    found = _OFFER.search(response.headers.get("WWW-Authenticate", ""))
    if found is None:
        return None
    try:
        return b64decode(found[1] or "", validate=True)
    except NotBase64:
        return b""


def _connection(response: Any) -> Any:
    """The connection over which an answer comes, as long as it is unread."""
    return getattr(response.raw, "connection", None)


def _bindings(connection: Any) -> bytes:
    """What binds the sign-in to the TLS connection (`tls-server-end-point`); empty without TLS."""
    sock = getattr(connection, "sock", None)
    sent = sock.getpeercert(binary_form=True) if isinstance(sock, SSLSocket) else None
    if not sent:
        return b""
    certificate = x509.load_der_x509_certificate(sent)
    used = certificate.signature_hash_algorithm
    digest = hashes.SHA256() if used is None or isinstance(used, _WEAK) else used
    return b"tls-server-end-point:" + certificate.fingerprint(digest)


def _unproven() -> Denied:
    return Denied(
        "the server did not prove by Kerberos that it is the one that was asked for",
        reason="server_unproven",
        everywhere=True,
    )
