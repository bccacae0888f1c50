"""What a bench reports: its shape, and the arithmetic behind its figures."""

import json
from decimal import Decimal
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from bench import chaos, checker, exchange, handover, judging, recovery, report
from bench.baseline import change, encode, transaction
from bench.feed import numbered
from cli import benching
from cli.context import Refused
from policy.judge import judge


def answered(*numbers: int, key: str = "a") -> list[checker.Answer]:
    """Return the answers of a key whose count rises by one each, a second apart."""
    return [checker.Answer(key, number, count, 1000 * count) for count, number in enumerate(numbers, 1)]


SENT = [("a", 1), ("a", 2), ("a", 3)]


def test_rates_and_ratios() -> None:
    """A rate is records by seconds; a ratio with nothing on either side is None."""
    assert report.per_second(1000, 3.0) == 333.3
    assert (report.ratio(1, 3), report.ratio(None, 3), report.ratio(1, None), report.ratio(1, 0)) == (
        0.333,
        *[None] * 3,
    )
    assert (report.middle([3, None, 1, 2]), report.middle([None])) == (2, None)
    with pytest.raises(ValueError, match="no rate"):
        report.per_second(10, 0)


def test_handover_reports_each_rounds_own_ratio() -> None:
    """The ratio is the median of the rounds', so a round that was slow for all loops moves nothing."""
    rounds = [
        {"raw": 50_000.0, "bare": 40_000.0, "full": 25_000.0},
        {"raw": 10_000.0, "bare": 8_000.0, "full": 5_000.0},
        {"raw": 50_000.0, "bare": 45_000.0, "full": 20_000.0},
    ]
    told = handover.told(rounds, records=1, batch=1).plain()
    assert told["ratios"] == {"bare_to_raw": 0.8, "full_to_raw": 0.5, "bare_to_quix": None}
    assert told["figures"] == {"bare_per_s": 40_000, "full_per_s": 20_000, "raw_per_s": 50_000, "quix_per_s": None}
    assert "not installed" in told["baselines"]["quix"]


def test_every_report_is_one_json_object() -> None:
    """A report has these four keys and survives JSON."""
    plain = report.Report("x", {"a": 1}, {"b": "c"}, {"d": None}).plain()
    assert json.loads(json.dumps(plain)) == {
        "bench": "x",
        "figures": {"a": 1},
        "baselines": {"b": "c"},
        "ratios": {"d": None},
    }


def test_the_stage_writes_the_bytes_the_baseline_writes() -> None:
    """Both sides of the hand-over do the same work, byte for byte."""
    codec, value = exchange.BaselineCodec(), encode(transaction(7))
    handler: Any = exchange.HANDLER.handle
    (output,) = handler(codec.decode(value))
    assert codec.encode(output) == change(value) != value


def test_the_checker_finds_nothing_where_all_is_well() -> None:
    """Exactly once, in order, with the state that follows."""
    assert checker.compare(SENT, answered(1, 2, 3), {"a": b"3"}) == checker.Verdict(0, 0, 0, 0)


@pytest.mark.parametrize(
    ("came", "state", "expected"),
    [
        (answered(1, 2, 2, 3), {"a": b"3"}, checker.Verdict(1, 0, 0, 1)),
        (answered(1, 3), {"a": b"3"}, checker.Verdict(0, 1, 0, 1)),
        (answered(2, 1, 3), {"a": b"3"}, checker.Verdict(0, 0, 1, 0)),
        (answered(1, 2, 3), {"a": b"4"}, checker.Verdict(0, 0, 0, 1)),
        (answered(1, 2, 3), {"a": b"3", "b": b"1"}, checker.Verdict(0, 0, 0, 1)),
        ([*answered(1, 2, 3), *answered(1, key="b")], {"a": b"3"}, checker.Verdict(1, 0, 0, 1)),
        ([], {}, checker.Verdict(0, 3, 0, 1)),
    ],
)
def test_the_checker_finds_each_fault(
    came: list[checker.Answer], state: dict[str, bytes], expected: checker.Verdict
) -> None:
    """A second answer, a missing one, one too early, a wrong state, a key never sent: each is counted."""
    assert checker.compare(SENT, came, state) == expected


