"""What keeps the records of a key in order, each part taken out by a small change, and the test that fails then."""

from tests.mutations.mutation import Mutation

__all__ = ["KEYS"]

_SCHEDULE = "consumers/runtime/schedule.py"
_RULES = "tests/runtime/test_rules.py::test_rule"
_TOGETHER = "tests/runtime/test_together.py::test"

KEYS = (
    Mutation(
        2,
        "records of one key run side by side",
        _SCHEDULE,
        "        if not key.begun:\n            return True\n",
        "        if task:\n            return True\n",
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
        2,
        "records of one expense run side by side",
        _SCHEDULE,
        "None in key.begun.values() or expense in key.begun.values()",
        "None in key.begun.values()",
        f"{_TOGETHER}_a_ledgers_expenses_go_side_by_side_and_an_expense_in_order",
        "Left contains one more item",
    ),
    Mutation(
        2,
        "a key goes on while one of its records waits for its time",
        _SCHEDULE,
        "if len(key.begun) >= self._together or key.later:",
        "if len(key.begun) >= self._together:",
        f"{_TOGETHER}_while_one_waits_for_the_erp_no_further_one_begins",
        "Left contains one more item",
    ),
    Mutation(
        7,
        "changed state waits for the end of a fetch",
        "consumers/runtime/runner.py",
        "late or partition.laden or",
        "late or",
        "tests/runtime/test_ahead.py::test_much_changed_state_is_committed_in_between",
        "== [0, 2000, 400...00, 4000, ...]",
    ),
)
