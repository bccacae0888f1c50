"""What another policy would change: judged anew, added up, held to bounds, read from either topic."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import orjson
import pytest
from confluent_kafka import Producer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli import policies
from cli.backtesting import Comparison, Outcomes, Week
from cli.rejudging import Reader
from cli.trying import Bounds, beyond
from consumers.evaluate.handler import evaluate
from devstack import stack
from policy.backtest import rejudge
from policy.coded import facts_of
from policy.documents import check_document, shipped
from policy.models import PolicyDocument
from policy.snapshot import Snapshot
from policy.table import Policies
from producers import provisioning
from schemas.codec import Codec, registry_at
from schemas.envelope import Event
from schemas.events import ExpenseEvaluated
from schemas.frozen import changed
from schemas.records import Conversion
from schemas.topics import AUDIT_LOG, EVALUATED
from streams.span import Span, shares
from tests.audit.trail import CODEC, begun, clean, sealed
from tests.cli.verbs import Run, refusal, runner
from tests.depth import examples
from tests.evaluate import build
from tests.schemas.events import events

RULES = Path(__file__).parents[2] / "policy" / "rules"
SUPPLIES = "category.office-supplies"


def judged(name: str, total: str, **more: object) -> ExpenseEvaluated:
    """Return an expense as evaluate judges it under the shipped policy."""
    (event,) = evaluate(build.coded(name, total, **more), policies=Policies())  # type: ignore[arg-type] # of any field
    assert isinstance(event, ExpenseEvaluated)
    return event


def with_limit(amount: str) -> PolicyDocument:
    """Return the shipped policy with another limit on office supplies."""
    data = shipped().model_dump(mode="json")
    for limit in data["limits"]:
        limit["limit"] = amount if limit["id"] == SUPPLIES else limit["limit"]
    return check_document(data, "test")


def trial(document: PolicyDocument, *events: ExpenseEvaluated, examples: int = 5) -> Comparison:
    """Return the events judged anew under a document."""
    policy = Snapshot.of(document).compiled()
    with Outcomes() as found:
        found.add(rejudge(event, policy) for event in events)
        return found.compare(examples=examples)


def test_a_lower_limit_newly_flags() -> None:
    """What passed and would not is counted, its money added up, the largest shown first with the reason."""
    events = [judged("a", "300.00"), judged("b", "420.00"), judged("c", "120.00"), judged("d", "700.00")]
    found = trial(with_limit("200.00"), *events, examples=1)
    assert (found.judged, found.flagged_before, found.flagged_after) == (4, 1, 3)
    assert (found.newly_flagged.number, found.newly_flagged.money) == (2, {"USD": Decimal("720.00")})
    assert found.newly_flagged.codes == {"CAP_EXCEEDED": 2}
    (example,) = found.newly_flagged.examples
    assert (example.amount, example.before, example.after) == (Decimal("420.00"), "PASS", "FAIL")
    assert "limit of 200.00 USD" in example.why
    assert found.newly_cleared.number == 0


def test_a_higher_limit_newly_clears() -> None:
    """What was flagged and would pass is told with the reason it was flagged for."""
    found = trial(with_limit("1000.00"), judged("d", "700.00"))
    assert (found.newly_cleared.number, found.newly_cleared.money) == (1, {"USD": Decimal("700.00")})
    assert "limit of 500.00 USD" in found.newly_cleared.examples[0].why
    assert (found.load_before, found.load_after) == (1.0, 0.0)


def test_only_the_last_revision_counts() -> None:
    """A corrected expense is judged as corrected, in whatever order its revisions come."""
    first, second = judged("a", "300.00"), judged("a", "100.00", revision=2)
    for revisions in ((first, second), (second, first), (first, first, second, second)):
        found = trial(with_limit("200.00"), *revisions)
        assert (found.judged, found.newly_flagged.number) == (1, 0)


def test_the_load_is_per_week() -> None:
    """Reviews are spread over the weeks in which expenses were submitted, and told week by week."""
    first = datetime(2026, 3, 1, tzinfo=UTC)  # a Sunday
    events = [replace(judged(f"e{i}", "700.00"), submitted_at=first + timedelta(days=14 * i)) for i in range(3)]
    found = trial(shipped(), *events, examples=0)
    assert found.load_before == 0.8  # 3 in 4 weeks
    assert found.weeks == tuple(
        Week(monday=date(2026, 2, 23) + timedelta(days=14 * i), before=1, after=1) for i in range(3)
    )
    assert trial(shipped()).judged == 0


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        (Bounds(0.5, 0.0), []),
        (Bounds(0.49, 0.0), ["2 of 4 expenses (50.0%) would be newly flagged, 49.0% are allowed"]),
        (Bounds(1.0, 1.0, 2.5), ["3.0 expenses a week would wait for a person, 2.5 are allowed"]),
        (Bounds(1.0, 1.0, 3), []),
    ],
)
def test_a_policy_is_held_to_bounds(bounds: Bounds, said: list[str]) -> None:
    """A bound that is met is no refusal; one that is passed is said with both figures."""
    events = [judged("a", "300.00"), judged("b", "420.00"), judged("c", "120.00"), judged("d", "700.00")]
    assert list(beyond(trial(with_limit("200.00"), *events), bounds)) == said
    assert list(beyond(trial(with_limit("200.00")), bounds)) == []


def test_both_topics_tell_the_same_expenses() -> None:
    """An expense is read alike from what evaluate wrote and from the entry that recorded it; others are left out."""
    entries = [entry for trail in (clean("one"), clean("two"), begun("three")) for entry in sealed(trail)]
    events = [CODEC.decode(entry.output) for entry in entries if entry.output]
    read = Reader(CODEC)
    known = [event for event in events if type(event) is ExpenseEvaluated]
    policy = Snapshot.of(with_limit("1.00")).compiled()
    answers = [rejudge(event, policy) for event in known]
    assert len(answers) == 2
    assert [rejudge(event, policy) for event in read.written(CODEC.encode(event) for event in events)] == answers
    assert [rejudge(event, policy) for event in read.recorded(CODEC.encode(entry) for entry in entries)] == answers


@pytest.mark.property
@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    events(ExpenseEvaluated),
    st.sampled_from(["card_line", "image"]),
    st.sampled_from(["USD", "EUR", "XAU", ""]),
    st.booleans(),
)
def test_nothing_that_judging_looks_at_is_left_out(event: Event, kind: str, currency: str, converted: bool) -> None:
    """Whatever an expense holds, it is judged from the parts that are read as it is from the whole."""
    assert isinstance(event, ExpenseEvaluated)
    amounts = tuple(Decimal(line.number % 1000) for line in event.lines)
    conversion = Conversion(
        currency="USD", total=sum(amounts, Decimal(7)), line_amounts=amounts, rate=Decimal(1),
        rate_date=date(2026, 3, 1), source="s", snapshot_date=date(2026, 3, 1),
    )  # fmt: skip
    whole = changed(
        event,
        facts=changed(event.facts, kind=kind, currency=currency),
        context=changed(event.context, reporting_currency="USD"),
        conversion=conversion if converted else None,
    )
    policy = Snapshot.of(with_limit("1.00")).compiled()
    (read,) = Reader(CODEC).written([CODEC.encode(whole)])
    assert facts_of(read) == facts_of(whole)
    assert rejudge(read, policy) == rejudge(whole, policy)


def test_shares_hold_every_offset_once() -> None:
    """However a topic is divided, each offset is in exactly one share."""
    spans = [Span(0, 5, 12), Span(1, 0, 0), Span(2, 3, 4)]
    for number in (1, 2, 3, 7):
        found = [(s.partition, at) for share in shares(spans, number) for s in share for at in range(s.start, s.end)]
        assert sorted(found) == [(s.partition, at) for s in spans for at in range(s.start, s.end)]


@pytest.fixture
def log(kafka_stack: stack.Endpoints, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Return a tenant with three judged expenses in both topics, one flagged, of the last two hours."""
    provisioning.apply(kafka_stack.bootstrap_servers, kafka_stack.registry_url)
    monkeypatch.setenv("SPENDTRAIL_BOOTSTRAP_SERVERS", kafka_stack.bootstrap_servers)
    monkeypatch.setenv("SPENDTRAIL_SCHEMA_REGISTRY_URL", kafka_stack.registry_url or "")
    tenant = f"backtest-{tmp_path.parent.name}-{tmp_path.name}"
    monkeypatch.setenv("SPENDTRAIL_TENANT", tenant)
    now = datetime.now(UTC)  # noqa: TID251 -- publishing and retention go by the time of day
    events: list[Event] = [
        replace(judged(f"{tenant}-{n}", total), tenant_id=tenant, submitted_at=now - timedelta(hours=n))
        for n, total in enumerate(("300.00", "420.00", "700.00"))
    ]
    codec = Codec(registry_at(kafka_stack.registry_url or ""))
    producer = Producer({"bootstrap.servers": kafka_stack.bootstrap_servers})
    for event in events:
        producer.produce(EVALUATED.name, codec.encode(event), EVALUATED.key(event).encode())
    producer.flush(30)
    return tenant


