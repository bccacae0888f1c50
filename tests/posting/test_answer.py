"""Each answer of an ERP means one thing: posted, refused, or ask again."""

import pytest

from consumers.posting.answer import Refusal, read_answer
from consumers.runtime.errors import Transient
from schemas.records import Posting


def test_created_and_replayed_are_posted() -> None:
    """201 is the first posting, 200 the same one found again."""
    assert read_answer(201, b'{"posting_id": "p-1", "replayed": false}', "k") == Posting(
        posting_id="p-1", idempotency_key="k", replayed=False
    )
    assert read_answer(200, b'{"posting_id": "p-1", "replayed": true, "more": 1}', "k") == Posting(
        posting_id="p-1", idempotency_key="k", replayed=True
    )


@pytest.mark.parametrize(
    "status", [301, 302, 401, 403, 404, 405, 407, 408, 421, 425, 429, 500, 502, 503, 504, 599, 204]
)
def test_what_is_not_about_the_document_is_asked_again(status: int) -> None:
    """An ERP that is busy, broken, locked or elsewhere says nothing about the expense: no person is bothered."""
    with pytest.raises(Transient) as waiting:
        read_answer(status, b'{"code": "X"}', "k")
    assert waiting.value.dependency == "erp"


@pytest.mark.parametrize(
    "body", [b"", b"<html>proxy</html>", b"{}", b'{"posting_id": ""}', b'{"posting_id": 7}', b"[1]"]
)
def test_an_acceptance_without_posting_id_is_asked_again(body: bytes) -> None:
    """Half an answer may hide a posting; the same key finds out without a second one."""
    with pytest.raises(Transient):
        read_answer(201, body, "k")


@pytest.mark.parametrize(
    ("status", "body", "code", "words"),
    [
        (422, b'{"code": "UNBALANCED", "detail": "debits 1 and credits 2"}', "UNBALANCED", "debits 1 and credits 2"),
        (
            409,
            b'{"code": "DUPLICATE_DOCUMENT", "posting_id": "p-9"}',
            "DUPLICATE_DOCUMENT",
            "posting p-9 under another key",
        ),
        (409, b'{"posting_id": "p-9"}', "DUPLICATE_DOCUMENT", "nothing was posted now"),
        (409, b"", "HTTP_409", "409"),
        (400, b"<html>", "HTTP_400", "400"),
        (413, b'{"detail": 7}', "HTTP_413", "413"),
    ],
)
def test_a_refusal_carries_the_erps_reason(status: int, body: bytes, code: str, words: str) -> None:
    """A person reads why, in the ERP's words where it has any."""
    refusal = read_answer(status, body, "k")
    assert isinstance(refusal, Refusal)
    assert refusal.code == code
    assert words in refusal.message


def test_a_long_reason_is_cut() -> None:
    """No ERP can blow up an event with its prose."""
    refusal = read_answer(422, b'{"code": "X", "detail": "' + b"x" * 100_000 + b'"}', "k")
    assert isinstance(refusal, Refusal)
    assert len(refusal.message) < 600
