"""What the upload service takes and answers: forms, bodies, problems (RFC 9457)."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from config.residency import WrongRegion
from producers.intake import UNREACHABLE
from producers.opening import MAIN_LEDGER

__all__ = ["FORM", "RESPONSES", "RETRY_S", "Accepted", "AcceptedDocument", "CloseBatch", "ClosedBatch", "Problem"]
__all__ += ["Refused", "answer"]

RETRY_S: Final = 5
_MOST_MEMBERS = 100_000


class AcceptedDocument(BaseModel):
    """One document that is in."""

    expense_id: Annotated[str, Field(description="The same for the same bytes of the same person.")]
    file_name: Annotated[str, Field(description="As it was sent.")]
    sha256: Annotated[str, Field(description="SHA-256 of the bytes, hex.")]
    size: Annotated[int, Field(description="Bytes.")]
    media_type: Annotated[str, Field(description="By content, whatever the request said.")]
    status_url: Annotated[str | None, Field(description="Where to ask how it stands; null without a read model.")]


class Accepted(BaseModel):
    """Everything sent is stored and acknowledged by Kafka."""

    batch_id: Annotated[str, Field(description="Name of the batch it belongs to.")]
    expense_id: Annotated[str, Field(description="Id of the first document.")]
    status_url: Annotated[str | None, Field(description="Of the first document.")]
    documents: Annotated[list[AcceptedDocument], Field(description="One per file, in order.")]


class CloseBatch(BaseModel):
    """Everything of a batch was sent."""

    expense_ids: Annotated[
        list[UUID], Field(min_length=1, max_length=_MOST_MEMBERS, description="Every id the batch was answered with.")
    ]
    tenant: Annotated[str | None, Field(description="The service's own tenant otherwise.")] = None
    ledger: Annotated[str, Field(description="Legal entity of the tenant.")] = MAIN_LEDGER


class ClosedBatch(BaseModel):
    """The batch is closed; BatchCompleted follows when every member has ended or waits for a person."""

    batch_id: Annotated[str, Field(description="Name of the batch.")]
    manifest_sha256: Annotated[str, Field(description="SHA-256 over the distinct ids, sorted, one a line.")]


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: Annotated[str, Field(description="Which kind of problem.")]
    title: Annotated[str, Field(description="The kind in words.")]
    status: Annotated[int, Field(description="HTTP status.")]
    detail: Annotated[str, Field(description="What happened here, and the remedy.")]


class Refused(Exception):
    """Carries a problem to the one place that answers with it."""

    def __init__(self, status: int, kind: str, title: str, detail: str, *, retry: bool = False) -> None:
        super().__init__(detail)
        self.body = Problem(type=f"urn:spendtrail:problem:{kind}", title=title, status=status, detail=detail)
        self.headers = {"Retry-After": str(RETRY_S)} if retry else {}


def answer(request: Request, error: Exception) -> JSONResponse:
    """Answer an exception as a problem, and say whether trying again can help."""
    del request
    told = error if isinstance(error, Refused) else _translated(error)
    return JSONResponse(
        told.body.model_dump(), told.body.status, headers=told.headers, media_type="application/problem+json"
    )


def _translated(error: Exception) -> Refused:
    if isinstance(error, RequestValidationError):
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        return Refused(422, "invalid", "The request does not fit", faults)
    if isinstance(error, UNREACHABLE):
        detail = f"{error}. Nothing acknowledged is lost; send it again"
        return Refused(503, "unavailable", "A dependency does not answer", detail, retry=True)
    if isinstance(error, WrongRegion):
        # RFC 9110, 15.5.20: sent to a server that must not answer for it.
        return Refused(421, "wrong-region", "Sent to the wrong region", f"{error}. Nothing of it was stored here")
    return Refused(422, "refused", "Not taken in", str(error))


FORM: Final = {
    "type": "object",
    "required": ["file", "employee"],
    "properties": {
        "file": {"type": "array", "items": {"type": "string", "format": "binary"}, "description": "One or more."},
        "employee": {"type": "string", "description": "Employee id; in Kafka only as a pseudonym."},
        "employee_name": {"type": "string"},
        "tenant": {"type": "string", "description": "The service's own tenant otherwise."},
        "ledger": {"type": "string", "default": MAIN_LEDGER},
        "department": {"type": "string"},
        "project": {"type": "string"},
        "role": {"type": "string", "description": "Role or grade that limits depend on."},
        "property_id": {"type": "string"},
        "category": {"type": "string", "description": "Category the employee claims."},
        "country": {"type": "string", "description": "ISO 3166-1 alpha-2."},
        "locality": {"type": "string"},
        "trip": {"type": "string", "description": "Trip it belongs to, as your organisation calls it."},
        "attendees": {"type": "integer", "minimum": 1, "description": "How many people it was spent on."},
        "batch": {"type": "string", "description": "Name of the batch; made up otherwise."},
    },
}
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    413: {"model": Problem, "description": "A file is over the limit."},
    421: {"model": Problem, "description": "The tenant's data must stay in another region; send it there."},
    422: {"model": Problem, "description": "The form or a field does not fit."},
    429: {"model": Problem, "description": "The stages are too far behind; see Retry-After."},
    503: {"model": Problem, "description": "Kafka, the registry or the document store does not answer."},
}