def test_gap_and_rework() -> None:
    """The gap is the longest between neighbours in time; rework is what was written beyond what counts."""
    came = [checker.Answer("a", n, n, at) for n, at in ((1, 9_000), (2, 1_000), (3, 2_500))]
    assert (checker.longest_gap_s(came), checker.longest_gap_s(came[:1])) == (6.5, 0)
    assert (checker.rework_percent(110, 100), checker.rework_percent(5, 0)) == (10.0, 0.0)


def test_of_several_runs_the_worst_is_told() -> None:
    """The most of every fault, the least of the harm that was done, each run beside it, and failed runs counted."""
    good = {"seed": 4, "duplicates": 0, "kills": 6, "longest_gap_s": 2.5, "brokers": 3}
    bad = {"seed": 5, "duplicates": 1, "kills": 5, "longest_gap_s": 1.5, "brokers": 3}
    failed = {"seed": 6, "failed": "5 of 6 events came out"}
    told = chaos.worst([good, bad, failed], {"events": 6}).plain()
    assert told["figures"] == {
        "runs": 3,
        "failed": 1,
        "duplicates": 1,
        "kills": 5,
        "longest_gap_s": 2.5,
        "brokers": 3,
    }
    assert told["baselines"] == {"events": 6, "each": [good, bad, failed]}
    assert chaos.worst([failed], {}).figures == {"runs": 1, "failed": 1}


def test_numbers_count_up_within_a_key() -> None:
    """Keys take turns and each counts from 1."""
    assert numbered(5, 2) == [("k0", 1), ("k1", 1), ("k0", 2), ("k1", 2), ("k0", 3)]


def test_the_policy_bench_meets_a_rule_on_every_line() -> None:
    """Ten rules or a thousand: each line is judged by the rule for all and by one of its own, alike."""
    outcomes = []
    for size in (10, 1_000):
        policy = judging.compiled(size)
        assert len(policy.nodes) == size
        found = [judge(expense, policy) for expense in judging.expenses(size, 20)]
        assert all(len(d.resolution_path) > 1 for verdict in found for d in verdict.decisions)
        outcomes.append([[d.outcome for d in verdict.decisions] for verdict in found])
    assert outcomes[0] == outcomes[1]


def test_the_policy_bench_meets_a_rate_on_every_line() -> None:
    """Five places or five hundred: each line is held to the rate of a place."""
    for places in (5, 500):
        policy, expenses = judging.per_diems(places, 20)
        decisions = [d for expense in expenses for d in judge(expense, policy).decisions]
        assert {(d.outcome, d.resolution_path[-1].rule_id, d.resolution_path[-1].limit) for d in decisions} == {
            ("PASS", "rooms", Decimal(150))
        }


def test_an_unknown_bench_is_refused() -> None:
    """A name that is no bench, a ledger where none is written and runs that are not repeated are refused."""
    app = typer.Typer()
    benching.add(app)
    for words in (["nothing"], ["policy", "--ledger", "x"], ["policy", "--runs", "2"]):
        result = CliRunner().invoke(app, words)
        assert isinstance(result.exception, Refused)


@pytest.mark.kafka
@pytest.mark.slow
def test_handover_on_a_real_broker() -> None:
    """Each loop gets through a small topic and has a rate."""
    told = handover.measure(records=2_000, batch=500, rounds=1).plain()
    assert all(told["figures"][f"{loop}_per_s"] > 0 for loop in ("raw", "bare", "full"))


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.chaos
def test_work_goes_on_after_a_crash() -> None:
    """A killed stage, then a killed stack: nothing is lost, nothing comes twice."""
    told = recovery.measure(events=900, per_second=30).plain()
    assert (told["figures"]["lost"], told["figures"]["duplicates"]) == (0, 0)
    assert 0 < told["figures"]["stage_s"] <= 15
