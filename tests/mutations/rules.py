"""The runner's rules, each taken out by a small change of the code, and the test that fails then."""

from dataclasses import dataclass

__all__ = ["MUTATIONS", "RULES", "Mutation"]

RULES = {
    1: "One thread polls; above the in-flight cap it pauses, below half it resumes, and it never stops polling",
    2: "One event per key in flight, in order; different keys side by side",
    3: "Results of a revoked ownership epoch are dropped",
    4: "Each tick is one transaction with outputs, audit, changelog, dead letters, frontier and bitset",
    5: "A slow or broken transaction costs the producer its life; an open transaction ends after 10 s",
    6: "On abort, exit and restart from what is committed; SIGTERM finishes or drops, commits, leaves",
    7: "Many records share a transaction; inside the stream nothing is validated twice",
    8: "The state file is written after Kafka's commit and knows its place; attempts are marked",
    9: "A dead letter goes with its offset; what is missing blocks the key; a rate halts the stage",
    10: "One rebalance protocol, KIP-848",
}

_RUNNER = "consumers/runtime/runner.py"
_OWNERSHIP = "consumers/runtime/ownership.py"
_PRESSURE = "consumers/runtime/pressure.py"
_HANDING = "tests/runtime/test_handing_over.py::test"
_AHEAD = "tests/runtime/test_ahead.py::test"
_ODD = "tests/contract/test_kafka_odd_moments.py::test"
_KAFKA = "consumers/runtime/kafka.py"
_KAFKA_SETTINGS = "consumers/runtime/kafka_settings.py"
_TRANSACTIONS = "consumers/runtime/transactions.py"
_PROGRESS = "consumers/runtime/progress.py"
_RULES = "tests/runtime/test_rules.py::test_rule"


@dataclass(frozen=True, slots=True)
class Mutation:
    """`old` becomes `new` in `file`; then `test` fails and says `told`. `kafka` where it needs a broker."""

    rule: int
    what: str
    file: str
    old: str
    new: str
    test: str
    told: str
    kafka: bool = False


