"""What is pending answers ranges as a sorted dictionary would, however it was filled."""

from hypothesis import given
from hypothesis import strategies as st

from consumers.runtime.pending import Journal, Pending

_KEYS = st.text("abc/", max_size=4)
_JOURNALS = st.dictionaries(_KEYS, st.one_of(st.none(), st.binary(max_size=3)), max_size=20)


@given(st.lists(st.tuples(_JOURNALS, _KEYS, _KEYS), max_size=12))
def test_ranges_are_those_of_a_plain_dictionary(steps: list[tuple[Journal, str, str]]) -> None:
    """After every journal, few keys or many, each range has its changes in order, the latest of each key."""
    pending, plain = Pending(), Journal()
    for journal, start, end in steps:
        pending.accept(journal)
        plain |= journal
        wanted = [(key, plain[key]) for key in sorted(plain) if start <= key < end]
        assert list(pending.between(start, end).items()) == wanted
    assert pending.changes == plain
