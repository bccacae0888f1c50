"""The HTTP face of the ledger: post one or many, reverse, list, trial balance, and a sandbox switch for faults."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import FastAPI, Header, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from erp.faults import FaultGate, Faults
from erp.journal import Journal, Postings, Reversal
from erp.ledger import Chart, Fault, check, fingerprint, posting_id, reverse
from erp.problems import Refused, refusal
from erp.store import Duplicate, Posting, Store

__all__ = ["create_app"]

_KEY_LENGTH = 255
_LARGEST_PAGE = 10_000
Key = Annotated[str | None, Header(alias="Idempotency-Key")]


def create_app(store: Store, chart: Chart, clock: Callable[[], datetime]) -> FastAPI:
    """Build the application over an open store. `clock` stamps postings and decides nothing."""
    app = FastAPI(title="Ledger sandbox", summary="A general ledger to post expenses to", version="1")
    app.state.faults = Faults()
    app.add_middleware(FaultGate)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    _add_posting(app, store, chart, clock)
    _add_reading(app, store, chart)
    _add_sandbox(app)
    return app


def _add_posting(app: FastAPI, store: Store, chart: Chart, clock: Callable[[], datetime]) -> None:
    # On the event loop itself: one writer at a time would have threads wait for each other, and a request that changes
    # threads twice costs as much again.
    @app.post("/api/v1/gl/posting", status_code=201)
    async def post(journal: Journal, response: Response, key: Key = None) -> dict[str, Any]:
        posting, new = _posted(journal, _required(key), store, chart, clock)
        response.status_code = 201 if new else 200
        return {**_plain(posting), "replayed": not new}

    @app.post("/api/v1/gl/postings")
    async def post_many(together: Postings) -> dict[str, Any]:
        # One flush to disk for all, before any of them is answered.
        with store.together():
            return {"answers": [_answered(each.journal, each.idempotency_key) for each in together.postings]}

    def _answered(plain: dict[str, Any], key: str) -> dict[str, Any]:
        try:
            posting, new = _posted(Journal.model_validate(plain), key, store, chart, clock)
        except Refused as refused:
            return {"status": refused.status, "body": refused.body}
        except ValidationError as error:
            unfit = _unfit([(each["type"], each["loc"], each["msg"]) for each in error.errors(include_url=False)])
            return {"status": unfit.status, "body": unfit.body}
        return {"status": 201 if new else 200, "body": {**_plain(posting), "replayed": not new}}

    @app.post("/api/v1/gl/posting/{posting}/reversal", status_code=201)
    def take_back(
        request: Reversal, response: Response, posting: Annotated[UUID, Path()], key: Key = None
    ) -> dict[str, Any]:
        key = _required(key)
        original = store.by_id(str(posting))
        if original is None:
            raise Refused(404, "NO_POSTING", f"there is no posting {posting}; take its id from the list of postings")
        if original.reverses is not None:
            raise Refused(422, "IS_REVERSAL", "a reversal is not reversed; post the document again instead")
        print_ = fingerprint(request, original.id)
        journal = reverse(original.journal, request.posting_date, request.reason)
        try:
            reversal, new = store.reverse(original, posting_id(journal.ledger, key), key, print_, journal, clock())
        except Duplicate as duplicate:
            raise Refused(
                409,
                "ALREADY_REVERSED",
                f"posting {posting} is reversed already under another key; nothing is left to reverse",
                posting_id=duplicate.posting_id,
            ) from duplicate
        _same(reversal, print_)
        response.status_code = 201 if new else 200
        return {**_plain(reversal), "replayed": not new}


def _posted(
    journal: Journal, key: str, store: Store, chart: Chart, clock: Callable[[], datetime]
) -> tuple[Posting, bool]:
    """Return the posting of a journal and whether it is new.

    Raises:
        Refused: it cannot be posted, or the key was used for another journal.

    """
    print_ = fingerprint(journal)
    earlier = store.by_key(key)
    if earlier is not None:
        # Before any rule: what was accepted once is answered the same, even if the rules have changed since.
        return _same(earlier, print_), False
    _hold(check(journal, chart))
    try:
        posting, new = store.add(posting_id(journal.ledger, key), key, print_, journal, clock())
    except Duplicate as duplicate:
        raise Refused(
            409,
            "DUPLICATE_DOCUMENT",
            f"document {journal.expense_id} is posted in ledger {journal.ledger} under another key;"
            " reverse that posting before posting the document again",
            posting_id=duplicate.posting_id,
        ) from duplicate
    return _same(posting, print_), new


def _add_reading(app: FastAPI, store: Store, chart: Chart) -> None:
    @app.get("/api/v1/gl/postings")
    def postings(
        tenant_id: str | None = None,
        ledger: str | None = None,
        expense_id: str | None = None,
        after: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int | None, Query(ge=1, le=_LARGEST_PAGE)] = None,
    ) -> dict[str, Any]:
        found = store.find(tenant_id, ledger, expense_id, after, limit)
        # `next` is what to give as `after` for the page that follows; null where this is the last.
        following = found[-1].number if limit is not None and len(found) == limit else None
        return {"postings": [_plain(each) for each in found], "next": following}

    @app.get("/api/v1/gl/trial-balance")
    def trial_balance(tenant_id: str | None = None, ledger: str | None = None) -> dict[str, Any]:
        balances = store.balances(tenant_id, ledger)
        totals: dict[str, list[Decimal]] = {}
        for each in balances:
            sides = totals.setdefault(each.currency, [Decimal(0), Decimal(0)])
            sides[0] += each.debit
            sides[1] += each.credit
        return {
            "accounts": [
                {
                    "tenant_id": each.tenant_id,
                    "ledger": each.ledger,
                    "currency": each.currency,
                    "gl_code": each.gl_code,
                    "name": chart.accounts[each.gl_code].name if each.gl_code in chart.accounts else "",
                    "debit": f"{each.debit:f}",
                    "credit": f"{each.credit:f}",
                }
                for each in balances
            ],
            "totals": {
                currency: {"debit": f"{debit:f}", "credit": f"{credit:f}", "balanced": debit == credit}
                for currency, (debit, credit) in totals.items()
            },
        }

    @app.get("/api/v1/gl/accounts")
    def accounts() -> dict[str, Any]:
        return {"accounts": [account.model_dump() for account in chart.accounts.values()]}

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        store.ping()
        return {"status": "ok"}


def _add_sandbox(app: FastAPI) -> None:
    @app.put("/sandbox/faults")
    async def set_faults(faults: Faults) -> Faults:
        app.state.faults = faults
        return faults

    @app.get("/sandbox/faults")
    async def get_faults() -> Faults:
        faults: Faults = app.state.faults
        return faults


def _required(key: str | None) -> str:
    if not key or len(key) > _KEY_LENGTH:
        raise Refused(
            400,
            "IDEMPOTENCY_KEY",
            f"send the header Idempotency-Key, 1 to {_KEY_LENGTH} characters, the same for every try of one posting",
        )
    return key


def _hold(faults: list[Fault]) -> None:
    if faults:
        code = faults[0].code if len({fault.code for fault in faults}) == 1 else "INVALID_JOURNAL"
        raise Refused(422, code, "; ".join(f"{fault.field}: {fault.message}" for fault in faults[:5]), faults)


def _same(posting: Posting, print_: str) -> Posting:
    if posting.fingerprint != print_:
        raise Refused(
            422,
            "KEY_REUSED",
            "this Idempotency-Key was used for another request; use one key for one posting and its tries",
            posting_id=posting.id,
        )
    return posting


def _plain(posting: Posting) -> dict[str, Any]:
    return {
        "posting_id": posting.id,
        "number": posting.number,
        "idempotency_key": posting.idempotency_key,
        "recorded_at": posting.recorded_at,
        "reverses": posting.reverses,
        "reversed_by": posting.reversed_by,
        "journal": posting.journal.model_dump(mode="json"),
    }


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, Refused):
        raise error
    return refusal(error)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    """Say which field and why. What was sent is not repeated: it may hold what no log should."""
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [(each["type"], each["loc"][1:], each["msg"]) for each in error.errors()]
    if any(kind == "json_invalid" for kind, _, _ in faults):
        return refusal(Refused(400, "MALFORMED_JSON", "the body is no JSON; send one journal as a JSON object"))
    return refusal(_unfit(faults))


def _unfit(found: Sequence[tuple[str, Sequence[int | str], str]]) -> Refused:
    faults = [Fault(str(kind).upper(), ".".join(map(str, place)) or "body", str(says)) for kind, place, says in found]
    detail = "; ".join(f"{fault.field}: {fault.message}" for fault in faults[:5])
    return Refused(422, "INVALID_REQUEST", detail, faults)
