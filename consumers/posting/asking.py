"""Ask the ERP for one thing, with the key under which it does that thing once."""

from dataclasses import dataclass
from typing import Any

import httpx2

from consumers.posting.answer import DEPENDENCY
from consumers.runtime.errors import Transient

__all__ = ["PATH", "STAGE", "Said", "ask", "sent"]

STAGE = "posting"
PATH = "/api/v1/gl/posting"
# Well under the lane's own limit: a slow ERP is waited for and asked again, it never makes the record a dead letter.
_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Said:
    """What the ERP answered to one request: the HTTP status, and the body as it came."""

    status: int
    body: bytes


async def ask(erp: httpx2.AsyncClient, path: str, body: dict[str, Any], key: str) -> Said:
    """Return the ERP's answer, whatever it says.

    Raises:
        Transient: it gives none.

    """
    return await sent(erp, path, body, {"Idempotency-Key": key})


async def sent(erp: httpx2.AsyncClient, path: str, body: dict[str, Any], headers: dict[str, str]) -> Said:
    """Return the ERP's answer to any request, whatever it says.

    Raises:
        Transient: it gives none.

    """
    try:
        answer = await erp.post(path, json=body, headers=headers, timeout=_TIMEOUT_S)
    except httpx2.RequestError as error:
        # The name of the error only: its text may repeat the address and with it a password.
        raise Transient(DEPENDENCY, f"the ERP does not answer: {type(error).__name__}") from error
    return Said(answer.status_code, answer.content)
