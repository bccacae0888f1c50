"""`/healthz`, `/readyz` and `/metrics` of one process, in a thread of their own."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import prometheus_client as prometheus

__all__ = ["Health", "HealthServer"]

# A polling thread that has not come round for this long is stuck: an orchestrator should restart it. Restoring state,
# reading tables and waiting for a broker all beat while they go on.
_STUCK_AFTER_S = 60.0


@dataclass(slots=True)
class Health:
    """What the process says of itself; written by the polling thread, read by the server's."""

    clock: Callable[[], float]
    beat: float = 0.0
    ready: bool = False
    missing: Mapping[str, str] = field(default_factory=dict)
    halted: str = ""
    spare: str = ""

    def beats(self) -> None:
        """Note that the polling thread came round."""
        self.beat = self.clock()

    def silent_s(self) -> float:
        """Return for how many seconds the polling thread has not come round."""
        return self.clock() - self.beat

    def alive(self) -> bool:
        """Return whether the polling thread is going round."""
        return not self.halted and self.silent_s() < _STUCK_AFTER_S


class HealthServer:
    """Serves until closed. `port` 0 takes any free one; `port` afterwards says which."""

    def __init__(self, health: Health, registry: prometheus.CollectorRegistry, host: str, port: int) -> None:
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/healthz":
                    self._say(health.alive(), {"alive": health.alive(), "halted": health.halted})
                elif self.path == "/readyz":
                    ready = health.ready and not health.missing and not health.halted
                    told = {"ready": ready, "missing": dict(health.missing), "halted": health.halted}
                    self._say(ready, {**told, "spare": health.spare} if health.spare else told)
                elif self.path == "/metrics":
                    body = prometheus.generate_latest(registry)
                    self._send(200, "text/plain; version=0.0.4", body)
                else:
                    self._send(404, "text/plain", b"try /healthz, /readyz or /metrics\n")

            def _say(self, good: bool, told: object) -> None:
                self._send(200 if good else 503, "application/json", json.dumps(told).encode() + b"\n")

            def _send(self, code: int, media_type: str, body: bytes) -> None:
                self.send_response(code)
                self.send_header("Content-Type", media_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the server's name for it
                """Say nothing: probes come every few seconds."""

        self._server = ThreadingHTTPServer((host, port), Answer)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="health", daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
