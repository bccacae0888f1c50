"""The demonstration documents, from the reader to `screen`: none waits for a person for want of a category or a night.

What the reader itself doubts is the reader's matter.
"""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from consumers.parse.records import facts_of, line_doubts, lines_of, problems_of
from consumers.stages import stage_named
from documents.reader import read
from documents.understanding import understand
from producers.opening import opening
from samples.catalogue import make
from samples.sample import Sample
from schemas.envelope import doubt
from schemas.events import ExpenseDecided, ExpenseParsed
from schemas.identity import derive
from schemas.records import ClaimCheck, Context
from tests.harness import StageRun

pytestmark = pytest.mark.slow
TRACKS = ("currency", "vendor", "category")
ARRIVED = datetime(2026, 11, 2, 8, tzinfo=UTC)
JUDGED = {"FALLBACK_UNMAPPED", "NO_GL_CODE", "CAP_EXCEEDED", "SPLIT_TRANSACTION", "CATEGORY_MISMATCH"}


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    """Give the documents that can be read, photographs included."""
    made = make(tmp_path_factory.mktemp("samples"))
    return [each for each in made if each.facts is not None and each.path.suffix in {".pdf", ".xml", ".jpg"}]


def _parsed(path: Path) -> ExpenseParsed:
    data = path.read_bytes()
    expense = sha256(data).hexdigest()
    reading = read(path.name, data)
    found = understand(reading).facts
    parsed = opening(
        ExpenseParsed,
        expense,
        tenant="acme",
        expense_id=expense,
        at=ARRIVED,
        stage="parse",
        subject=derive("subject", "E-1"),
        status="parsed",
        document=ClaimCheck(url=expense, sha256=expense, size=len(data), media_type="application/pdf", key_id="k"),
        context=Context(department="operations", property_id="PROP-1"),
        facts=facts_of(found, reading),
        lines=lines_of(found),
    )
    return doubt(parsed, *problems_of(found.problems, found.places, "parse"), *line_doubts(found, "parse"))


def test_what_should_be_posted_is_judged_so(documents: list[Sample]) -> None:
    """No document that a person expects posted is held by category, account or limit; what exceeds a limit is."""
    stages = {name: StageRun(stage_named(name)) for name in (*TRACKS, "coding", "evaluate", "screen")}
    assert documents
    for sample in documents:
        answers = [answer for track in TRACKS for answer in stages[track](_parsed(sample.path))]
        (coded,) = [joined for answer in answers for joined in stages["coding"](answer)]
        (evaluated,) = stages["evaluate"](coded)
        decided = stages["screen"](evaluated)[0]
        assert isinstance(decided, ExpenseDecided)
        held = {f.code for f in decided.findings if f.blocking} | {p.code for p in decided.problems}
        if sample.expectation.outcome == "posted":
            assert not held & JUDGED, (sample.path.name, held)
        elif sample.expectation.code in JUDGED:
            assert sample.expectation.code in held, (sample.path.name, held)
