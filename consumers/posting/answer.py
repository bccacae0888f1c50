"""What the ERP's answer means: posted, refused for a person to see, or not an answer at all."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from consumers.runtime.errors import Transient
from schemas.records import Posting

__all__ = ["Refusal", "read_answer", "read_reversal"]

DEPENDENCY = "erp"
# None of these is about the document: the ERP is busy, not let us in, or not where the settings say. Sending every
# expense to a person for that would bury the reviews that matter; waiting shows in readiness instead.
_NOT_ABOUT_THE_DOCUMENT = frozenset({401, 403, 404, 405, 407, 408, 421, 425, 429})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the ERP will never take this journal as it is."""

    code: str
    message: str


class _Accepted(BaseModel):
    """The part of an accepting answer that counts."""

    model_config = ConfigDict(frozen=True)

    posting_id: Annotated[str, Field(min_length=1)]
    replayed: bool = False


class _Problem(BaseModel):
    """The part of an RFC 9457 problem that counts; an ERP that says less is believed by its status."""

    model_config = ConfigDict(frozen=True)

    code: Annotated[str, Field(max_length=100)] = ""
    detail: str = ""
    posting_id: str | None = None


def read_answer(status: int, body: bytes, key: str) -> Posting | Refusal:
    """Read the ERP's answer to a posting with this idempotency key.

    Raises:
        Transient: it says nothing about the document, so that the same request is to be sent again.

    """
    if status in {HTTPStatus.OK, HTTPStatus.CREATED}:
        try:
            accepted = _Accepted.model_validate_json(body)
        except ValidationError as error:
            # It may well be posted; asking again with the same key tells, and posts nothing twice.
            raise Transient(DEPENDENCY, f"the ERP answered {status} without a posting id") from error
        return Posting(posting_id=accepted.posting_id, idempotency_key=key, replayed=accepted.replayed)
    if not HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR or status in _NOT_ABOUT_THE_DOCUMENT:
        raise Transient(DEPENDENCY, f"the ERP answered {status}")
    return _refusal(status, body)


def read_reversal(status: int, body: bytes, key: str) -> Posting | Refusal:
    """Read the ERP's answer to a reversal with this idempotency key.

    Raises:
        Transient: it says nothing about the posting, so that the same request is to be sent again.

    """
    problem = _problem(body)
    if status == HTTPStatus.CONFLICT:
        return Refusal(
            problem.code or "ALREADY_REVERSED",
            "The posting whose place this expense should take is reversed already, for another reason; nothing was"
            " posted now. See which expense stands in the ledger, then approve or reject this one.",
        )
    if problem.code == "KEY_REUSED" and problem.posting_id:
        # The key names both expenses, so it was this reversal, asked for on another day.
        return Posting(posting_id=problem.posting_id, idempotency_key=key, replayed=True)
    if status == HTTPStatus.NOT_FOUND and problem.code == "NO_POSTING":
        return Refusal(problem.code, "The ERP has no such posting as this expense should take the place of.")
    return read_answer(status, body, key)


def _problem(body: bytes) -> _Problem:
    try:
        return _Problem.model_validate_json(body)
    except ValidationError:
        return _Problem()


def _refusal(status: int, body: bytes) -> Refusal:
    problem = _problem(body)
    if status == HTTPStatus.CONFLICT and problem.posting_id:
        # True in both cases it can mean: someone posted it by hand, or an earlier revision stands there.
        return Refusal(
            problem.code or "DUPLICATE_DOCUMENT",
            f"The ledger has this document already, as posting {problem.posting_id} under another key; nothing was"
            " posted now. Reject the expense, or have that posting reversed and approve again.",
        )
    return Refusal(problem.code or f"HTTP_{status}", f"The ERP refused the journal: {problem.detail[:500] or status}")