@pytest.fixture
def run(home: Path) -> Run:
    """Return a function that runs `policy` with words."""
    assert not home.exists()
    return runner(policies.add, "policy")


def tightened(folder: Path) -> Path:
    """Write the shipped policy with a lower limit on office supplies."""
    for file in RULES.iterdir():
        (folder / file.name).write_text(file.read_text().replace('limit: "500.00"', 'limit: "200.00"'))
    return folder


@pytest.mark.kafka
@pytest.mark.parametrize("processes", [(), ("--processes", "2")])
def test_expenses_are_judged_anew_from_kafka(run: Run, log: str, tmp_path: Path, processes: tuple[str, ...]) -> None:
    """One process or several, with a tenant and a period: what was judged is judged under the policy given."""
    words = ("backtest", "--policy", tightened(tmp_path), "--tenant", log, *processes)
    found = orjson.loads(run(*words, "--json").output)
    assert (found["judged"], found["newly_flagged"]["number"]) == (3, 2)
    assert found["newly_flagged"]["money"] == {"USD": "720.00"}
    none = orjson.loads(run(*words, "--to", "2020-01-01", "--json").output)
    assert none["judged"] == 0
    assert "2 newly flagged: 720.00 USD; 2 CAP_EXCEEDED" in run(*words).output
    assert orjson.loads(run(*words, "--log", "--json").output)["judged"] == 0


@pytest.mark.kafka
def test_a_policy_that_changes_too_much_is_not_published(
    run: Run, log: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond its bounds the gate refuses and nothing is published; within them the policy goes out."""
    words = ("publish", tightened(tmp_path), "--reason", "tighter", "--effective-from", "2999-01-01")
    refused = refusal(run(*words, "--require-backtest"))
    assert "2 of 3 expenses (66.7%) would be newly flagged, 5.0% are allowed" in refused
    monkeypatch.setenv("SPENDTRAIL_BACKTEST_REQUIRED", "true")
    assert "beyond its bounds" in refusal(run(*words))
    assert run("show", "--json").output.count("\n") == 1
    monkeypatch.setenv("SPENDTRAIL_BACKTEST_NEWLY_FLAGGED", "0.7")
    published = orjson.loads(run(*words, "--json").output)
    assert published["backtested"] == 3
    assert AUDIT_LOG.name not in published
