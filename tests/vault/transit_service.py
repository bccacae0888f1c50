"""A key service on loopback that speaks as a transit engine does, and really signs with Ed25519."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["TransitService", "serving"]


@dataclass
class TransitService:
    """Keys of one engine by name, each a list of versions, and what the service is to do wrong.

    `status` is answered instead of the truth where it is set; `flip` spoils a bit of each signature.
    """

    token: str = "s.notary"  # noqa: S105 - a token of a test
    url: str = ""
    keys: dict[str, list[Ed25519PrivateKey]] = field(default_factory=dict)
    kind: str = "ed25519"
    status: int = 0
    flip: bool = False
    namespaces: list[str | None] = field(default_factory=list)

    def add(self, name: str) -> str:
        """Make a key, or one more version of it, and return its URL."""
        versions = self.keys.setdefault(name, [])
        versions.append(Ed25519PrivateKey.from_private_bytes(sha256(f"{name} {len(versions)}".encode()).digest()))
        return f"{self.url}/v1/transit/keys/{name}"

    def public(self, name: str, version: int) -> bytes:
        """Return the public part of a version, from 1."""
        return self.keys[name][version - 1].public_key().public_bytes_raw()

    def answer(self, path: str, token: str | None, body: dict[str, Any] | None) -> tuple[int, dict[str, Any]]:
        """Return status and body of an answer."""
        if self.status:
            return self.status, {"errors": ["Vault is sealed"] if self.status == 503 else ["a fault"]}
        if token != self.token:
            return 403, {"errors": ["permission denied"]}
        _, _, mount, verb, name = path.split("/")
        if mount != "transit" or name not in self.keys:
            return 404, {"errors": []}
        return 200, {"data": self._told(name) if body is None and verb == "keys" else self._signed(name, body or {})}

    def _told(self, name: str) -> dict[str, Any]:
        public = {
            str(number): {"name": "ed25519", "public_key": base64.b64encode(self.public(name, number)).decode()}
            for number in range(1, len(self.keys[name]) + 1)
        }
        return {"type": self.kind, "latest_version": len(public), "keys": public}

    def _signed(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        version = body["key_version"]
        signature = bytearray(self.keys[name][version - 1].sign(base64.b64decode(body["input"], validate=True)))
        signature[7] ^= self.flip
        return {"signature": f"vault:v{version}:{base64.b64encode(signature).decode()}", "key_version": version}


@contextmanager
def serving() -> Iterator[TransitService]:
    """Serve on a free port until left."""
    service = TransitService()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, body: dict[str, Any] | None) -> None:
            service.namespaces.append(self.headers.get("X-Vault-Namespace"))
            status, told = service.answer(self.path, self.headers.get("X-Vault-Token"), body)
            data = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            del args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
