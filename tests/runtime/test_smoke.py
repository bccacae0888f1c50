"""The shortest proof that the runner runs."""

from pathlib import Path

from tests.runtime.rig import Rig
from tests.runtime.rows import inbound, row


def test_records_become_outputs_once(tmp_path: Path) -> None:
    """Every record of a stateless stage gives its output, its audit event and no lag."""
    rig = Rig(row(), tmp_path)
    rig.feed(*(inbound(f"k{n % 5}", n) for n in range(50)))
    rig.member().run()
    assert rig.told() == sorted((f"k{n % 5}", n, "ok") for n in range(50))
    assert len(rig.audited()) == 50
    assert rig.lag() == 0


def test_state_follows(tmp_path: Path) -> None:
    """A stateful stage counts, and its changelog says the same."""
    rig = Rig(row("tests.runtime.handlers.count", stateful=True), tmp_path)
    rig.feed(*(inbound(f"k{n % 5}", n) for n in range(50)))
    rig.member().run()
    assert rig.told() == sorted((f"k{n % 5}", n, str(n // 5 + 1)) for n in range(50))
    assert rig.state() == {f"k{k}": b"10" for k in range(5)}
    assert rig.lag() == 0
