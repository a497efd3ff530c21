"""Asking for a login, and looking at it (RFC 7616; RFC 2069 where there is no qop)."""

import hashlib
import re
import secrets

from connector.simulators.sip.switches import Switches
from connector.simulators.sip.text import Text

REALM = "simulated"


class Gate:
    """Who may order; every nonce is good once."""

    def __init__(self, switches: Switches) -> None:
        self.switches = switches
        self.failures = 0
        """Wrong logins so far: real units lock somebody out."""
        self._nonces: set[str] = set()

    def admits(self, request: Text) -> bool:
        """Whether a request has a right login that is not told to be old."""
        self.stale = False
        if not self.switches.password:
            return True
        given = request["Authorization"]
        if not given:
            return False
        words = {
            name.lower(): quoted or plain
            for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', given)
        }
        if not self._right(words, request.method):
            self.failures += 1
            return False
        if self.switches.stale:
            self.switches.stale -= 1
            self.stale = True
            return False
        return True

    def challenge(self) -> str:
        """A challenge with a fresh nonce."""
        nonce = secrets.token_hex(16)
        self._nonces.add(nonce)
        words = f'Digest realm="{REALM}", nonce="{nonce}"'
        if self.switches.algorithm != "none":
            words += f', algorithm={self.switches.algorithm}, qop="auth,auth-int", opaque="o\\"p"'
        return words + (", stale=true" if self.stale else "")

    def _right(self, words: dict[str, str], method: str) -> bool:
        if words.get("nonce") not in self._nonces or words.get("realm") != REALM:
            return False
        self._nonces.discard(words["nonce"])
        name = self.switches.algorithm
        make = hashlib.sha256 if name == "SHA-256" else hashlib.md5

        def digest(text: str) -> str:
            return make(text.encode()).hexdigest()

        user = digest(f"{self.switches.username}:{REALM}:{self.switches.password}")
        what = digest(f"{method}:{words.get('uri', '')}")
        if name == "none":
            middle = words["nonce"]
        else:
            middle = ":".join(words.get(key, "") for key in ("nonce", "nc", "cnonce", "qop"))
        fits = words.get("username") == self.switches.username
        return fits and words.get("response") == digest(f"{user}:{middle}:{what}")
