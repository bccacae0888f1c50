"""What was read a moment ago is known, and never more of it than there is room for."""

from consumers.runtime.recent import Recent


def test_a_value_is_known_until_it_is_written() -> None:
    """What the file holds, or does not hold, is known once it was read; what is written is read anew."""
    recent = Recent()
    assert recent.find("k") == (False, None)
    recent.note("k", b"v")
    recent.note("absent", None)
    assert (recent.find("k"), recent.find("absent")) == ((True, b"v"), (True, None))
    recent.forget(["k", "never read"])
    assert (recent.find("k"), recent.find("absent")) == ((False, None), (True, None))


def test_what_is_asked_for_all_the_time_stays() -> None:
    """Keys that pass by once push each other out, not the one that every record asks for."""
    recent = Recent()
    recent.note("total", b"1")
    for number in range(20_000):
        recent.note(f"passing/{number}", None)
        assert recent.find("total") == (True, b"1")
    assert recent.find("passing/0") == (False, None)


def test_large_values_are_bounded_by_their_bytes() -> None:
    """Two generations of an eighth of a mebibyte each are held at most, and the value read last."""
    recent = Recent()
    for number in range(100):
        recent.note(f"k{number}", bytes(100_000))
    assert sum(recent.find(f"k{number}")[0] for number in range(100)) <= 4
