"""The log that replaying is measured on is one that seal could have written."""

from audit.entry import read
from audit.reconstruct import state_at
from audit.verify import Located, verify
from bench.trails import BEGUN, ENTRIES, trail
from schemas.codec import Codec, registry_at


def test_a_trail_verifies_and_ends_posted() -> None:
    """Every entry of a made trail verifies, and its fold is a posted expense with amounts, policy and posting."""
    codec = Codec(registry_at("mock://trails"))
    entries = [entry for number in range(3) for entry in trail(codec, number)]
    assert len(entries) == 3 * ENTRIES
    assert list(verify(Located(str(at), entry) for at, entry in enumerate(entries))) == []
    history = [(read(x.metadata.encode()), codec.decode(x.output) if x.output else None) for x in entries]
    states = state_at(history, BEGUN.replace(year=BEGUN.year + 1))
    assert {(each.state, len(each.lines), each.posting is not None) for each in states.values()} == {
        ("posted", 2, True)
    }
    assert [entry for entry, _ in history if entry.breach] == []
