"""Documents of every kind through the whole system on two cores: how many a second, how many without a person.

The system is the one `spendtrail up` starts, confined to two cores with its broker, its registry and its readers. First
go documents as they come in; they are timed. Then go damaged and hostile ones, of which only one thing is asked: that
each ends too. A document has ended when it is posted, rejected, merged, dead-lettered, or waits for a person.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, get_args

from bench.report import Report, ratio
from bench.system import CORES, UP_S, confined, said, system
from bench.truths import DataMissing, Truth, invoices, receipts, right_fields
from consumers.project.database import open_database
from consumers.project.queries import ReadModel, Summary
from documents.problems import Code
from schemas.lifecycle import ENDS, WAITING, State

__all__ = ["Passed", "measure", "told"]

_SECONDS_A_DAY: Final = 86_400
_LOOK_S: Final = 0.5
# Of documents that are still under way so long after the last one moved, it is said that they are lost.
_STILL_S: Final = 150.0

# What is a document in the folders of documents made by others; the rest there is truth, words, licences.
_FOLDERS: Final = {
    "receipts": ("sroie/images", ("jpg",)),
    "invoices": ("invoice2data/tests/compare", ("pdf", "txt")),
    "e-invoices": ("einvoice", ("xml", "pdf")),
    "samples": ("azure_samples", ("pdf", "jpg", "jpeg", "png", "tif", "tiff", "bmp", "heic")),
}
_HOSTILE: Final = "bad_inputs"
_AUTOMATIC: Final = frozenset({State.POSTED, State.MERGED, State.REJECTED})
# What the reader doubts, whatever the policy and the ledger say of a document.
_READING: Final = frozenset(get_args(Code)) | {"LINES_DISAGREE"}

# What the documents of strangers cannot have: an account in the ledger that ships, and to have come only once, since
# files made to test readers repeat one invoice in many ways.
_STRANGE: Final = frozenset({"FALLBACK_UNMAPPED", "NO_GL_CODE", "DUPLICATE_EXACT", "DUPLICATE_NEAR"})


@dataclass(frozen=True, slots=True)
class Passed:
    """A batch that went through: file of each expense, where each ended, the seconds, and what the door refused.

    `kinds` names the folder each expense's document comes from.
    """

    files: Mapping[str, Path]
    ended: Mapping[str, Summary]
    seconds: float
    refused: int = 0
    kinds: Mapping[str, str] = field(default_factory=dict)

    @property
    def lost(self) -> int:
        """How many never ended."""
        return sum(not _has_ended(self.ended.get(expense)) for expense in self.files)

    def states(self) -> dict[str, int]:
        """Return how many ended where."""
        return dict(Counter(each.state or "nowhere" for each in self.ended.values()).most_common())


def measure(data: Path) -> Report:
    """Return documents a second and a day, how many ended, were lost, and needed no person.

    Raises:
        DataMissing: no documents are under `data`.
        TimeoutError: the system did not come up.

    """
    documents = {
        path: kind for kind, (folder, suffixes) in _FOLDERS.items() for path in _documents(data / folder, suffixes)
    }
    if not documents:
        msg = f"no documents under {data}; set SPENDTRAIL_DATA to where they are"
        raise DataMissing(msg)
    hostile = [path for path in sorted((data / _HOSTILE).rglob("*")) if path.is_file()]
    # The hostile ones are dead-lettered as fast as they are read; that is no outage.
    with system(SPENDTRAIL_DEAD_LETTERS_PER_MINUTE="10000") as given, _read_model(given) as model:
        passed = _through(given, model, list(documents))
        passed = replace(passed, kinds={expense: documents[path] for expense, path in passed.files.items()})
        survived = _through(given, model, hostile)
        truths = {truth.path: truth for truth in (*receipts(data), *invoices(data))}
        posted = _posted(model, passed, truths)
    return told(passed, survived, posted)


def told(passed: Passed, survived: Passed, posted: Sequence[tuple[Truth, Mapping[str, Any]]]) -> Report:
    """Return the report: `posted` are those posted documents whose truth is known, with what was posted."""
    states = passed.states()
    automatic = [expense for expense, each in passed.ended.items() if each.state in _AUTOMATIC]
    read = [
        expense
        for expense, each in passed.ended.items()
        if each.state != State.DEAD_LETTERED and not _READING & _codes(each)
    ]
    at_home = [expense for expense, each in passed.ended.items() if not _STRANGE & _codes(each)]
    number = len(passed.files)
    rate = number / passed.seconds
    wrong = [truth.path.name for truth, facts in posted if not all(right_fields(truth, facts).values())]
    return Report(
        "documents",
        {
            "files": len({*passed.files.values()}),
            "documents": number,
            "documents_per_s": round(rate, 2),
            "documents_per_day": round(rate * _SECONDS_A_DAY),
            "ended": number + len(survived.files) - passed.lost - survived.lost,
            "lost": passed.lost + survived.lost,
            "automation_percent": round(100 * len(automatic) / number, 1),
            "at_home": len(at_home),
            "at_home_automation_percent": round(100 * (ratio(len(automatic), len(at_home)) or 0.0), 1),
            "read_percent": round(100 * len(read) / number, 1),
            "posted_checked": len(posted),
            "posted_wrong_percent": round(100 * (ratio(len(wrong), len(posted)) or 0.0), 1),
            "hostile": len(survived.files),
            "hostile_posted": survived.states().get(State.POSTED, 0),
            "refused_at_the_door": passed.refused + survived.refused,
            "seconds": round(passed.seconds, 1),
        },
        {
            "cores": CORES,
            "states": states,
            "hostile_states": survived.states(),
            "automation": "posted, merged or rejected without a person; read: without a doubt of the reader's",
            "at_home": "documents that repeat no earlier one and whose lines have an account in the ledger that ships",
            "kinds": {
                kind: {"documents": count, "automatic": _of(passed, kind, automatic), "read": _of(passed, kind, read)}
                for kind, count in Counter(passed.kinds.values()).items()
            },
            "why_held": dict(Counter(code for each in passed.ended.values() for code in _codes(each)).most_common()),
            "posted_wrong": wrong,
        },
    )


def _codes(summary: Summary) -> frozenset[str]:
    """Return why a document is held, or was dead-lettered; nothing where it went on."""
    held = summary.state in WAITING | {State.DEAD_LETTERED}
    return frozenset((summary.why or "").split()) if held else frozenset()


def _of(passed: Passed, kind: str, expenses: Sequence[str]) -> int:
    return sum(passed.kinds.get(expense) == kind for expense in expenses)


def _documents(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix.lower().lstrip(".") in suffixes)


@contextmanager
def _read_model(given: Mapping[str, str]) -> Iterator[ReadModel]:
    engine = open_database(f"sqlite:///{(Path(given['SPENDTRAIL_HOME']) / 'read-model.sqlite').resolve()}")
    try:
        yield ReadModel(engine)
    finally:
        engine.dispose()


def _through(given: Mapping[str, str], model: ReadModel, paths: Sequence[Path]) -> Passed:
    """Upload documents and wait until each has ended, or nothing has moved for long."""
    if not paths:
        return Passed({}, {}, 1.0)
    began = time.monotonic()
    with confined():
        answers = said(given, "upload", *map(str, paths), "--json", seconds=UP_S)
    files = {each["expense_id"]: Path(each["path"]) for each in answers if "expense_id" in each}
    (batch,) = {each["batch_id"] for each in answers if "batch_id" in each}
    ended: dict[str, Summary] = {}
    moved = time.monotonic()
    while len(ended) < len(files) and time.monotonic() - moved < _STILL_S:
        time.sleep(_LOOK_S)
        everything = model.expenses(limit=1_000_000)
        seen = {each.expense_id: each for each in everything if each.batch_id == batch or each.expense_id in files}
        files |= {expense: _file(model, expense, files) for expense in seen.keys() - files.keys()}
        now = {expense: each for expense, each in seen.items() if _has_ended(each)}
        if len(now) > len(ended):
            moved = time.monotonic()
        ended = now
    return Passed(files, ended, moved - began, sum("reason" in each for each in answers))


def _file(model: ReadModel, expense_id: str, files: Mapping[str, Path]) -> Path:
    """Return the file of an expense that the upload did not name: one document of a file with several."""
    expense = model.expense(expense_id)
    if expense is None or expense.portion is None:
        msg = f"expense {expense_id} is in the batch, and in none of its files"
        raise LookupError(msg)
    return files[expense.portion.file]


def _has_ended(summary: Summary | None) -> bool:
    return summary is not None and summary.state in ENDS | WAITING


def _posted(
    model: ReadModel, passed: Passed, truths: Mapping[Path, Truth]
) -> list[tuple[Truth, Mapping[str, str | None]]]:
    """Return the posted documents whose truth is known, with the fields that were posted."""
    found: list[tuple[Truth, Mapping[str, str | None]]] = []
    for expense_id, summary in passed.ended.items():
        truth = truths.get(passed.files[expense_id])
        expense = model.expense(expense_id) if truth and summary.state == State.POSTED else None
        if truth and expense and expense.facts:
            posted = {name: getattr(expense.facts, name) for name in truth.fields}
            found.append((truth, {name: None if value is None else str(value) for name, value in posted.items()}))
    return found
