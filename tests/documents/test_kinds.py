"""What a file is, by its content."""

import pytest

from documents.kinds import check_extension, decode_text, sniff


@pytest.mark.parametrize(
    ("data", "container"),
    [
        (b"", "empty"),
        (b" \n\x00", "empty"),
        (b"junk before\n%PDF-1.7\n", "pdf"),
        (b"\xff\xd8\xff\xe0rest", "image"),
        (b"\x89PNG\r\n\x1a\nrest", "image"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image"),
        (b"\x00\x00\x00\x18ftypheic", "image"),
        ("\ufeff<?xml version='1.0'?><Invoice/>".encode(), "xml"),
        (b"<!DOCTYPE html><html></html>", "unsupported"),
        (b"Invoice 7\nTotal 12.00\n", "text"),
        (b"BM is how this note begins\n", "text"),
        (b"PK\x03\x04\x00\x00\x00\x01", "unsupported"),
    ],
)
def test_content_decides(data: bytes, container: str) -> None:
    """The first bytes name the container, whatever the file is called."""
    assert sniff(data) == container


def test_a_wrong_name_is_a_doubt_and_no_more() -> None:
    """A picture called .pdf is told apart; a picture called .jpeg that is a PNG is still a picture."""
    wrong = check_extension("bill.pdf", "image")
    assert wrong is not None
    assert wrong.code == "WRONG_EXTENSION"
    assert check_extension("photo.jpeg", "image") is None
    assert check_extension("no_extension", "pdf") is None


def test_binary_is_not_text() -> None:
    """Control characters mean a format nobody here reads; accents in an old encoding do not."""
    assert decode_text(b"\x00\x01\x02") is None
    assert decode_text("Gebühr 5,00 €".encode("cp1252")) == "Gebühr 5,00 €"
