"""What the read model looks at in an event while it folds: its sentence's fields, and those that rows are made of.

The rest of an event stays as it was written until somebody asks for the expense.
"""

from collections.abc import Callable, Collection
from typing import Any, Final, NamedTuple

from audit.reconstruct import TOLD_BY
from schemas import events as e
from schemas.codec import Codec
from schemas.envelope import Event
from schemas.glance import Gist, Known

__all__ = ["NOTHING", "Gists", "Kind"]

NOTHING: Final[dict[str, Any]] = {
    "problems": (),
    "facts": None,
    "lines": (),
    "conversion": None,
    "vendor": None,
    "categories": (),
    "codings": (),
    "decisions": (),
    "findings": (),
    "outcome": None,
    "reason": None,
}
"""The fields of an expense that rows are made of, as they are before any event has told them."""

_HEAD: Final = 5
# Of the records in these fields neither rows nor sentences look at more.
_INNER: Final = {
    "problems": ("code", "message", "field", "line", "stage"),
    "facts": ("kind", "document_type", "vendor_name", "invoice_number", "invoice_date", "currency", "total"),
    "lines": ("number", "description", "amount"),
    "vendor": ("name", "candidate", "method", "score"),
    "categories": ("line", "category", "score"),
    "decisions": ("line", "outcome", "rule_id", "violation_code", "flip"),
    "findings": ("code", "message", "blocking"),
}
_DECIDED: Final = frozenset({"disposition", "other", "decision_number"})
# An expense has each of these once or more; what else there is comes seldom and is read whole. Beside the fields that
# rows are made of, their sentences look at these.
_USUAL: Final[dict[type[Event], frozenset[str]]] = {
    e.ExpenseParsed: frozenset(),
    e.CurrencyConverted: frozenset(),
    e.VendorResolved: frozenset(),
    e.CategoryResolved: frozenset(),
    e.ExpenseCoded: frozenset(),
    e.ExpenseEvaluated: frozenset({"policy_version"}),
    e.ExpenseDecided: _DECIDED,
    e.ExpenseApproved: frozenset({"approved_by"}),
    e.ExpensePosted: frozenset({"posting"}),
}


class Kind(NamedTuple):
    """A type of event as the log has it: what it tells of an expense, what of that is for rows, and its reader."""

    type: type[Event]
    tells: frozenset[str]
    rows: tuple[str, ...]
    read: Callable[[bytes, Known], Any]


class Gists:
    """Readers of the events in the log, by the schema they were written with."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._kinds: dict[bytes, Kind] = {}

    def kind(self, output: bytes) -> Kind:
        """Return what there is to know of the type of an event.

        Raises:
            Undecodable: it is no event of the contracts.
            RegistryUnavailable: the registry does not answer.

        """
        return self._kinds.get(output[:_HEAD]) or self._found(output)

    def schemas(self, but: Collection[int]) -> dict[int, str]:
        """Return the schemas that were met, by id, without those with these ids."""
        met = {int.from_bytes(head[1:]) for head in self._kinds}
        return {id_: self._codec.schema(id_) for id_ in sorted(met.difference(but))}

    def _found(self, output: bytes) -> Kind:
        kind, _ = self._codec.written(output)
        tells = frozenset(TOLD_BY[kind])
        rows = tells & NOTHING.keys()
        found = Kind(kind, tells, tuple(sorted(rows)), self._reader(kind, rows))
        self._kinds[output[:_HEAD]] = found
        return found

    def _reader(self, kind: type[Event], rows: frozenset[str]) -> Callable[[bytes, Known], Event]:
        if kind not in _USUAL:
            return self._whole
        wanted = {f"{name}.{inner}" if inner else name for name in rows for inner in _INNER.get(name, ("",))}
        return Gist(self._codec, kind, frozenset({"stage", "personal", *wanted, *_USUAL[kind]}))

    def _whole(self, output: bytes, known: Known) -> Event:
        del known
        return self._codec.decode(output)
