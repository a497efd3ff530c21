"""HTTP sessions to an Exchange server, signed in by exchangelib, under the bridge's own rules.

exchangelib knows how to sign in (NTLM, Basic) and holds the sessions; `kerberos` is the driver's
own. What exchangelib would do beyond that is done elsewhere: it retries and sleeps by itself, logs
whole requests, reads answers of any size, and shares one pool among all who use the same account.
"""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Literal, NamedTuple
from weakref import WeakSet

import urllib3
from exchangelib import BASIC, NTLM, Configuration, Credentials, FailFast
from exchangelib.protocol import BaseProtocol
from exchangelib.transport import NOAUTH
from exchangelib.util import CONNECTION_ERRORS, TLS_ERRORS
from urllib3.connection import HTTPConnection, HTTPSConnection
from yarl import URL

from connector.errors import ConnectorError, Denied, Malformed, Unavailable
from connector.fingerprint import fingerprint_bytes
from connector.http import too_large
from connector.outside import CONNECT_LIMIT, Outside
from connector.secret import Secret
from connector.sources.ews.kerberos import Ticket
from connector.sources.ews.trust import untrusted

ANSWER_LIMIT = 50 << 20
"""Bytes of one answer."""
READ_LIMIT = 60.0
"""Seconds for one answer."""
SILENCE_LIMIT = 20.0
"""Seconds in which at least something of an answer must come."""
_CHUNK = 16 << 10

Way = Literal["basic", "ntlm", "kerberos", "oauth"]
_SIGNERS = {"gssapi", "spnego"}
"""Libraries whose errors tell that a sign-in could not be made: no ticket, no sound challenge."""
_TYPES = {"basic": BASIC, "ntlm": NTLM, "kerberos": NOAUTH, "oauth": NOAUTH}


class Login(NamedTuple):
    """How and as whom a server is reached."""

    url: URL
    auth: Way
    username: str = ""
    password: Secret | None = None


class Response(NamedTuple):
    """A whole answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class Channel(BaseProtocol):  # type: ignore[misc] # exchangelib has no types
    """At most `sessions` connections, each signed in by itself.

    `streams` leaves answers unread that go well: their reader comes later.
    """

    def __init__(
        self, login: Login, outside: Outside, *, sessions: int = 1, streams: bool = False
    ) -> None:
        self._origin = login.url.origin()
        self._by_ticket = login.auth == "kerberos"
        self._ended = False
        self._adapter = _adapter(login.url, outside, streams=streams)
        password = login.password.reveal() if login.password else ""
        asks = login.auth in {"basic", "ntlm"}
        super().__init__(
            Configuration(
                credentials=Credentials(login.username, password) if asks else None,
                service_endpoint=str(login.url),
                auth_type=_TYPES[login.auth],
                retry_policy=FailFast(),
                max_connections=sessions,
            )
        )
        self._proxies = _proxies(login.url, outside)

    def raw_session(self, _prefix: str, *_: Any, **__: Any) -> Any:
        """A session that follows nothing of the environment: no proxy, no netrc, no CA bundle."""
        session = super().raw_session(f"{self._origin}/")
        session.trust_env = False
        session.proxies = self._proxies
        session.headers.update({"Accept-Encoding": "identity", "User-Agent": "RoomCalendarBridge"})
        # Cookies go where they are meant to: `affinity` sends its own.
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.mount(f"{self._origin}/", self._adapter())
        return session

    def create_session(self) -> Any:
        """A session that signs its connections in."""
        session = super().create_session()
        if self._by_ticket:
            session.auth = Ticket(self._origin.host or "")
        return session

    def post(self, body: bytes, headers: dict[str, str], *, path: str = "") -> Response:
        """One request and its whole answer; blocks. `path` is another one than that of EWS.

        Raises:
            Unavailable: nobody answered in time, or the answer broke off.
            Malformed: the answer is too large, or TLS cannot be trusted.
        """
        with (
            self.session() as session,
            named_failures(),
            self.send(session, body, headers, path=path) as got,
        ):
            return Response(got.status_code, dict(got.headers), got.content)

    @contextmanager
    def session(self) -> Iterator[Any]:
        """A session for a while; one in which something went wrong is not used again."""
        session = self.get_session()
        try:
            yield session
        except BaseException:
            session.close()
            session = self.create_session()
            raise
        finally:
            self.release_session(session)

    def send(
        self,
        session: Any,
        body: bytes,
        headers: dict[str, str],
        *,
        silence: float = SILENCE_LIMIT,
        path: str = "",
    ) -> Any:
        """One request; redirects are not followed: they would carry credentials elsewhere."""
        if self._ended:
            raise Unavailable("the source is being closed", reason="unreachable")
        return session.post(
            str(self._origin.with_path(path)) if path else self.service_endpoint,
            data=body,
            headers=headers,
            allow_redirects=False,
            stream=True,
            timeout=(CONNECT_LIMIT, silence),
        )

    def abort(self) -> None:
        """End whatever goes on, for good: a thread that waits for an answer stops waiting."""
        self._ended = True
        for one in self._adapter.sockets():
            # Not the TLS socket's own way, which takes the connection from whoever reads it.
            with suppress(OSError):
                socket.socket.shutdown(one, socket.SHUT_RDWR)


@contextmanager
def named_failures() -> Iterator[None]:
    """What requests and urllib3 raise, in the bridge's words."""
    try:
        yield
    except ConnectorError:
        raise
    except TLS_ERRORS as error:
        raise untrusted(error) from error
    except CONNECTION_ERRORS as error:
        raise lost(error) from error
    except KeyError as error:
        # What requests_ntlm raises where a proxy or a server breaks its handshake off.
        raise Unavailable("the sign-in broke off", reason="broken_off") from error
    except (OSError, urllib3.exceptions.HTTPError) as error:
        raise lost(error) from error
    except (ValueError, IndexError, struct.error) as error:
        # The last two come of a challenge that pyspnego cannot take apart.
        raise Malformed("the answer is not HTTP", reason="not_http") from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in _SIGNERS:
            raise
        raise Denied(
            f"there was nothing to sign in with ({type(error).__name__})",
            reason="credentials_refused",
            fix="with kerberos: a keytab in KRB5_CLIENT_KTNAME, a clock that is right; with ntlm"
            " something between breaks the handshake",
            everywhere=True,
        ) from error


