"""A key that never leaves its service: the transit engine of OpenBao or HashiCorp Vault.

Written from https://openbao.org/api-docs/secret/transit/, sections "Encrypt data" and
"Decrypt data". Blocking on purpose: the configuration is read before there is a loop.
"""

import base64
import http.client
import re
import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import msgspec

from bridge.vault.keys import KEY_BYTES
from bridge.vault.trouble import KeyServiceDown, NoKey, VaultUnusable, WrongKey

SECONDS = 10.0
"""For the connection, and for each part of an answer."""
LIMIT = 64 << 10
"""Bytes of an answer; a real one has less than one thousand."""
_REFUSED = {401, 403}
_UNAVAILABLE = {408, 412, 429, 472, 473}
"""Standby nodes and throttling; besides these, everything from 500 on."""


class _Data(msgspec.Struct):
    ciphertext: str = ""
    plaintext: str = ""


class _Answer(msgspec.Struct):
    data: _Data


@dataclass(frozen=True, kw_only=True)
class TransitKey:
    """One key of a transit engine. The token is read for each call: agents renew it in its file."""

    url: str
    mount: str
    key: str
    token_file: Path
    ca_file: Path | None = None

    @property
    def id(self) -> str:
        """Its path in the service, without the address: that may change."""
        return f"transit/{self.mount}/{self.key}"

    def wrap(self, data_key: bytes, context: bytes) -> bytes:
        """What the service answers, as it stands: `vault:v1:…`."""
        order = {"plaintext": _coded(data_key), "associated_data": _coded(context)}
        ciphertext = self._asked("encrypt", order).ciphertext
        if not re.fullmatch(r"vault:v\d+:[A-Za-z0-9+/=]+", ciphertext):
            raise KeyServiceDown("the key service answers something else than an encrypted key")
        return ciphertext.encode("ascii")

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The data key."""
        order = {
            "ciphertext": wrapped.decode("ascii", "replace"),
            "associated_data": _coded(context),
        }
        plaintext = self._asked("decrypt", order).plaintext
        try:
            data_key = base64.b64decode(plaintext, validate=True)
        except ValueError:
            data_key = b""
        if len(data_key) != KEY_BYTES:
            raise WrongKey("the key service answers something else than the vault's data key")
        return data_key

    def _asked(self, what: str, order: Mapping[str, str]) -> _Data:
        status, content = self._posted(what, msgspec.json.encode(order))
        if status in _REFUSED:
            raise VaultUnusable(
                "the key service refuses the token in vault.key_service.token_file",
                f"it needs `update` on {self.mount}/encrypt/{self.key}"
                f" and {self.mount}/decrypt/{self.key}",
            )
        if status >= 500 or status in _UNAVAILABLE:
            raise KeyServiceDown(
                f"the key service cannot serve now (HTTP {status})", "it may be sealed: unseal it"
            )
        if status != 200:
            raise WrongKey(
                f"the key service does not {what} with {self.id} (HTTP {status})",
                "compare mount and key with the service; the vault is as it was",
            )
        try:
            return msgspec.json.decode(content, type=_Answer).data
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise KeyServiceDown(
                "something else than a key service answers", "check vault.key_service.url"
            ) from error

    def _posted(self, what: str, body: bytes) -> tuple[int, bytes]:
        token = _token(self.token_file)
        path = f"{urlsplit(self.url).path.rstrip('/')}/v1/{quote(self.mount)}/{what}/"
        headers = {"X-Vault-Token": token, "Content-Type": "application/json"}
        try:
            with closing(self._connection()) as connection:
                connection.request("POST", path + quote(self.key, safe=""), body, headers)
                answer = connection.getresponse()
                return answer.status, answer.read(LIMIT)
        except ssl.SSLCertVerificationError as error:
            raise VaultUnusable(
                f"the key service's certificate cannot be trusted: {error.verify_message}",
                "name its authority in vault.key_service.ca_file",
            ) from error
        except (OSError, http.client.HTTPException) as error:
            words = getattr(error, "strerror", None) or type(error).__name__
            raise KeyServiceDown(
                f"the key service cannot be reached: {words}",
                "check vault.key_service.url, name resolution and firewall",
            ) from error

    def _connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        if parts.scheme != "https":
            return http.client.HTTPConnection(host, parts.port, timeout=SECONDS)
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.ca_file is not None:
            context.load_verify_locations(self.ca_file)
        return http.client.HTTPSConnection(host, parts.port, timeout=SECONDS, context=context)


def _token(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            token = opened.read(LIMIT).decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise NoKey(f"{file} holds no token") from error
    except OSError as error:
        raise NoKey(f"the token file {file} cannot be read: {error.strerror}") from error
    if not token or not token.isprintable():
        raise NoKey(f"{file} holds no token")
    return token


def _coded(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
