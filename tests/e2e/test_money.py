"""What a person decides, and what that frees: budgets, corrections and refusals, on real Kafka."""

import shutil
import time
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from producers.policy_publish import Publication, publish
from samples.card.line import FeedLine, write
from samples.sample import Expectation
from tests.e2e.inside import Inside, now
from tests.e2e.whole import ROOT

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]

# Publications begin at least a minute ahead, so that every replica has read them by then.
LEAD = timedelta(seconds=65)


@pytest.fixture(scope="module")
def budgeted(inside: Inside, tmp_path_factory: pytest.TempPathFactory) -> Inside:
    """Return the system once its sales department has 1,000 a month for meals, one of them up to 850."""
    folder = tmp_path_factory.mktemp("policy")
    for path in (ROOT / "policy" / "rules").glob("*.yaml"):
        shutil.copy(path, folder)
    cap = {"id": "meals", "level": "category", "match": {"categories": ["meals"]}, "per": "expense", "limit": "850.00"}
    limits = {
        "limits": [cap],
        "budgets": [{"id": "sales", "scope": "department", "name": "sales", "per": "month", "limit": "1000.00"}],
    }
    (folder / "limits.yaml").write_text(yaml.safe_dump(limits))
    begins = now() + LEAD
    told = Publication(tenant="main", published_by="R-1", reason="a budget", effective_from=begins)
    publish(inside.settings, [folder], told, now)
    time.sleep(max(0.0, (begins - now()).total_seconds()))
    return inside


def send(
    inside: Inside,
    folder: Path,
    amount: str,
    reference: str,
    *,
    merchant: str = "",
    mcc: str = "5812",
    department: str = "sales",
) -> str:
    """Feed one card line in, wait until every stage is at rest, and return its expense id."""
    spent = date(2026, 10, 6)
    line = FeedLine(
        card_account="card-1",
        employee_id=f"E-{reference}",
        transaction_date=spent,
        posting_date=spent,
        amount=Decimal(amount),
        currency="USD",
        merchant=merchant or f"CANTEEN {reference * 3}",
        mcc=mcc,
        reference=reference,
        department=department,
        project="",
        category="",
        expectation=Expectation("posted", ""),
    )
    path = folder / f"{reference}.csv"
    path.write_bytes(write((line,)))
    (sent,) = inside.whole.json("card-feed", str(path))
    inside.rest()
    (expense,) = inside.whole.expenses(sent["batch_id"])
    return expense


def resolve(inside: Inside, action: str, expense: str, *stated: str) -> None:
    """Resolve a review on the command line and wait until every stage is at rest."""
    inside.whole.run("review", action, expense, *stated, "--reason", "looked at")
    inside.rest()


def states(inside: Inside, *expenses: str) -> list[str | None]:
    """Return where expenses stand."""
    found = [inside.expense(each) for each in expenses]
    return [each.state if each else None for each in found]


def test_money_never_spent_frees_its_budget(budgeted: Inside, tmp_path: Path) -> None:
    """A 900 of 1,000 is rejected, then B 500 passes; C corrected from 800 to 80 frees 720."""
    first = send(budgeted, tmp_path, "900.00", "A")
    second = send(budgeted, tmp_path, "500.00", "B")
    assert states(budgeted, first, second) == ["in_review", "in_review"]
    assert "BUDGET_EXCEEDED" in budgeted.whole.run("show", second)
    resolve(budgeted, "reject", first)
    assert states(budgeted, first, second) == ["rejected", "posted"]
    third = send(budgeted, tmp_path, "800.00", "C")
    fourth = send(budgeted, tmp_path, "400.00", "D")
    assert states(budgeted, third, fourth) == ["in_review", "in_review"]
    resolve(budgeted, "correct", third, "total=80.00")
    assert states(budgeted, third, fourth) == ["posted", "posted"]
    corrected = budgeted.expense(third)
    assert corrected is not None
    assert corrected.revision == 2
    assert budgeted.postings() == {second: 1, third: 1, fourth: 1}


def test_a_corrected_category_does_not_come_back_with_the_same_doubt(budgeted: Inside, tmp_path: Path) -> None:
    """Without an account approval is refused and says what to state; once stated, the expense is posted, once."""
    expense = send(budgeted, tmp_path, "40.00", "Z", merchant="ZZQX", mcc="0000", department="legal")
    assert states(budgeted, expense) == ["in_review"]
    said = budgeted.whole.run("review", "approve", expense, "--reason", "agreed", expect=(1, 2))
    assert "lines.1.gl_code" in said
    assert states(budgeted, expense) == ["in_review"]
    resolve(budgeted, "correct", expense, "lines.1.category=meals", "lines.1.gl_code=6110")
    assert states(budgeted, expense) == ["posted"]
    assert budgeted.postings()[expense] == 1
