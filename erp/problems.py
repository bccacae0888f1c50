"""Refusals as RFC 9457 problem details: a code for machines, and for people the field and the remedy."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse

from erp.ledger import Fault

__all__ = ["PROBLEM_JSON", "Refused", "problem", "refusal"]

PROBLEM_JSON = "application/problem+json"
_TITLES = {int(status): status.phrase for status in HTTPStatus}


class Refused(Exception):
    """A request that is refused, with everything its answer says."""

    def __init__(self, status: int, code: str, detail: str, faults: Sequence[Fault] = (), **more: str) -> None:
        super().__init__(status, code, detail)
        self.status = status
        self.body = problem(status, code, detail, faults, **more)


def problem(status: int, code: str, detail: str, faults: Sequence[Fault] = (), **more: str) -> dict[str, Any]:
    """Return a problem document. `more` are further members, such as the posting that stands in the way."""
    body: dict[str, Any] = {
        "type": f"/problems/{code.lower().replace('_', '-')}",
        "title": _TITLES.get(status, "Failure"),
        "status": status,
        "code": code,
        "detail": detail,
        **more,
    }
    if faults:
        body["errors"] = [{"code": f.code, "field": f.field, "message": f.message} for f in faults]
    return body


def refusal(refused: Refused) -> JSONResponse:
    """Return the answer to a refused request."""
    return JSONResponse(refused.body, status_code=refused.status, media_type=PROBLEM_JSON)
