"""The upload service: documents over HTTP, with limits, back-pressure and clear refusals."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import anyio
import anyio.to_thread
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Path, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import UploadFile

from config.residency import WrongRegion
from config.settings import Settings
from producers.batch import BatchNameRefused, batch_name, new_batch
from producers.door import DocumentRefused, Submitter, checked_tenant, too_large
from producers.form import FormRefused, PartTooLarge, read_form
from producers.http_shapes import (
    FORM,
    RESPONSES,
    RETRY_S,
    Accepted,
    AcceptedDocument,
    CloseBatch,
    ClosedBatch,
    Problem,
    Refused,
    answer,
)
from producers.intake import UNREACHABLE, Intake
from producers.opening import MAIN_LEDGER
from schemas.records import Context

__all__ = ["Lookup", "make_app", "serve"]

Lookup = Callable[[str], Mapping[str, Any] | None]
"""Expense id to what is known about it, None for an unknown one."""


@dataclass(frozen=True, slots=True)
class _Service:
    """What every route needs. `tenant` is used where a request names none."""

    intake: Intake
    tenant: str
    lookup: Lookup | None

    def status_url(self, expense_id: str) -> str | None:
        """Return where to ask how an expense stands, None without a read model."""
        return f"/v1/expenses/{expense_id}" if self.lookup else None


def _service(request: Request) -> _Service:
    service: _Service = request.app.state.service
    return service


_Given = Annotated[_Service, Depends(_service)]
_Batch = Annotated[str, Path(description="Name of the batch.", max_length=200)]
_routes = APIRouter()
_reading = APIRouter()


def make_app(intake: Intake, tenant: str, lookup: Lookup | None = None) -> FastAPI:
    """Return the service. `tenant` is used where a request names none; `lookup` answers how an expense stands."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        del app
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(intake.watch)
            yield
            tasks.cancel_scope.cancel()
        await intake.close()

    app = FastAPI(
        title="Spendtrail upload",
        summary="Documents in: each becomes an expense.",
        description="What is answered 202 is stored and in Kafka; anything else can be sent again without harm: the "
        "same document of the same person is the same expense.",
        version="1",
        lifespan=lifespan,
    )
    app.state.service = _Service(intake, tenant, lookup)
    for refused in (
        Refused,
        RequestValidationError,
        DocumentRefused,
        WrongRegion,
        BatchNameRefused,
        FormRefused,
        *UNREACHABLE,
    ):
        app.add_exception_handler(refused, answer)
    app.include_router(_routes)
    if lookup is not None:
        app.include_router(_reading)
    return app


@_routes.post(
    "/v1/documents",
    status_code=202,
    responses=RESPONSES,
    summary="Send documents in",
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": FORM}}}},
)
async def send_documents(request: Request, service: _Given) -> Accepted:
    """Store each file, publish its event and answer when Kafka has acknowledged it."""
    intake = service.intake
    if stage := intake.crowded:
        detail = f"stage {stage} is {intake.behind[stage]:,} records behind; try again in {RETRY_S} s"
        raise Refused(429, "behind", "Too much is waiting", detail, retry=True)
    try:
        fields, files = await read_form(request, intake.limit_bytes)
    except PartTooLarge as error:
        raise Refused(
            413, "too-large", "File too large", str(too_large("a file of the form", None, intake.limit_bytes))
        ) from error
    try:
        return await _submitted(service, fields, files)
    finally:
        for file in files:
            await file.close()


def _attendees(text: str | None) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or int(text) == 0:
        raise FormRefused("the field `attendees` is no whole number from 1 on; correct it, or leave it out")
    return int(text)


async def _submitted(service: _Service, fields: Mapping[str, str], files: list[UploadFile]) -> Accepted:
    if not files:
        raise FormRefused("the form has no file; send it in the field `file`")
    submitter = Submitter(
        tenant=fields.get("tenant") or service.tenant,
        employee_id=fields.get("employee", ""),
        ledger=fields.get("ledger") or MAIN_LEDGER,
        employee_name=fields.get("employee_name") or None,
        context=Context(
            department=fields.get("department") or None,
            project=fields.get("project") or None,
            role=fields.get("role") or None,
            property_id=fields.get("property_id") or None,
            claimed_category=fields.get("category") or None,
            country=fields.get("country") or None,
            locality=fields.get("locality") or None,
            trip=fields.get("trip") or None,
            attendees=_attendees(fields.get("attendees")),
        ),
    )
    intake = service.intake
    given = fields.get("batch")
    subject = intake.pseudonyms.of(submitter.tenant, submitter.employee_id)
    batch_id = batch_name(given) if given else new_batch(submitter.tenant, subject, intake.clock())
    accepted = []
    for file in files:
        name = (file.filename or "").replace("\\", "/").rsplit("/", 1)[-1]
        event = await intake.submit(name, await file.read(), submitter, batch_id)
        claim = event.document
        accepted.append(
            AcceptedDocument(
                expense_id=event.expense_id,
                file_name=name,
                sha256=claim.sha256,
                size=claim.size,
                media_type=claim.media_type,
                status_url=service.status_url(event.expense_id),
            )
        )
    first = accepted[0]
    return Accepted(batch_id=batch_id, expense_id=first.expense_id, status_url=first.status_url, documents=accepted)


@_routes.post(
    "/v1/batches/{batch_id}/close",
    status_code=202,
    responses={status: told for status, told in RESPONSES.items() if status in {422, 503}},
    summary="Close a batch",
)
async def close_batch(batch_id: _Batch, body: CloseBatch, service: _Given) -> ClosedBatch:
    """Say that everything of a batch was sent; closing it again with the same ids changes nothing."""
    tenant = checked_tenant(body.tenant or service.tenant)
    members = [str(member) for member in body.expense_ids]
    last = await service.intake.close_batch(tenant, body.ledger, batch_name(batch_id), members)
    return ClosedBatch(batch_id=batch_id, manifest_sha256=last.manifest_sha256)


@_reading.get("/v1/expenses/{expense_id}", responses={404: {"model": Problem}}, summary="How an expense stands")
async def show_expense(expense_id: UUID, service: _Given) -> dict[str, Any]:
    """Answer from the read model, which follows the stages by a second or so."""
    found = await anyio.to_thread.run_sync(service.lookup, str(expense_id)) if service.lookup else None
    if found is None:
        raise Refused(404, "unknown", "Unknown expense", "nothing is known of it, or not yet: ask again")
    return dict(found)


@_routes.get("/healthz", summary="The process runs")
async def healthz() -> dict[str, str]:
    """Answer while the event loop turns."""
    return {"status": "ok"}


@_routes.get("/readyz", responses={503: {"description": "What is missing."}}, summary="Documents are taken in")
async def readyz(service: _Given) -> JSONResponse:
    """Name what is missing and how far each stage is behind."""
    intake = service.intake
    ready = not intake.missing and intake.crowded is None
    return JSONResponse(
        {"ready": ready, "missing": intake.missing, "behind": intake.behind}, status_code=200 if ready else 503
    )


def serve(settings: Settings, clock: Callable[[], datetime], lookup: Lookup | None = None) -> None:
    """Serve on `settings.upload_host:upload_port` until SIGTERM or SIGINT, then finish the requests in hand.

    Raises:
        SettingsIncomplete: no brokers or no registry are named.
        SecretsUnusable, MasterKeyUnusable: a secret is missing or unsafe.

    """
    app = make_app(Intake(settings, clock), settings.tenant, lookup)
    uvicorn.run(
        app,
        host=settings.upload_host,
        port=settings.upload_port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=int(settings.drain_s),
    )
