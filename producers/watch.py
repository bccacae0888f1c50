"""A watched folder: what is put into it is uploaded once it is whole, then moved out of the way.

A file counts as whole when size and time of change stayed the same for a while. It moves to `done/` only after the
brokers have its event, so a crash leaves it where it was, and it is taken up again at the next start: the same file
is the same expense, however often it is sent.
"""

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import structlog
from watchfiles import watch as changes_in

from producers.batch import new_batch
from producers.door import Submitter
from producers.edge import Edge
from producers.publisher import PublishFailed
from producers.upload import Received, Refused, Upload, files_in
from schemas.codec import RegistryUnavailable
from streams.record import TransportLost
from vault.blobs import BlobStoreUnavailable

__all__ = ["DONE", "REFUSED", "watch"]

_log = structlog.get_logger(__name__)
DONE, REFUSED = "done", "refused"
# What browsers, copy tools and scanners name a file while they still write it.
_UNFINISHED = frozenset({".part", ".partial", ".tmp", ".crdownload", ".download", ".filepart"})
_SETTLE_S = 2.0
_UNREACHABLE = (BlobStoreUnavailable, TransportLost, PublishFailed, RegistryUnavailable)

# Size, time of change, and since when both are so (monotonic seconds).
_Seen = dict[Path, tuple[int, int, float]]


def watch(
    folder: Path,
    edge: Edge,
    submitter: Submitter,
    stop: threading.Event | None = None,
    *,
    settle_s: float = _SETTLE_S,
) -> None:
    """Upload what appears in a folder and its subfolders until `stop` is set; files already there come first.

    What settles together is one batch. Refused files go to `refused/`, each with its reason in a `.txt` beside it.
    While Kafka, the registry or the document store do not answer, files stay where they are and are tried again.

    Raises:
        FileNotFoundError: there is no such folder.

    """
    ended = stop or threading.Event()
    seen: _Seen = {}
    wakes = changes_in(
        folder,
        stop_event=ended,
        rust_timeout=int(settle_s * 500),
        yield_on_timeout=True,
        step=max(1, min(50, int(settle_s * 250))),
        recursive=True,
        raise_interrupt=False,
    )
    _settled(folder, seen, settle_s)
    for _ in wakes:
        settled = _settled(folder, seen, settle_s)
        if settled and not ended.is_set():
            _take(folder, settled, edge, submitter)


def _waiting(folder: Path) -> Iterator[Path]:
    outside = (folder / DONE, folder / REFUSED)
    for path in files_in([folder]):
        if not any(path.is_relative_to(each) for each in outside) and path.suffix.lower() not in _UNFINISHED:
            yield path


def _settled(folder: Path, seen: _Seen, settle_s: float) -> list[Path]:
    """Return the files that have been the same for long enough, and remember all."""
    time_now = time.monotonic()
    now: _Seen = {}
    for path in _waiting(folder):
        try:
            found = path.stat()
        except OSError:  # gone again, or a link to nothing: nothing to upload
            continue
        before = seen.get(path)
        same = before is not None and before[:2] == (found.st_size, found.st_mtime_ns)
        now[path] = (found.st_size, found.st_mtime_ns, before[2] if before and same else time_now)
    seen.clear()
    seen.update(now)
    return [path for path, (_, _, since) in now.items() if time_now - since >= settle_s]


def _take(folder: Path, paths: list[Path], edge: Edge, submitter: Submitter) -> None:
    batch_id = new_batch(submitter.tenant, edge.door.subject(submitter), edge.clock())
    try:
        with Upload(edge.door, edge.publisher, submitter, batch_id, clock=edge.clock, origin="folder") as upload:
            answers = [upload.add(path) for path in paths]
    except _UNREACHABLE as error:
        _log.warning("waiting", dependency=type(error).__name__, message=str(error))
        return
    for answer in answers:
        if answer.path.exists():
            _put_away(folder, answer)
    _log.info("uploaded", batch_id=batch_id, documents=len(answers))


def _put_away(folder: Path, answer: Received | Refused) -> None:
    refused = isinstance(answer, Refused)
    target = _free(folder / (REFUSED if refused else DONE) / answer.path.relative_to(folder))
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(answer.path, target)
    if isinstance(answer, Refused):
        target.with_name(f"{target.name}.txt").write_text(f"{answer.reason}\n", encoding="utf-8")


def _free(target: Path) -> Path:
    """Return the target, or where it is taken a name beside it that tells the two apart."""
    count = 1
    free = target
    while free.exists():
        count += 1
        free = target.with_name(f"{target.stem}-{count}{target.suffix}")
    return free
