"""The bench of the tracks gives every figure it promises, over expenses that are the same each time."""

import pytest

from bench.tracks import TRACKS, expenses, measure


@pytest.mark.slow
def test_every_track_has_its_figure() -> None:
    """Each track takes lines through, and no two expenses are one."""
    given = expenses(200)
    assert len({expense.expense_id for expense in given}) == 200
    assert given == expenses(200)
    figures = measure(200).figures
    assert list(figures) == [f"{track}_lines_per_s" for track in TRACKS]
    assert all(isinstance(figure, float) and figure > 0 for figure in figures.values())
