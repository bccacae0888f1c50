"""A running system from inside: its producers' own code, raw Kafka records, the read model. Quick where the CLI is not.

A command line takes a second to start; tests that send fifty documents or look ten times a second use this instead.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import httpx2
from confluent_kafka import Producer

from audit.entry import Entry, read
from audit.reconstruct import Expense
from config.settings import Settings
from consumers.project.database import open_database
from consumers.project.queries import ReadModel
from consumers.stages import STAGES
from producers.dead_letters import DeadLetter, listed
from producers.door import Submitter
from producers.edge import Edge, open_edge
from producers.lag import lags
from samples.einvoices import ubl
from schemas.envelope import Event
from schemas.events import AuditSealed, ExpenseSubmitted
from schemas.records import Context
from schemas.topics import AUDIT_LOG, DEAD_LETTERS
from streams.client import client_settings
from streams.record import Fetched
from streams.tail import KafkaTail
from tests.e2e.whole import ENDED, Whole

_PREFIX = "SPENDTRAIL_"


def invoice(number: int) -> bytes:
    """Return an invoice that nothing is wrong with, another one for each number: another day, another reference.

    Two of them from one person within days are rightly taken for a split purchase: `send_invoice` sends each from
    another one.
    """
    sample = ubl.compose(Random(0))  # noqa: S311 - an invoice number, no secret
    day = date(2026, 9, 30) - timedelta(days=number)
    changes = {
        sample.facts.number: f"PT{1000 + number}",
        ubl.ISSUED.isoformat(): day.isoformat(),
        ubl.DUE.isoformat(): (day + timedelta(days=30)).isoformat(),
    }
    text = sample.content.decode()
    for old, new in changes.items():
        text = text.replace(old, new)
    return text.encode()


def now() -> datetime:
    """Return the time of day, UTC."""
    return datetime.now(UTC)  # noqa: TID251 - a test submits at the time of day, as a user does


class Inside:
    """One running system. Close it by leaving `opened`."""

    def __init__(self, whole: Whole, settings: Settings, edge: Edge, model: ReadModel) -> None:
        self.whole, self.settings, self.edge, self.model = whole, settings, edge, model
        self.bootstrap = whole.addresses["kafka"]

    # -- in -----------------------------------------------------------------------------------------------------

    def admit(self, name: str, data: bytes, *, employee: str = "E-1", batch: str = "inside") -> ExpenseSubmitted:
        """Store a document and return its event, unpublished."""
        submitter = Submitter(tenant="main", employee_id=employee, context=Context(department="operations"))
        return self.edge.door.admit(name, data, submitter, batch, "upload")

    def publish(self, *events: Event) -> list[str]:
        """Publish events and return their expenses' ids once the brokers have them."""
        for event in events:
            self.edge.publisher.publish(event)
        self.edge.publisher.flush()
        return [event.expense_id for event in events]

    def admit_invoice(self, number: int) -> ExpenseSubmitted:
        """Store the invoice of that number, of a person of its own, and return its event."""
        return self.admit(f"invoice-{number}.xml", invoice(number), employee=f"E-{number}")

    def send_invoice(self, number: int) -> str:
        """Send the invoice of that number and return its expense's id."""
        (expense,) = self.publish(self.admit_invoice(number))
        return expense

    def produce(self, topic: str, key: bytes, value: bytes, *, partition: int) -> int:
        """Write one record as a stranger would and return its offset."""
        placed: list[int] = []

        def on_delivery(error: object, message: Any) -> None:
            assert error is None
            placed.append(message.offset())

        producer = Producer({"bootstrap.servers": self.bootstrap})
        producer.produce(
            topic, value, key, partition=partition, on_delivery=on_delivery, headers={"origin": b"stranger"}
        )
        producer.flush(10)
        return placed[0]

    # -- out ----------------------------------------------------------------------------------------------------

    def records(self, topic: str) -> list[Fetched]:
        """Return every committed record of a topic."""
        tail = KafkaTail(client_settings(self.bootstrap, {}), topic, None, None, 20)
        found: list[Fetched] = []
        try:
            while chunk := tail.catch_up():
                found += chunk
        finally:
            tail.close()
        return found

    def dead_letters(self) -> list[Fetched]:
        """Return the dead letters as they lie in their topic."""
        return self.records(DEAD_LETTERS.name)

    def letters(self) -> list[DeadLetter]:
        """Return every dead letter."""
        return listed(self.bootstrap)

    def trail(self) -> list[Entry]:
        """Return the entries of the audit log."""
        events = (self.edge.codec.decode(r.value) for r in self.records(AUDIT_LOG.name) if r.value)
        return [read(event.metadata.encode()) for event in events if isinstance(event, AuditSealed)]

    def expense(self, expense_id: str) -> Expense | None:
        """Return what the read model knows of an expense."""
        return self.model.expense(expense_id)

    def settle(self, ids: list[str], seconds: float = 120) -> dict[str, str]:
        """Wait until every expense has ended or waits for a person, and return their states."""
        states: dict[str, str] = {}

        def settled() -> bool:
            for each in ids:
                expense = self.model.expense(each)
                states[each] = (expense.state if expense else None) or "unknown"
            return set(states.values()) <= ENDED

        until(settled, seconds, lambda: f"not ended: {states}")
        return states

    def lag(self) -> dict[str, int]:
        """Return the stages that are behind, and by how many records."""
        found = lags(self.bootstrap, {stage.name: stage.reads.name for stage in STAGES})
        return {name: behind for name, each in found.items() if (behind := sum(each.values()))}

    def rest(self, seconds: float = 60) -> None:
        """Wait until every stage's lag is exactly zero."""
        until(lambda: not self.lag(), seconds, lambda: f"lag: {self.lag()}")

    def postings(self) -> Counter[str]:
        """Return how often the ERP has posted each expense."""
        return Counter(self.whole.postings())

    def missing(self, stage: str) -> dict[str, str]:
        """Return what a stage's readiness page says it waits for."""
        return dict(self._page(stage, "readyz").json()["missing"])

    def metric(self, stage: str, name: str) -> float:
        """Return one figure of a stage."""
        lines = self._page(stage, "metrics").text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0] == f"spendtrail_{name}")

    def pid(self, stage: str) -> int:
        """Return the process id of a stage's first replica."""
        return int(self._address(stage)["pid"])

    def _page(self, stage: str, page: str) -> httpx2.Response:
        return httpx2.get(f"http://127.0.0.1:{self._address(stage)['port']}/{page}", timeout=5)

    def _address(self, stage: str) -> dict[str, int]:
        path = self.whole.home / "state" / stage / f"{stage}-0" / "address.json"
        return dict(json.loads(path.read_text()))

    def faults(self, **told: object) -> None:
        """Set what goes wrong with the ERP's next requests; nothing when called without."""
        httpx2.put(f"{self.whole.addresses['erp']}/sandbox/faults", json=told, timeout=5).raise_for_status()


def until(holds: Callable[[], bool], seconds: float, told: Callable[[], str]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, told()
        time.sleep(0.2)


@contextmanager
def opened(whole: Whole) -> Iterator[Inside]:
    """Look inside a system that is up."""
    given = {k.removeprefix(_PREFIX).lower(): v for k, v in whole.environment.items() if k.startswith(_PREFIX)}
    given |= {"bootstrap_servers": whole.addresses["kafka"], "schema_registry_url": whole.addresses["registry"]}
    known = {name: value for name, value in given.items() if name in Settings.model_fields}
    settings = Settings.model_validate(known)
    engine = open_database(settings.read_model)
    try:
        with open_edge(settings, now) as edge:
            yield Inside(whole, settings, edge, ReadModel(engine))
    finally:
        engine.dispose()