MUTATIONS = (
    Mutation(
        1,
        "fetching is never paused",
        _PRESSURE,
        "own.press_back(paused=self.paused)",
        "own.press_back(paused=False)",
        f"{_RULES}_01_one_thread_polls_and_pauses_instead_of_stopping",
        "assert 40 == 10",
    ),
    Mutation(
        1,
        "fetching is never resumed",
        _PRESSURE,
        "elif self.paused and under:",
        "elif False and under:",
        f"{_RULES}_01_one_thread_polls_and_pauses_instead_of_stopping",
        "assert 5 == 10",
    ),
    Mutation(
        1,
        "polling stops instead of pausing",
        _RUNNER,
        "records = self._p.transport.poll(piece, timeout)",
        "records = () if self._pressure.paused else self._p.transport.poll(piece, timeout)",
        f"{_RULES}_01_one_thread_polls_and_pauses_instead_of_stopping",
        "assert 1 == 50",
    ),
    Mutation(
        2,
        "records of one key run side by side",
        "consumers/runtime/schedule.py",
        "        if waiting is None:\n            return True\n        waiting.append(task)",
        "        if waiting is None or task:\n            return True\n        waiting.append(task)",
        f"{_RULES}_02_one_event_per_key_and_different_keys_side_by_side",
        "expense_id='a', revision=1",
    ),
    Mutation(
        2,
        "one lane for all keys",
        "consumers/runtime/partition.py",
        "return self.partition.number, key if key is not None else",
        "return self.partition.number, b'' if key is not None else",
        f"{_RULES}_02_one_event_per_key_and_different_keys_side_by_side",
        "Right contains one more item",
    ),
    Mutation(
        3,
        "a span does not end with the revocation",
        _OWNERSHIP,
        "self._drop(self._partitions.pop(number))",
        "self._partitions[number]",
        f"{_RULES}_03_results_of_a_revoked_epoch_are_dropped",
        ": 2} != {'k",
    ),
    Mutation(
        3,
        "a result is taken for the present span of its partition",
        _RUNNER,
        "            if task is None or not task.partition.alive:\n",
        "            if task and not task.partition.alive:\n"
        "                task.partition = self._own.partition(task.partition.number) or task.partition\n"
        "            if task is None:\n",
        "tests/runtime/test_runner_lanes.py::test_a_partition_that_comes_back_is_a_new_span",
        "Left contains one more item: ('a', 1, 'ok')",
    ),
    Mutation(
        3,
        "outputs that went ahead are committed though their partition was taken away",
        _OWNERSHIP,
        "        if self._spoiled:\n",
        "        if self._spoiled and False:\n",
        f"{_AHEAD}_outputs_ahead_of_a_lost_partition_are_never_committed",
        "DID NOT RAISE",
    ),
    Mutation(
        6,
        "outputs go ahead again straight after a loss",
        _OWNERSHIP,
        "        if self.wary:\n            return\n",
        "",
        f"{_AHEAD}_nothing_goes_ahead_after_a_loss_until_a_commit_succeeded",
        "assert [500, 500, 500] == [500]",
    ),
    Mutation(
        4,
        "the changelog is left out of the transaction",
        _OWNERSHIP,
        "outgoing.extend(partition.changelog(topic, self._stage.state_version))",
        "partition.changelog(topic, self._stage.state_version)",
        f"{_RULES}_04_one_transaction_carries_everything_and_the_offsets_beyond_the_frontier",
        "{'changelog.test': 1}",
    ),
    Mutation(
        4,
        "the bitset is not committed",
        _PROGRESS,
        'return Offset(frontier, _encode(frontier, marked) if marked else "")',
        'return Offset(frontier, "")',
        f"{_RULES}_04_one_transaction_carries_everything_and_the_offsets_beyond_the_frontier",
        "Left contains 3 more items",
    ),
    Mutation(
        4,
        "the bitset is not the skip set",
        "consumers/runtime/admission.py",
        "elif record.offset in partition.progress.skip or",
        "elif",
        f"{_RULES}_04_one_transaction_carries_everything_and_the_offsets_beyond_the_frontier",
        "Left contains 3 more items",
    ),
    Mutation(
        4,
        "the frontier does not pass transaction markers",
        _PROGRESS,
        "self._next = max(self._next, position)",
        "self._next = max(self._next, 0)",
        "tests/runtime/test_progress.py::test_the_frontier_follows_the_position_when_nothing_is_open",
        "next: 6 != 7",
    ),
    Mutation(
        4,
        "a commit in the middle of a poll passes what it has read and nobody has begun",
        _OWNERSHIP,
        "for partition in [] if self._polling else self._partitions.values():",
        "for partition in self._partitions.values():",
        f"{_HANDING}_what_a_poll_has_read_is_not_passed_by_the_commit_in_its_middle",
        "Right contains 50 more items",
    ),
    Mutation(
        4,
        "the window is not capped",
        _OWNERSHIP,
        "if paused or p.progress.span >= WINDOW // 2 or self._full(p)}",
        "if paused or self._full(p)}",
        "tests/runtime/test_rules.py::test_rule_04_a_partition_rests_before_its_window_is_full",
        "assert 100 < 64",
    ),
    Mutation(
        4,
        "the window is larger than the metadata takes",
        _PROGRESS,
        "WINDOW = 16_384",
        "WINDOW = 65_536",
        "tests/runtime/test_progress.py::test_metadata_of_a_full_window_fits_the_broker",
        "<= 4096",
    ),
    Mutation(
        4,
        "a record that is read again is handled again",
        "consumers/runtime/admission.py",
        "elif record.offset < partition.progress.read:",
        "elif record.offset < 0:",
        "tests/runtime/test_runner_inline.py::test_a_record_that_is_read_again_is_handled_once",
        "Left contains",
    ),
    Mutation(
        3,
        "what was taken and given back within one fetch is taken for whole",
        _KAFKA,
        "            raise TransportLost(msg)\n        return [fetched(m)",
        "            pass\n        return [fetched(m)",
        f"{_ODD}_a_partition_taken_and_given_back_within_one_fetch_is_not_guessed_about",
        "it did not come about in time",
        kafka=True,
    ),
    Mutation(
        5,
        "a commit behind is waited for as long as it takes",
        _TRANSACTIONS,
        "            if time.monotonic() > self._settle_by:\n",
        "            if time.monotonic() > self._settle_by + 3600:\n",
        f"{_ODD}_a_commit_behind_that_never_ends_is_given_up",
        "DID NOT RAISE",
        kafka=True,
    ),
    Mutation(
        5,
        "the producer outlives a slow commit",
        _TRANSACTIONS,
        "        if seconds > self._settings.socket_timeout_ms / 1000:\n            self.renew()\n",
        "",
        "tests/runtime/test_rules_kafka.py::test_rule_05_a_slow_or_broken_transaction_costs_the_producer_its_life[slow]",
        "is not <cimpl.Producer object",
        kafka=True,
    ),
    Mutation(
        5,
        "the producer outlives a broken commit",
        _KAFKA,
        "        self._transactions.renew()\n        committed = self._committed(sorted(self._owned))\n",
        "        committed = self._committed(sorted(self._owned))\n",
        "tests/runtime/test_rules_kafka.py::test_rule_05_a_slow_or_broken_transaction_costs_the_producer_its_life[broken]",
        "is not <cimpl.Producer object",
        kafka=True,
    ),
    Mutation(
        5,
        "an open transaction may hold readers back for a minute",
        _KAFKA_SETTINGS,
        "transaction_timeout_ms: int = 10_000",
        "transaction_timeout_ms: int = 60_000",
        f"{_RULES}_05_an_open_transaction_holds_readers_back_ten_seconds_at_most",
        "assert 60000 == 10000",
    ),
    Mutation(
        6,
        "the way back is taken in the middle of a poll",
        _RUNNER,
        "        self._own.abandon()\n",
        "        self.recover()\n",
        f"{_HANDING}_a_commit_lost_in_the_middle_of_a_poll_does_nothing_twice[aborted]",
        "Left contains",
    ),
    Mutation(
        6,
        "a commit behind that ended in an unforeseen way passes for done",
        _TRANSACTIONS,
        "            self.error = error\n",
        "            print(error)\n",
        f"{_AHEAD}_a_call_in_a_thread_that_failed_never_passes_for_done[unexpected]",
        "is ValueError('unexpected')",
    ),
    Mutation(
        6,
        "an aborted transaction is gone on from",
        _RUNNER,
        "            self._lost(error)\n            return\n        if committed:",
        "            return\n        if committed:",
        f"{_RULES}_06_after_an_abort_work_starts_again_from_what_is_committed",
        "Left contains one more item: ('a', 2, '2')",
    ),
    Mutation(
        6,
        "draining does not commit what it finished",
        _RUNNER,
        "        self._hand_over(self._own.numbers())\n        self.close()",
        "        self.close()",
        f"{_RULES}_06_draining_commits_what_ends_in_time_and_leaves_the_rest",
        "assert [] == [('k0', 0, 'o...",
    ),
    Mutation(
        6,
        "a drained member stays in its group",
        _OWNERSHIP,
        "        self._partitions.clear()\n        self._transport.close()\n",
        "        self._partitions.clear()\n",
        f"{_RULES}_06_after_an_abort_work_starts_again_from_what_is_committed",
        "Left contains one more item: <consumers.runtime.memory.MemoryTransport",
    ),
    Mutation(
        7,
        "a transaction carries at most 500 records",
        _PRESSURE,
        "_POLL = 5_000",
        "_POLL = 500",
        f"{_RULES}_07_a_transaction_is_shared_by_many_records",
        "assert 500 == 5000",
    ),
    Mutation(
        7,
        "a tick brings up all that is due in one transaction",
        "consumers/runtime/ticking.py",
        "                ended = False\n                break\n",
        "                ended = True\n",
        "tests/runtime/test_ticking.py::test_a_tick_ends_its_transaction_at_its_bounds[bytes]",
        "assert 12 <= (2 * (12 // 12))",
    ),
    Mutation(
        7,
        "a decoded event is an open object",
        "schemas/events.py",
        "@dataclass(frozen=True, slots=True, kw_only=True)\nclass ExpenseCoded(",
        "@dataclass(frozen=True, kw_only=True)\nclass ExpenseCoded(",
        f"{_RULES}_07_events_are_frozen_and_slotted_and_nothing_validates_them_again",
        "assert not True",
    ),
    Mutation(
        8,
        "the state file is written before Kafka's commit",
        _OWNERSHIP,
        "        written = self._transport.transact(outgoing, offsets, topic)\n",
        "        for partition in carried:\n"
        "            if partition.store:\n"
        "                partition.store.committed(None, now_ms=milliseconds(self._clock.now()))\n"
        "        written = self._transport.transact(outgoing, offsets, topic)\n",
        f"{_RULES}_08_the_state_file_is_written_after_the_commit_and_knows_its_place",
        "At index 0 diff: [('a', b'1')] != []",
    ),
    Mutation(
        8,
        "the state file does not know its place in the changelog",
        _OWNERSHIP,
        'partition.store.committed(written.next.get((topic or "", partition.number)), now_ms=now_ms)',
        "partition.store.committed(None, now_ms=now_ms)",
        f"{_RULES}_08_the_state_file_is_written_after_the_commit_and_knows_its_place",
        "assert 1 == 0",
    ),
    Mutation(
        8,
        "a file older than the changelog's tombstones is used",
        "consumers/runtime/restoring.py",
        "max_age_ms=self.changelog.delete_retention_ms",
        "max_age_ms=10**15",
        "tests/runtime/test_state.py::test_a_file_older_than_the_tombstones_is_rebuilt",
        "assert 0 == 2",
    ),
    Mutation(
        8,
        "started attempts are not counted",
        _RUNNER,
        "task.deaths = max(task.deaths, self._room.begun(task))",
        "self._room.begun(task)",
        "tests/runtime/test_runner_lanes.py::test_a_record_that_kills_the_whole_container_is_buried_at_its_third_start",
        "assert [b'1'] == [b'2']",
    ),
    Mutation(
        9,
        "a dead letter is sent apart from its offset",
        _RUNNER,
        "        self._end(task, records, {})\n\n    # -- lanes",
        "        self._p.transport.transact(records, {}, None)\n        self._end(task, (), {})\n\n    # -- lanes",
        f"{_RULES}_09_dead_letters_travel_with_their_offset_and_transient_errors_never_die",
        "TransactionLost: the transaction was aborted",
    ),
    Mutation(
        9,
        "what is missing is taken for poison",
        _RUNNER,
        "        if transient is not None:\n            self._postpone(task, transient)\n        elif",
        "        if",
        f"{_RULES}_09_dead_letters_travel_with_their_offset_and_transient_errors_never_die",
        "Halted: more than 3 dead letters",
    ),
    Mutation(
        9,
        "no rate of dead letters halts the stage",
        "consumers/runtime/burial.py",
        "        self._limit.note(int(self._clock.monotonic() * 1000))\n",
        "",
        f"{_RULES}_09_dead_letters_travel_with_their_offset_and_transient_errors_never_die",
        "DID NOT RAISE Halted",
    ),
    Mutation(
        9,
        "a dead letter does not say where it came from",
        "consumers/runtime/dead_letter.py",
        '        "offset": record.offset,\n',
        "",
        "tests/runtime/test_dead_letters.py::test_every_header_is_there",
        "{'__dlq.errors.offset': b'42'}",
    ),
    Mutation(
        10,
        "the classic protocol is used",
        _KAFKA_SETTINGS,
        '"group.protocol": "consumer"',
        '"group.protocol": "classic"',
        f"{_RULES}_10_there_is_one_rebalance_protocol",
        "assert 'classic' == 'consumer'",
    ),
)
