"""What memory tells of the history: it never says no to what is there."""

from consumers.runtime.memory_store import MemoryStore
from consumers.screen.days import names_in
from consumers.screen.known import Known

_AT = "ledger/acme/main/"


def _filled(lines: int) -> MemoryStore:
    store = MemoryStore()
    for line in range(lines):
        for key in (f"print/card/{line}/000000000001", f"left/{line}/000001", f"part/split/{line}/2026-03-10/1"):
            store.put(_AT + key, b"x")
    store.put(f"{_AT}purchase/card/someone/2026-03-10/000000000001250/000000000001", b"x")
    store.put(f"{_AT}day/person/2026-03-10", b'[1,"e",["meal"],{"cap/shop":"9"},[false,900,"shop"]]')
    for n in range(100):
        store.put(f"ledger/acme/other/print/card/a{n}/000000000001", b"x")
    return store


def _whole(store: MemoryStore) -> Known:
    known = Known(store, _AT, names_in)
    for _ in range(20):
        known.read_on()
    return known


def _denied(known: Known, name: str) -> bool:
    """Tell whether a name's likes are denied; one in a hundred is a maybe, which differs from process to process."""
    return sum(known.may_hold(f"{name}{n}") for n in range(100)) < 20


def test_everything_may_be_there_until_all_was_read() -> None:
    """A history of more keys than one piece is not denied anything before its last piece."""
    known = Known(_filled(300), _AT, names_in)
    answers = []
    for _ in range(10):
        answers.append(_denied(known, "print/nobody's"))
        known.read_on()
    assert answers == [False] * 8 + [True] * 2


def test_what_is_stored_is_known_after_a_start() -> None:
    """Folders and what lies in values of several are maybes; what is another ledger's is not."""
    known = _whole(_filled(900))
    names = [name for line in range(900) for name in (f"print/card/{line}", f"left/{line}")]
    assert all(known.may_hold(name) for name in (*names, "part/split/7/2026-03-10", "purchase/card/someone"))
    day = ("day/person/2026-03-10", "print/meal/person/2026-03-10", "part/split/person/cap/shop/2026-03-10")
    assert all(known.may_hold(name) for name in (*day, "purchase/document/person"))
    assert _denied(known, "print/card/a")
    assert _denied(known, "part/split/7/2026-03-11")


def test_a_growing_history_keeps_its_answers_apart() -> None:
    """Through the layers no folder that is there is denied, and few that are not are maybes."""
    known = _whole(MemoryStore())
    for line in range(30_000):
        known.note(f"left/{line}")
    assert all(known.may_hold(f"left/{line}") for line in range(0, 30_000, 7))
    assert sum(known.may_hold(f"left/none {line}") for line in range(2_000)) < 2_000 * 0.1
