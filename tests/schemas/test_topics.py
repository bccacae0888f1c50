"""The tables of topics, stages and states hold together."""

from collections import Counter

import pytest

from consumers.runtime.stage import Lane, Stage
from consumers.stages import STAGES, stage_named
from schemas.contracts import EVENTS
from schemas.events import TickElapsed
from schemas.lifecycle import ENDS, STEPS, WAITING, IllegalTransition, State, check
from schemas.topics import DEAD_LETTERS, SETTLED, TOPICS, Topic, topic_of

by_name = pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
by_stage = pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)


@by_name
def test_retention_is_endless_only_where_compacted(topic: Topic) -> None:
    """A topic that is never deleted nor compacted would fill its disk."""
    assert (topic.retention_ms is None) == topic.compact
    assert topic.config()["cleanup.policy"] == ("compact" if topic.compact else "delete")


@by_name
def test_every_topic_says_what_is_in_it(topic: Topic) -> None:
    """Raw topics are the two of dead letters; every other lists its events."""
    assert bool(topic.events) == (topic not in (DEAD_LETTERS, SETTLED))
    assert topic.key_name
    assert topic.partitions >= 1


def test_names_are_unique() -> None:
    """Two rows of one name would be one topic with two shapes."""
    assert [n for n, times in Counter(t.name for t in TOPICS).items() if times > 1] == []


def test_every_event_has_exactly_one_home() -> None:
    """An event in two topics would be handled twice; ticks alone go to whoever asks."""
    homes = Counter(kind for topic in TOPICS for kind in topic.events)
    assert [k.__name__ for k, times in homes.items() if times > 1 and k is not TickElapsed] == []
    assert all(topic_of(kind).events for kind in EVENTS if kind is not TickElapsed)


@by_stage
def test_a_stages_topics_are_in_the_table(stage: Stage) -> None:
    """A stage reads, writes and holds only topics that exist."""
    for topic in (stage.reads, *stage.writes, *stage.tables):
        assert topic in TOPICS


@by_stage
def test_a_stages_functions_fit_its_row(stage: Stage) -> None:
    """State and tables of the functions are those of the row."""
    if stage.lane is not Lane.BATCH:
        assert stage.stateful == (stage.load().state is not None)


@by_stage
def test_a_changelog_has_a_partition_for_each_of_the_inputs(stage: Stage) -> None:
    """State lives beside its partition, and is kept for ever by compaction."""
    changelog = stage.changelog
    assert (changelog is not None) == (stage.stateful or stage.lane is Lane.PROCESS)
    if changelog:
        assert (changelog.partitions, changelog.compact) == (stage.reads.partitions, True)
        assert changelog.config()["cleanup.policy"] == "compact"


def test_dead_letters_are_as_large_as_anything_that_can_die() -> None:
    """A record that could not be dead-lettered would hold its partition for ever."""
    read = [stage.reads for stage in STAGES if not stage.halts]
    assert min(t.max_message_bytes for t in (DEAD_LETTERS, SETTLED)) > max(t.max_message_bytes for t in read)


def test_stages_are_found_by_name() -> None:
    """An unknown name says which there are."""
    assert stage_named("seal").halts
    with pytest.raises(KeyError, match="ocr"):
        stage_named("osr")


def test_stage_names_are_unique() -> None:
    """A stage's name is its consumer group."""
    assert len({stage.name for stage in STAGES}) == len(STAGES)


def test_every_state_can_be_reached() -> None:
    """From submitted there is a way to every state."""
    reached, fresh = {State.SUBMITTED}, {State.SUBMITTED}
    while fresh:
        fresh = {after for state in fresh for after in STEPS[state]} - reached
        reached |= fresh
    assert reached == set(State)


@pytest.mark.parametrize("state", State)
def test_only_ends_are_final(state: State) -> None:
    """An end has no way on, but a dead letter can be replayed, a posting reversed; any other state can be buried."""
    if state is State.DEAD_LETTERED:
        assert STEPS[state] == set(State) - {State.DEAD_LETTERED, State.REVERSED}
    elif state is State.POSTED:
        assert STEPS[state] == {State.REVERSED}
    elif state in ENDS:
        assert STEPS[state] == frozenset()
    else:
        assert State.DEAD_LETTERED in STEPS[state]
    assert not (state in ENDS and state in WAITING)


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("after", State)
def test_check_is_the_table(before: State, after: State) -> None:
    """Staying is legal, a step in the table is, and nothing else."""
    if before is after or after in STEPS[before]:
        check(before, after)
    else:
        with pytest.raises(IllegalTransition, match=after):
            check(before, after)


def test_unknown_states_are_illegal() -> None:
    """A state nobody knows is no state to be in."""
    with pytest.raises(IllegalTransition):
        check("submitted", "lost")
