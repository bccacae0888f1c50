"""Replicas are killed and stopped while work goes on; every event still counts exactly once, in order."""

import base64
import io
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fastavro
import pytest

from bench import chaos
from bench.ledger import FORMAT
from devstack import stack

pytestmark = [pytest.mark.kafka, pytest.mark.chaos, pytest.mark.slow]

COURSE = chaos.Course(events=600, replicas=2, kills=2, stops=1, per_second=30)


def lines(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a file of lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]


class Reader:
    """A ledger read as its page says, with no code of the bench."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.about = json.loads((folder / "about.json").read_text())
        self._schemas = {
            int(path.stem): fastavro.parse_schema(json.loads(path.read_text()))
            for path in (folder / "schemas").glob("*.json")
        }

    def committed(self, topic: str) -> Sequence[tuple[str, bytes]]:
        """Return keys and values of a topic's committed records, in the order of each partition."""
        records = [r for r in lines(self._folder / "topics" / f"{topic}.jsonl") if r["committed"]]
        records.sort(key=lambda r: (r["partition"], r["offset"]))
        return [(base64.b64decode(r["key"]).decode(), base64.b64decode(r["value"])) for r in records]

    def read(self, value: bytes) -> dict[str, Any]:
        """Return what an Avro value says."""
        schema = self._schemas[int.from_bytes(value[1:5])]
        told: Any = fastavro.schemaless_reader(io.BytesIO(value[5:]), schema, None)
        return dict(told)

    def lag(self) -> int:
        """Return how many records the groups have not committed as done."""
        return sum(row["end"] - row["committed"] for row in lines(self._folder / "offsets.jsonl"))


def test_kills_and_stops_change_nothing(tmp_path: Path) -> None:
    """600 events through two stages of two replicas, two kills, one long stop: the bench and its ledger agree on 0."""
    folder = tmp_path / "ledger"
    try:
        told = chaos.measure(COURSE, ledger=folder).figures
        assert stack.status(folder / "stack"), "the stack of a ledger stays up"
    finally:
        stack.stop(folder / "stack")
    wanted = dict.fromkeys(("duplicates", "missing", "out_of_order", "state_differs", "ended_badly"), 0)
    assert {name: told[name] for name in wanted} == wanted
    assert (told["kills"], told["stops"]) == (2, 1)
    ledger = Reader(folder)
    assert ledger.about["format"] == FORMAT
    sent = [(row["key"], row["number"]) for row in lines(folder / "sent.jsonl")]
    assert len(sent) == 600
    came = [(key, ledger.read(value)) for key, value in ledger.committed(ledger.about["output"])]
    for key in {key for key, _ in sent}:
        numbers = [number for sent_key, number in sent if sent_key == key]
        assert [int(read["action"]) for came_key, read in came if came_key == key] == numbers
        assert [int(read["reason"]) for came_key, read in came if came_key == key] == list(range(1, len(numbers) + 1))
    assert len(came) == len(sent)
    relayed = Counter((k, int(ledger.read(v)["member"])) for k, v in ledger.committed(ledger.about["between"]))
    assert relayed == Counter(sent)
    counts = Counter(key for key, _ in sent)
    assert dict(ledger.committed(ledger.about["changelog"])) == {k: str(n).encode() for k, n in counts.items()}
    assert ledger.lag() == 0
    deeds = Counter(row["deed"] for row in lines(folder / "deeds.jsonl"))
    assert deeds["kill"] == 2
    assert deeds["stop"] >= 1
