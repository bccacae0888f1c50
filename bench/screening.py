"""What screening one card line costs, with the real state file, as the history of one ledger grows; no broker.

Processor seconds, since only these can be compared on a machine that others use too. Beside it stands what reading
such an event and writing its decision costs: the stage cannot be faster than both together.
"""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Final

from bench.report import Report, per_second, ratio
from consumers.evaluate.handler import evaluate
from consumers.runtime.store import PartitionStore, RecordView
from consumers.screen.handler import LedgerHistory, screen
from policy.snapshot import genesis
from policy.table import Policies
from producers.opening import opening
from schemas.codec import Codec, registry_at
from schemas.envelope import Event
from schemas.events import ExpenseCoded, ExpenseEvaluated, PolicyPublished
from schemas.identity import derive
from schemas.records import CategoryMatch, Coding, Context, Facts, Line, VendorMatch
from schemas.topics import POLICIES

__all__ = ["lines", "measure"]

_MOMENT: Final = datetime(2026, 11, 1, tzinfo=UTC)
_PEOPLE: Final = 500
_MERCHANTS: Final = 200
_DAYS: Final = 50
_DEPARTMENTS: Final = 40
_TENTH: Final = 10
# So many times what has changed reaches the file: five times in each tenth, or the tenths could not be compared.
_COMMITS: Final = 50
# Events that are enough to see what reading and writing one costs.
_SAMPLE: Final = 2_000


def measure(*, number: int = 50_000) -> Report:
    """Return card lines a second of one ledger: all of `number`, the first tenth of them and the last."""
    policies = _policies()
    codec = Codec(registry_at("mock://screening"))
    spent: list[float] = []
    encoded: list[bytes] = []
    together = max(1, number // _COMMITS)
    with tempfile.TemporaryDirectory() as folder:
        store = PartitionStore(Path(folder) / "0.sqlite", now_ms=0, max_age_ms=1)
        view = RecordView(store)
        ledger = LedgerHistory(view)
        for place, line in enumerate(lines(number, policies), 1):
            # As the stage gets it: what was read from bytes shares nothing with the line before.
            event = codec.decode(codec.encode(line))
            began = time.process_time()
            decided = screen(event, ledger, policies=policies, codec=codec)
            store.accept(view.take())
            if place % together == 0 or place == number:
                store.committed(place, now_ms=0)
            spent.append(time.process_time() - began)
            if place <= _SAMPLE:
                encoded.append(codec.encode(event))
            del decided
        size = store.size()
        store.close()
    tenth = number // _TENTH
    whole, first, last = sum(spent), sum(spent[:tenth]), sum(spent[-tenth:])
    codec_s = _codec_s(codec, encoded)
    return Report(
        "screening",
        {
            "lines": number,
            "lines_per_s": per_second(number, whole),
            "first_tenth_per_s": per_second(tenth, first),
            "last_tenth_per_s": per_second(tenth, last),
            "us_per_line": round(1e6 * whole / number, 1),
            "codec_us_per_line": round(1e6 * codec_s, 1),
            "state_bytes_per_line": round(size / number),
        },
        {"codec": "reading the event and writing one like it", "ledgers": 1, "people": _PEOPLE},
        {"last_to_first": ratio(last, first)},
    )


def lines(number: int, policies: Policies) -> Iterator[ExpenseEvaluated]:
    """Yield evaluated card lines of one ledger, each its own expense; the same every time."""
    numbers = Random(1)  # noqa: S311 - the same lines again, no secret
    for place in range(number):
        merchant = f"lunch counter {numbers.randrange(_MERCHANTS):03}"
        (event,) = evaluate(_coded(place, merchant, numbers), policies=policies)
        if isinstance(event, ExpenseEvaluated):
            yield event


def _coded(place: int, merchant: str, numbers: Random) -> ExpenseCoded:
    amount = Decimal(numbers.randint(800, 6_000)) / 100
    expense = derive("bench", str(place))
    return opening(
        ExpenseCoded,
        expense,
        tenant="default",
        expense_id=expense,
        at=_MOMENT,
        stage="coding",
        subject=f"{numbers.randrange(_PEOPLE):032x}",
        status="coded",
        document=None,
        context=Context(department=f"department {numbers.randrange(_DEPARTMENTS)}"),
        facts=Facts(
            kind="card_line",
            document_type="card_transaction",
            vendor_name=merchant,
            invoice_number=str(place),
            invoice_date=date(2026, 9, 1) + timedelta(days=numbers.randrange(_DAYS)),
            currency="USD",
            total=amount,
            mcc="5814",
            account=f"{numbers.randrange(_PEOPLE):032x}",
            confidence={},
        ),
        lines=(Line(number=1, description=merchant, amount=amount),),
        conversion=None,
        vendor=VendorMatch(vendor_id=derive("vendor", merchant), name=merchant, score=100, method="name"),
        categories=(CategoryMatch(line=1, category="meals", score=100),),
        codings=(Coding(line=1, gl_code="6200", recovery_status="not_applicable", rule="category:meals"),),
    )


def _policies() -> Policies:
    first = replace(genesis(), effective_from=datetime(1970, 1, 1, tzinfo=UTC))
    event = opening(
        PolicyPublished,
        first.version,
        tenant="default",
        expense_id=derive("policy", first.version),
        at=_MOMENT,
        stage="policy",
        version=first.version,
        snapshot=first.canonical.decode(),
        effective_from=first.effective_from,
        published_by="bench",
        reason="the shipped example",
    )
    policies = Policies()
    policies.apply(POLICIES.key(event), event)
    return policies


def _codec_s(codec: Codec, encoded: list[bytes]) -> float:
    """Return processor seconds to read one event and write it with another status, so that it is not only copied."""
    began = time.process_time()
    for data in encoded:
        event: Event = codec.decode(data)
        codec.encode(replace(event, status="decided"))
    return (time.process_time() - began) / max(1, len(encoded))
