"""What looks written by hand is known, and goes to a person with the field it is."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from documents.engines import Pixels
from documents.handwriting import is_written, mark_written
from documents.reading import Page, Reading, Word, reading_from_bytes, reading_to_bytes
from documents.understanding import understand


def _blank() -> Pixels:
    return np.full((120, 400), 255, np.uint8)


def _written(joined: bool, level: bool) -> tuple[Pixels, Word]:
    """Six strokes in the shape of n, joined in pairs or apart, on a line or off it, and the word around them."""
    page = _blank()
    for at in range(6):
        foot = 80 if level else 80 - (at * 7) % 17
        left = 40 + 40 * at
        cv2.line(page, (left, foot), (left, foot - 40), (0.0,), 4)
        cv2.line(page, (left, foot - 40), (left + 20, foot - 40), (0.0,), 4)
        cv2.line(page, (left + 20, foot - 40), (left + 20, foot), (0.0,), 4)
        if joined and at % 3:
            cv2.line(page, (left - 20, foot - 15), (left + 5, foot - 15), (0.0,), 4)
    return page, Word("nnnnnn", 36.0, 30.0, 270.0, 84.0, 0.9)


@pytest.mark.parametrize(("joined", "level"), [(False, True), (False, False), (True, True)])
def test_one_sign_alone_is_print(joined: bool, level: bool) -> None:
    """Blurred print is joined but level, a bad printer's is uneven but apart; neither is handwriting."""
    assert not is_written(*_written(joined, level))


def test_joined_letters_off_the_line_are_handwriting() -> None:
    """Both signs together are."""
    page, word = _written(joined=True, level=False)
    assert is_written(page, word)
    assert [each.hand for each in mark_written(page, (word, replace(word, text="nn")))] == [True, False]


def test_an_empty_or_tiny_box_is_not() -> None:
    """A box without ink, or of a few pixels, says nothing."""
    assert not is_written(_blank(), Word("Total", 10.0, 10.0, 100.0, 40.0))
    assert not is_written(_blank(), Word("Total", 10.0, 10.0, 14.0, 13.0))


def _reading(*hands: str) -> Reading:
    """A short receipt whose words in `hands` are marked; one row a line, ten units a letter."""
    words: list[Word] = []
    text = (
        "Northwind Cleaning Ltd",
        "Receipt No: 77",
        "Date: 5 March 2024",
        "Cash received with many thanks",
        "Total GBP 120.00",
    )
    for row, line in enumerate(text):
        at = 0.0
        for token in line.split():
            words.append(Word(token, at, 20.0 * row, at + 10 * len(token), 20.0 * row + 14, hand=token in hands))
            at += 10 * len(token) + 10
    return Reading("image", (Page(1, 400, 200, tuple(words)),), "rapidocr", "3")


def test_a_field_written_by_hand_goes_to_a_person() -> None:
    """The field is named, so that its place can be shown; a note elsewhere on the page is nobody's business."""
    told = understand(_reading("120.00")).facts
    assert [(each.code, each.field) for each in told.problems if each.code == "HANDWRITTEN"] == [
        ("HANDWRITTEN", "total")
    ]
    assert "total" in told.places
    assert "HANDWRITTEN" not in {each.code for each in understand(_reading("thanks")).facts.problems}


def test_a_page_written_by_hand_goes_to_a_person_as_a_whole() -> None:
    """Where much of the page is marked, all of it is doubted once."""
    found = understand(_reading("Northwind", "Cleaning", "Receipt", "March", "received", "thanks", "120.00"))
    assert [each.field for each in found.facts.problems if each.code == "HANDWRITTEN"] == [None]
    assert not found.accepted


def test_the_mark_travels_with_the_word() -> None:
    """Packed and unpacked, a marked word is still marked; others stay as short as they were."""
    reading = _reading("120.00")
    assert reading_from_bytes(reading_to_bytes(reading)) == reading
