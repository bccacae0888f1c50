"""An outside model is asked over HTTP, its answer validated, and believed only where the page's words support it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from documents.assistant import Answer
from documents.completions import MOST_ANSWER, REST_S, TRIES, OpenAiCompatible, Service
from documents.reader import read
from documents.understanding import understand

PAGE = """
Acme Widgets
Paid on 5 March 2024
Widget A             10.00
Widget B             20.00
In all        USD    31.50
"""


@dataclass
class Asked:
    """A service that answers as it is told and remembers what it was asked."""

    url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    why: list[str] = field(default_factory=list)
    now: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def assistant(self, seconds: float = 5.0) -> OpenAiCompatible:
        """Return the client of it, by a clock that only moves when told to or when it waits between two tries."""
        return OpenAiCompatible(self.service(seconds), self.why.append, lambda: self.now, self._pause)

    def service(self, seconds: float = 5.0) -> Service:
        """Return where it is."""
        return Service(f"{self.url}/v1/", "secret", "small", seconds)

    def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@contextmanager
def service(content: object, status: int = 200, *, first: int | None = None, drips: bool = False) -> Iterator[Asked]:
    """Serve one answer on the loopback, on any free port; bytes are sent as they are.

    `first` is the status of the first answer, where it is another; a service that `drips` sends its answer byte by byte
    and takes a second of the client's clock for each.
    """
    body = content if isinstance(content, bytes) else _completion(content)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Answer, and remember."""
            asked.paths.append(self.path)
            asked.keys.append(self.headers.get("Authorization"))
            asked.requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(first if first is not None and len(asked.paths) == 1 else status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            for at in range(0, len(body), 1 if drips else len(body) or 1):
                asked.now += drips
                try:
                    self.wfile.write(body[at : at + 1] if drips else body)
                except OSError:
                    return  # the client has had enough

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    asked = Asked(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _completion(content: object) -> bytes:
    text = content if isinstance(content, str) else json.dumps(content)
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode()


def test_the_question_is_a_chat_completion_with_a_schema() -> None:
    """The page's text, the key and the schema of the answer are sent; the answer comes back typed."""
    with service({"total": "31.50", "invoice_date": "2024-03-05", "currency": "USD"}) as asked:
        answer = asked.assistant().ask("Total 31.50")
    assert answer == Answer(total=Decimal("31.50"), invoice_date=date(2024, 3, 5), currency="USD")
    (sent,) = asked.requests
    assert (asked.paths, asked.keys) == (["/v1/chat/completions"], ["Bearer secret"])
    assert sent["messages"][-1] == {"role": "user", "content": "Total 31.50"}
    assert (sent["model"], sent["temperature"]) == ("small", 0)
    assert set(sent["response_format"]["json_schema"]["schema"]["properties"]) == set(Answer.model_fields)


@pytest.mark.parametrize(
    ("content", "status", "why"),
    [
        ({"total": "about thirty"}, 200, "does not fit: total"),
        ({"total": "31.50", "comment": "sure"}, 200, "does not fit: comment"),
        ({"total": "NaN"}, 200, "does not fit: total"),
        ({"currency": "Dollar"}, 200, "does not fit: currency"),
        ("The total is 31.50.", 200, "does not fit: the whole"),
        (b'{"choices": []}', 200, "no chat completion"),
        (b"<html>", 200, "no chat completion"),
        ({}, 401, "answered 401"),
        (b" " * (MOST_ANSWER + 1), 200, "at most"),
    ],
)
def test_anything_else_is_no_answer(content: object, status: int, why: str) -> None:
    """What does not fit the models, is no completion, an error or too much leaves the document as it was read."""
    with service(content, status) as asked:
        assert asked.assistant().ask("Total 31.50") is None
    assert [why in told for told in asked.why] == [True]


def test_a_service_that_is_away_costs_no_document() -> None:
    """Nobody listening is no error of the document: what was read stands, with a problem that says what is missing."""
    asked = Asked("http://127.0.0.1:9")
    reading = read("page.txt", PAGE.encode())
    alone, found = understand(reading), understand(reading, assistant=asked.assistant())
    assert replace(found.facts, problems=()) == replace(alone.facts, problems=())
    new = [each for each in found.facts.problems if each not in alone.facts.problems]
    assert [(each.code, each.field) for each in new] == [("ASSISTANT_SILENT", "total")]
    assert len(asked.why) == 1
    assert "does not answer" in asked.why[0]


def test_a_busy_service_is_asked_again() -> None:
    """An error of its own is tried again after a pause, and the answer that comes then counts."""
    with service({"total": "31.50"}, first=503) as asked:
        answer = asked.assistant().ask("Total 31.50")
    assert answer == Answer(total=Decimal("31.50"))
    assert (len(asked.paths), asked.pauses, asked.why) == (2, [0.5], [])


def test_tries_end_at_the_time_limit() -> None:
    """However busy it is, a question is put three times at most, and never past its time."""
    with service({}, 503) as asked:
        assert asked.assistant().ask("Total 31.50") is None
        assert len(asked.paths) == TRIES
        asked.now += REST_S
        assert asked.assistant(0.2).ask("Total 31.50") is None
    assert len(asked.paths) == TRIES + 1
    assert "within 0.2 s" in asked.why[-1]


def test_an_answer_that_drips_is_given_up() -> None:
    """A service that sends byte after byte does not hold the document beyond the time of its question."""
    with service({"total": "31.50"}, drips=True) as asked:
        assert asked.assistant(3.0).ask("Total 31.50") is None
    assert len(asked.paths) == 1
    assert "within 3 s" in asked.why[0]


def test_a_service_that_was_away_is_left_alone_for_a_while() -> None:
    """The documents behind it do not each wait for it; after a minute it is asked once more, then after two."""
    with service({}, 503) as asked:
        client = asked.assistant()
        assert client.ask("a") is None
        assert client.ask("b") is None
        assert len(asked.paths) == TRIES
        asked.now += REST_S
        assert client.ask("c") is None
        assert len(asked.paths) == 2 * TRIES
        asked.now += REST_S
        assert client.ask("d") is None
        assert len(asked.paths) == 2 * TRIES
    assert len(asked.why) == 2


def test_an_answer_that_does_not_fit_is_no_reason_to_leave_it_alone() -> None:
    """Nonsense about one document says nothing about the next."""
    with service("The total is 31.50.") as asked:
        client = asked.assistant()
        assert (client.ask("a"), client.ask("b")) == (None, None)
    assert len(asked.paths) == 2


def test_a_value_that_the_page_prints_is_filled_in_for_a_person() -> None:
    """A total without a label is pointed at: filled in with its place, and still looked at."""
    reading = read("page.txt", PAGE.encode())
    assert understand(reading).facts.total is None
    with service({"total": "31.50"}) as asked:
        found = understand(reading, assistant=asked.assistant())
    assert found.facts.total == Decimal("31.50")
    assert found.facts.confidence["total"] < 0.85
    assert found.facts.places["total"].top == 5.0
    assert [each.code for each in found.facts.problems if each.field == "total"] == ["LOW_CONFIDENCE"]
    assert not found.accepted


def test_what_the_page_does_not_print_is_not_believed() -> None:
    """An invented total, date or name changes nothing, however sure the model is."""
    reading = read("page.txt", PAGE.encode())
    lies = {
        "total": "99.00",
        "invoice_date": "2024-05-03",
        "vendor_name": "Globex Corporation",
        "invoice_number": "X-1",
    }
    with service(lies) as asked:
        assert understand(reading, assistant=asked.assistant()) == understand(reading)
    assert len(asked.requests) == 1


def test_agreement_settles_what_was_read_unsurely() -> None:
    """A name both read alike needs no person; one they read differently stays as unsure as it was."""
    reading = read("page.txt", PAGE.encode())
    alone = understand(reading).facts
    assert alone.vendor_name == "Acme Widgets"
    assert alone.confidence["vendor_name"] < 0.85
    with service({"vendor_name": "ACME Widgets"}) as asked:
        agreed = understand(reading, assistant=asked.assistant()).facts
    assert (agreed.vendor_name, agreed.confidence["vendor_name"]) == ("Acme Widgets", 0.9)
    with service({"vendor_name": "Widget A"}) as asked:
        assert understand(reading, assistant=asked.assistant()).facts == alone


def test_a_document_without_doubt_is_not_sent() -> None:
    """What is read surely never leaves the machine."""
    sure = "Acme Widgets Ltd\nInvoice number: 7\nInvoice date: 5 March 2024\nAmount due USD 31.50\nTotal USD 31.50\n"
    reading = read("page.txt", sure.encode())
    assert understand(reading).accepted
    with service({"total": "1.00"}) as asked:
        assert understand(reading, assistant=asked.assistant()).accepted
    assert asked.requests == []
