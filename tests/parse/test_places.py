"""What is doubtful says where it stands, so that a person is shown the place and not the document."""

from cli.looking import where
from consumers.parse.records import problems_of
from documents.facts import Place
from documents.problems import Problem


def test_a_doubt_carries_the_place_of_its_field() -> None:
    """Page and box come from the reading; a doubt about a missing field or the whole document has none."""
    found = [
        Problem("LOW_CONFIDENCE", "total was read with confidence 0.50; check it", "total"),
        Problem("MISSING_FIELD", "currency was not found; enter it", "currency"),
        Problem("REPAIRED", "content may be missing"),
    ]
    told = problems_of(found, {"total": Place(2, 10.123, 20.0, 60.0, 30.0)}, "parse")
    assert [(each.page, each.box) for each in told] == [(2, (10.12, 20.0, 60.0, 30.0)), (None, ()), (None, ())]
    assert where(told[0]) == " [page 2, box 10.12 20 60 30; `review crop` shows it]"
    assert where(told[1]) == ""