def lost(error: BaseException) -> ConnectorError:
    """The error for an answer that did not come, or not whole."""
    name = type(error).__name__
    if "ConnectTimeout" in name or "NewConnection" in repr(error) or "ProxyError" in name:
        return Unavailable("no connection", reason="unreachable", everywhere=True)
    if "Timeout" in name or "timed out" in repr(error):
        return Unavailable(f"no answer within {SILENCE_LIMIT:g} s", reason="timeout")
    return Unavailable("the answer broke off", reason="broken_off")


def _proxies(url: URL, outside: Outside) -> dict[str, str]:
    proxy = outside.route(url).get("proxy")
    return {"http": str(proxy), "https": str(proxy)} if proxy else {}


def _adapter(url: URL, outside: Outside, *, streams: bool) -> "_Adapters":
    """How connections are opened and answers are read."""
    pinned = fingerprint_bytes(outside.trust.fingerprint)
    more: dict[str, Any] = {}
    if url.scheme == "https":
        more["ssl_context"] = outside.context if pinned is None else _pinning()
        if pinned is not None:
            more["assert_fingerprint"] = pinned.hex()
    return _Adapters(more, verified=pinned is None, streams=streams)


def _pinning() -> ssl.SSLContext:
    """TLS in which no authority is asked: the one certificate is compared instead."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class _Adapters:
    """Makes the adapters of one channel and knows their sockets."""

    def __init__(self, more: dict[str, Any], *, verified: bool, streams: bool) -> None:
        self._more = more
        self._verified = verified
        self._streams = streams
        self._open: WeakSet[socket.socket] = WeakSet()
        self._lock = threading.Lock()

    def __call__(self) -> Any:
        return _Adapter(self._more, self._pools(), verified=self._verified, streams=self._streams)

    def sockets(self) -> list[socket.socket]:
        """Those that are open now."""
        with self._lock:
            return list(self._open)

    def _opened(self, connection: HTTPConnection) -> None:
        if isinstance(connection.sock, socket.socket):
            with self._lock:
                self._open.add(connection.sock)

    def _pools(self) -> dict[str, type]:
        opened = self._opened
        return {"http": _plain(opened), "https": _tls(opened)}


def _plain(opened: Callable[[HTTPConnection], None]) -> type:
    class Connection(HTTPConnection):
        def connect(self) -> None:
            self.proven = False  # see kerberos
            super().connect()
            opened(self)

    return type("Pool", (urllib3.HTTPConnectionPool,), {"ConnectionCls": Connection})


def _tls(opened: Callable[[HTTPConnection], None]) -> type:
    class Connection(HTTPSConnection):
        def connect(self) -> None:
            self.proven = False  # see kerberos
            super().connect()
            opened(self)

    return type("Pool", (urllib3.HTTPSConnectionPool,), {"ConnectionCls": Connection})


class _Adapter(BaseProtocol.HTTP_ADAPTER_CLS):  # type: ignore[misc] # requests has no types
    """One connection, verified by the bridge's policy, whose answers are bounded.

    All of them are: those in the midst of a sign-in too.
    """

    def __init__(
        self, more: dict[str, Any], pools: dict[str, type], *, verified: bool, streams: bool
    ) -> None:
        self._more = more
        self._pools = pools
        self._verified = verified
        self._streams = streams
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0, pool_block=True)

    def init_poolmanager(self, *given: Any, **more: Any) -> None:
        """The pool of direct connections."""
        super().init_poolmanager(*given, **more, **self._more)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:
        """The pool of connections through a proxy."""
        manager = super().proxy_manager_for(proxy, **more, **self._more)
        manager.pool_classes_by_scheme = self._pools
        return manager

    def cert_verify(self, *_: Any) -> None:
        """Nothing: the context knows its authorities, and must not learn others from requests."""

    def send(self, request: Any, *given: Any, **more: Any) -> Any:
        """One exchange, whichever step of a sign-in it is."""
        end = time.monotonic() + READ_LIMIT
        more["stream"] = True
        more["verify"] = self._verified
        response = super().send(request, *given, **more)
        if not (self._streams and response.status_code == 200):
            _bound(response, end)
        return response


def _bound(response: Any, end: float) -> None:
    """Let whoever reads an answer read no more of it, and no longer, than is allowed.

    It is not read here: requests_ntlm looks at the connection of an answer that is unread for the
    certificate that it binds the sign-in to.
    """
    whole = response.iter_content

    def bounded(*_: Any, **__: Any) -> Iterator[bytes]:
        size = 0
        for chunk in whole(_CHUNK):
            size += len(chunk)
            if size > ANSWER_LIMIT:
                response.close()
                raise too_large(ANSWER_LIMIT)
            if time.monotonic() > end:
                response.close()
                raise Unavailable(f"no answer within {READ_LIMIT:g} s", reason="timeout")
            yield chunk

    response.iter_content = bounded
