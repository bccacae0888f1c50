"""Faults on demand: refuse, delay, or store a posting and lose the answer, as real networks do."""

import json
from typing import Annotated

import anyio
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from erp.problems import PROBLEM_JSON, problem

__all__ = ["FaultGate", "Faults"]


class Faults(BaseModel):
    """What goes wrong with the next `count` requests that post.

    `status` answers with that status before anything is stored. `drop_response` stores the posting and cuts the
    connection in the middle of the answer: the caller cannot know that it went through, which is how double postings
    are made. `delay_ms` waits first, alone or with either.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    status: Annotated[int, Field(ge=400, le=599)] | None = None
    delay_ms: Annotated[int, Field(ge=0, le=600_000)] = 0
    drop_response: bool = False
    retry_after_s: Annotated[int, Field(ge=0, le=3600)] | None = None


class FaultGate:
    """ASGI middleware that lets requests pass, unless faults are set. Reading and the sandbox itself never fail."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        posts = scope["type"] == "http" and scope["method"] == "POST" and scope["path"].startswith("/api/")
        faults: Faults | None = self._take(scope) if posts else None
        if faults is None:
            await self._app(scope, receive, send)
            return
        await anyio.sleep(faults.delay_ms / 1000)
        if faults.status is not None:
            await _refuse(send, faults.status, faults.retry_after_s)
        elif faults.drop_response:
            await self._app(scope, receive, _discard)
            await _cut(send)
        else:
            await self._app(scope, receive, send)

    @staticmethod
    def _take(scope: Scope) -> Faults | None:
        """Use up one fault, None when none is left. One event loop runs the gate, so no lock is needed."""
        state = scope["app"].state
        faults: Faults = state.faults
        if faults.count == 0:
            return None
        state.faults = faults.model_copy(update={"count": faults.count - 1})
        return faults


async def _refuse(send: Send, status: int, retry_after_s: int | None) -> None:
    body = json.dumps(problem(status, "SANDBOX_FAULT", "This failure was asked for at /sandbox/faults.")).encode()
    headers = [(b"content-type", PROBLEM_JSON.encode()), (b"content-length", str(len(body)).encode())]
    if retry_after_s is not None:
        headers.append((b"retry-after", str(retry_after_s).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _discard(message: Message) -> None:
    """Take the answer and tell nobody."""


async def _cut(send: Send) -> None:
    """Promise more bytes than follow: the server closes the connection, the caller sees a broken answer."""
    await send({"type": "http.response.start", "status": 201, "headers": [(b"content-length", b"1024")]})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})
