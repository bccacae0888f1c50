"""The upload service over real HTTP, against the real broker, registry and a document folder."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
import uvicorn

from config.settings import Settings
from devstack import stack
from producers.custody import ensure_secrets
from producers.door import Submitter
from producers.edge import Edge
from producers.http import Lookup, make_app
from producers.intake import Intake
from producers.sender import OptionUnknown, client_options
from producers.upload import Upload
from schemas.envelope import Event
from schemas.events import BatchClosed, ExpenseSubmitted
from tests.producers.conftest import Clock, Read

Events = Callable[[str], list[Event]]
PDF = b"%PDF-1.4 hotel 90.00"


@contextmanager
def _serving(intake: Intake, tenant: str, lookup: Lookup | None = None) -> Iterator[httpx2.Client]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(make_app(intake, tenant, lookup), log_config=None, lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            _until(lambda: server.started)
            base = f"http://127.0.0.1:{listening.getsockname()[1]}"
            with httpx2.Client(base_url=base, timeout=30) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join(20)
    assert not thread.is_alive()


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "not within 20 s"
        time.sleep(0.02)


def _with(settings: Settings, **changes: object) -> Settings:
    return Settings.model_validate({**settings.model_dump(), **changes})


@pytest.fixture
def client(settings: Settings, clock: Clock, tenant: str) -> Iterator[httpx2.Client]:
    """Return a client of a running service with a small limit."""
    with _serving(Intake(_with(settings, upload_bytes=100_000), clock), tenant) as found:
        yield found


def _post(client: httpx2.Client, files: dict[str, bytes], **fields: str) -> httpx2.Response:
    parts = [("file", (name, content)) for name, content in files.items()]
    return client.post("/v1/documents", files=parts, data={"employee": "E1", **fields})


@pytest.mark.kafka
def test_a_document_is_acknowledged_and_the_same_as_by_command_line(
    client: httpx2.Client, edge: Edge, events: Events, read: Read, tenant: str, tmp_path: Path
) -> None:
    """202 names expense and batch; its event is in Kafka, in the partition that every other client chooses."""
    answer = _post(client, {"hotel.pdf": PDF}, department="ops", batch="march")
    assert answer.status_code == 202
    body = answer.json()
    assert (body["batch_id"], body["documents"][0]["media_type"]) == ("march", "application/pdf")
    (event,) = events("expense.submitted")
    assert isinstance(event, ExpenseSubmitted)
    assert (event.expense_id, event.origin, event.context.department) == (body["expense_id"], "api", "ops")
    (tmp_path / "hotel.pdf").write_bytes(PDF)
    with Upload(edge.door, edge.publisher, Submitter(tenant=tenant, employee_id="e1"), "b", clock=edge.clock) as upload:
        upload.add(tmp_path / "hotel.pdf")
    placed = [r.partition for r in read("expense.submitted") if r.key == event.expense_id.encode()]
    assert len(placed) == 2
    assert len(set(placed)) == 1


@pytest.mark.kafka
def test_a_tenant_of_another_region_is_sent_there(
    settings: Settings, clock: Clock, tenant: str, events: Events
) -> None:
    """It is answered 421 with both regions, for documents and batches, and nothing is stored or published."""
    placed = _with(settings, region="eu", residency={tenant: "eu", "*": "us"})
    with _serving(Intake(placed, clock), tenant) as client:
        files = {"a.txt": b"a document"}
        refused = _post(client, files, tenant=f"{tenant}-us")
        assert (refused.status_code, refused.json()["type"]) == (421, "urn:spendtrail:problem:wrong-region")
        assert "belongs to region us, and this is region eu" in refused.json()["detail"]
        body = {"expense_ids": [str(UUID(int=1))], "tenant": f"{tenant}-us"}
        assert client.post("/v1/batches/b/close", json=body).status_code == 421
        assert not list(settings.home.rglob(f"documents/{tenant}-us"))
        assert _post(client, files).status_code == 202
        (submitted,) = events("expense.submitted")
        assert isinstance(submitted, ExpenseSubmitted)
        assert submitted.context.region == "eu"


@pytest.mark.kafka
def test_several_files_are_one_batch_that_the_sender_closes(client: httpx2.Client, events: Events) -> None:
    """Each file is an expense; closing names them, twice the same way."""
    body = _post(client, {"a.pdf": PDF, "b.txt": b"taxi 12.00", "C:\\scans\\c.txt": b"tram 3.00"}).json()
    assert [d["file_name"] for d in body["documents"]] == ["a.pdf", "b.txt", "c.txt"]
    ids = [d["expense_id"] for d in body["documents"]]
    for _ in range(2):
        closed = client.post(f"/v1/batches/{body['batch_id']}/close", json={"expense_ids": [*ids, ids[0]]})
        assert closed.status_code == 202
    first, second = (e for e in events("batch.progress") if isinstance(e, BatchClosed))
    assert first.expense_ids == tuple(sorted(ids))
    assert first == second
    assert closed.json()["manifest_sha256"] == first.manifest_sha256


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("files", "fields", "status", "told"),
    [
        ({"big.pdf": b"%PDF" + b"x" * 100_000}, {}, 413, "over the limit of 100,000 bytes"),
        ({"a.pdf": PDF}, {"employee": " "}, 422, "employee"),
        ({"a.pdf": PDF}, {"tenant": "../up"}, 422, "tenant"),
        ({"a.pdf": PDF}, {"batch": "x" * 201}, 422, "batch name"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_problem(
    client: httpx2.Client, events: Events, files: dict[str, bytes], fields: dict[str, str], status: int, told: str
) -> None:
    """The answer is problem+json that names limit or field; nothing reaches Kafka."""
    answer = _post(client, files, **fields)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert told in answer.json()["detail"]
    assert events("expense.submitted") == []


@pytest.mark.kafka
def test_a_request_that_is_no_form_is_refused(client: httpx2.Client) -> None:
    """JSON, an empty form and a damaged one say what is expected."""
    assert "multipart/form-data" in client.post("/v1/documents", json={}).json()["detail"]
    damaged = client.post("/v1/documents", content=b"x", headers={"content-type": "multipart/form-data; boundary=b"})
    assert damaged.status_code == 422
    no_file = client.post("/v1/documents", data={"employee": "E1"}, files={"note": (None, "x")})
    assert "no file" in no_file.json()["detail"]
    assert client.post("/v1/batches/b/close", json={"expense_ids": ["x"]}).status_code == 422


@pytest.mark.kafka
def test_the_door_closes_while_a_stage_is_behind(
    settings: Settings, clock: Clock, tenant: str, edge: Edge, tmp_path: Path
) -> None:
    """429 with Retry-After names the stage; readiness tells the same."""
    (tmp_path / "a.txt").write_text("taxi 12.00")
    with Upload(edge.door, edge.publisher, Submitter(tenant=tenant, employee_id="E1"), "b", clock=clock) as upload:
        upload.add(tmp_path / "a.txt")
    busy = _with(settings, lag_bound=1, door_groups={f"nobody-{tenant}": "expense.submitted", "b": "batch.progress"})
    intake = Intake(busy, clock)
    with _serving(intake, tenant) as client:
        _until(lambda: bool(intake.behind))
        intake.behind = {f"nobody-{tenant}": 2}
        answer = _post(client, {"b.txt": b"tram 3.00"})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")
        assert f"nobody-{tenant}" in answer.json()["detail"]
        assert client.get("/readyz").status_code == 503


@pytest.mark.kafka
def test_readiness_and_documentation(client: httpx2.Client) -> None:
    """Ready once Kafka and the store answer; the form is described."""
    assert client.get("/healthz").json() == {"status": "ok"}
    _until(lambda: client.get("/readyz").status_code == 200)
    described = client.get("/openapi.json").json()["paths"]["/v1/documents"]["post"]
    assert "employee" in described["requestBody"]["content"]["multipart/form-data"]["schema"]["required"]
    assert set(described["responses"]) == {"202", "413", "421", "422", "429", "503"}


@pytest.mark.kafka
def test_an_expense_can_be_looked_up_where_there_is_a_read_model(settings: Settings, clock: Clock, tenant: str) -> None:
    """The answer's status URL leads to what the read model knows."""
    known: dict[str, dict[str, str]] = {}
    with _serving(Intake(settings, clock), tenant, known.get) as client:
        url = _post(client, {"a.pdf": PDF}).json()["status_url"]
        assert client.get(url).status_code == 404
        known[url.rsplit("/", 1)[-1]] = {"status": "posted"}
        assert client.get(url).json() == {"status": "posted"}


