"""What each process of a run costs a line while the run goes evenly: its start and its last lines are left out.

Starting a stage takes seconds of processor time, and the last lines come in ever smaller transactions. Both weigh
on a short run and mean nothing for a long one.
"""

from dataclasses import dataclass, field

__all__ = ["Moment", "Steady"]

# The share of a process's own work that is looked at.
_FROM, _TO = 0.1, 0.9


@dataclass(frozen=True, slots=True)
class Moment:
    """One look at a process: processor seconds so far, and how many records and transactions it had done by then."""

    spent: float
    done: int
    transactions: int = 0


@dataclass(slots=True)
class Steady:
    """The moments of every process by name and process id; a child that was killed has two ids."""

    moments: dict[tuple[str, int], list[Moment]] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)

    def note(self, name: str, pid: int, moment: Moment) -> None:
        """Note a look at a process that counts its records."""
        self.moments.setdefault((name, pid), []).append(moment)

    def note_shared(self, name: str, pid: int, spent: float) -> None:
        """Note a look at a process that works for all the others, as a broker does: their records are its own."""
        self.shared.add(name)
        done = sum(moments[-1].done for (other, _), moments in self.moments.items() if other not in self.shared)
        self.note(name, pid, Moment(spent, done))

    def cpu_us(self, lines: int) -> dict[str, float]:
        """Return processor microseconds a line by process, the most first; one that did nothing is left out."""
        found = {}
        for name, (total, window) in self._windows().items():
            records, spent = sum(w.done for w in window), sum(w.spent for w in window)
            if records:
                found[name] = round(1e6 * spent / records * total / lines, 1)
        return dict(sorted(found.items(), key=lambda entry: -entry[1]))

    def records_per_transaction(self) -> dict[str, float]:
        """Return how many records a transaction ended, by process; one without transactions is left out."""
        found = {}
        for name, (_, window) in sorted(self._windows().items()):
            if transactions := sum(w.transactions for w in window):
                found[name] = round(sum(w.done for w in window) / transactions, 1)
        return found

    def _windows(self) -> dict[str, tuple[int, list[Moment]]]:
        """Return by name how many records it did in all, and what each of its processes did in its steady part."""
        found: dict[str, tuple[int, list[Moment]]] = {}
        for (name, _), moments in self.moments.items():
            total, windows = found.get(name, (0, []))
            least, most = (share * moments[-1].done for share in (_FROM, _TO))
            steady = [moment for moment in moments if least <= moment.done <= most]
            if len(steady) > 1:
                first, last = steady[0], steady[-1]
                windows = [
                    *windows,
                    Moment(last.spent - first.spent, last.done - first.done, last.transactions - first.transactions),
                ]
            found[name] = (total + moments[-1].done, windows)
        return found
