"""What `up` starts on one machine."""

from pathlib import Path

from cli.context import Session
from cli.plan import SERVICES, Ports, children, spread
from config.settings import Settings
from consumers.stages import STAGES


def session(tmp_path: Path) -> Session:
    """Return a session on brokers that nobody asks."""
    return Session(Settings(home=tmp_path, bootstrap_servers="localhost:1", schema_registry_url="http://localhost:2"))


def test_notary_and_witness_are_optional(tmp_path: Path) -> None:
    """Without being asked for neither is started; asked for, both sign again and again, each with a key of its own."""
    plain = [child.name for child in children(session(tmp_path), Ports(1, 2), spread(()))]
    assert plain == ["erp", *(f"{stage.name}-0" for stage in STAGES), "upload", "ticker"]
    signing = {child.name: child.argv for child in children(session(tmp_path), Ports(1, 2), spread(()), 60.0)}
    assert list(signing) == [*plain, "notary", "witness"]
    assert signing["notary"][-4:] == ("audit", "checkpoint", "--every", "60.0")
    assert signing["witness"][4:] == (
        *("audit", "witness", "--signing-key", str(tmp_path / "keys" / "witness.pem")),
        *("--remember", str(tmp_path / "witness"), "--every", "60.0"),
    )
    assert {"notary", "witness"} <= set(SERVICES)
