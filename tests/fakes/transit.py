"""A fake of a transit engine, from OpenBao's API documents; a real one is used in tests/peers.

https://openbao.org/api-docs/secret/transit/ ("Encrypt data", "Decrypt data").
"""

import base64
import json
import secrets
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "s.t0ken"
PATHS = {f"/v1/transit/{what}/bridge": what for what in ("encrypt", "decrypt")}


class Transit:
    """What the service knows, and how it answers now."""

    def __init__(self) -> None:
        self.cipher = AESGCM(AESGCM.generate_key(256))
        self.status = 200
        self.body: bytes | None = None
        self.calls: list[str] = []
        self.url = ""

    def answer(self, path: str, token: str | None, order: dict[str, str]) -> tuple[int, object]:
        """One call."""
        self.calls.append(path)
        if token != TOKEN:
            return 403, {"errors": ["permission denied"]}
        if path not in PATHS:
            return 404, {"errors": ["no handler for route"]}
        if self.status != 200:
            return self.status, {"errors": ["Vault is sealed"]}
        bound = base64.b64decode(order["associated_data"])
        if PATHS[path] == "encrypt":
            nonce = secrets.token_bytes(12)
            text = self.cipher.encrypt(nonce, base64.b64decode(order["plaintext"]), bound)
            return 200, {"data": {"ciphertext": f"vault:v1:{coded(nonce + text)}"}}
        raw = base64.b64decode(order["ciphertext"].rpartition(":")[2])
        try:
            plain = self.cipher.decrypt(raw[:12], raw[12:], bound)
        except InvalidTag:
            return 400, {"errors": ["cipher: message authentication failed"]}
        return 200, {"data": {"plaintext": coded(plain)}}


def coded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@contextmanager
def served(transit: Transit, *, tls: Path | None = None) -> Iterator[str]:
    """Serve it on loopback, on a thread: whoever asks blocks."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            order = json.loads(self.rfile.read(length))
            status, told = transit.answer(self.path, self.headers["X-Vault-Token"], order)
            body = transit.body if transit.body is not None else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        transit.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"
        try:
            yield transit.url
        finally:
            server.shutdown()
            thread.join()
