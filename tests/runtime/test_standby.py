"""A replica beyond the partitions says that it is a spare."""

from consumers.runtime.standby import Standby
from tests.runtime.rows import row


def test_a_replica_without_partitions_says_so_once_the_group_has_settled() -> None:
    """A rebalance on its way is no reason; ten seconds without any are, until a partition comes."""
    now = 0.0
    topic = row().reads
    standby = Standby(topic, lambda: now)
    assert standby.look(0) == ""
    now = 9.9
    assert standby.look(0) == ""
    now = 10.0
    assert standby.look(0) == f"t.in has {topic.partitions} partitions and others own them all"
    assert standby.look(2) == ""
    now = 15.0
    assert standby.look(0) == ""
    now = 25.0
    assert standby.look(0) != ""