@pytest.mark.kafka
@pytest.mark.slow
def test_without_kafka_nothing_is_accepted_and_with_it_again_everything_is(tmp_path: Path, clock: Clock) -> None:
    """503 while the broker is away, the missing part named; the same document goes in once it is back."""
    home = tmp_path / "stack"
    endpoints = stack.start(home)
    try:
        settings = Settings(
            home=tmp_path / "home",
            bootstrap_servers=endpoints.bootstrap_servers,
            schema_registry_url=endpoints.registry_url,
        )
        ensure_secrets(settings)
        from producers import provisioning  # noqa: PLC0415 - only this test starts a stack of its own

        provisioning.apply(endpoints.bootstrap_servers, endpoints.registry_url)
        with _serving(Intake(settings, clock), "acme") as client:
            assert _post(client, {"a.txt": b"taxi 12.00"}).status_code == 202
            stack.kill(home, "kafka-1")
            answer = _post(client, {"b.txt": b"tram 3.00"})
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            _until(lambda: "kafka" in client.get("/readyz").json()["missing"])
            stack.start_one(home, "kafka-1")
            _until(lambda: _post(client, {"b.txt": b"tram 3.00"}).status_code == 202)
    finally:
        stack.stop(home)


def test_security_options_are_translated_or_refused(tmp_path: Path) -> None:
    """What protects the connection is never dropped silently."""
    told = client_options({"security.protocol": "sasl_plaintext", "sasl.username": "u", "socket.timeout.ms": "1"})
    assert told == {"security_protocol": "SASL_PLAINTEXT", "sasl_plain_username": "u"}
    assert client_options({"security.protocol": "SSL"})["ssl_context"].verify_mode.name == "CERT_REQUIRED"
    with pytest.raises(OptionUnknown, match=r"ssl\.keystore\.location"):
        client_options({"ssl.keystore.location": "k"})
    with pytest.raises(OSError, match="No such file"):
        client_options({"security.protocol": "SSL", "ssl.ca.location": str(tmp_path / "ca.pem")})
