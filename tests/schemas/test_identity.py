"""Ids that derive from their cause."""

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from schemas.identity import derive

_ROOT = UUID("5e4d7a3c-2f0b-5c1e-9a61-7b1f0c5d8e42")


@given(st.lists(st.text(st.characters(codec="utf-8")), max_size=4))
def test_an_id_is_the_standard_librarys_uuid5(parts: list[str]) -> None:
    """Written out or not, it is the same id: what was derived before stays what it was."""
    assert derive(*parts) == str(uuid5(_ROOT, "\x1f".join(parts)))
