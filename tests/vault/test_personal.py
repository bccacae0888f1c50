"""Personal fields."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.personal import PERSONAL_FIELDS, PersonalFieldRefused, pack, unpack

NAMES = [field.name for field in PERSONAL_FIELDS if field.kind == "text"]
VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@given(st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_round_trip(fields: dict[str, str]) -> None:
    """Fields come back as given, and the order they were given in does not matter."""
    assert unpack(pack(fields)) == fields
    assert pack(dict(reversed(fields.items()))) == pack(fields)


def test_words_are_folded() -> None:
    """A document's words take a fraction of their size, and nested data comes back."""
    words = [{"text": "Total", "box": [10.5, 20.0, 40.25, 30.0]}] * 500
    packed = pack({"words": words, "note": None})
    assert len(packed) < 1000
    assert unpack(packed) == {"words": words}


@pytest.mark.parametrize("number", ["4111 11** **** 1111", "************1111", "XXXX-XXXX-XXXX-1111", "1111"])
def test_masked_card_numbers(number: str) -> None:
    """A masked card number is kept."""
    assert unpack(pack({"card_number": number})) == {"card_number": number}


@pytest.mark.parametrize(
    "fields",
    [
        {"cvv": "123"},
        {"card_number": "4111111111111111"},
        {"card_number": "4111 1111 1111 ***1"},
        {"employee_name": 7},
        {"words": {1, 2}},
    ],
)
def test_refused(fields: dict[str, object]) -> None:
    """What may not be kept, or is not what its field holds, is refused by name."""
    with pytest.raises(PersonalFieldRefused, match=next(iter(fields))):
        pack(fields)


@pytest.mark.parametrize(
    "packed", [b"", b"\x07{}", b"\x00{", b"\x00[]", b"\x01junk", b"\x01" + zlib.compress(b"{}")[:-3]]
)
def test_damage_is_refused(packed: bytes) -> None:
    """Bytes that no version writes are refused."""
    with pytest.raises(PersonalFieldRefused):
        unpack(packed)


def test_bomb_is_refused() -> None:
    """A few bytes that unfold to more than memory should hold are refused before they do."""
    with pytest.raises(PersonalFieldRefused, match="unfold"):
        unpack(b"\x01" + zlib.compress(b" " * (129 * 1024 * 1024), 1))


def test_every_field_says_what_for() -> None:
    """Each personal field has a name of its own and a purpose."""
    assert len({field.name for field in PERSONAL_FIELDS}) == len(PERSONAL_FIELDS)
    assert all(field.purpose for field in PERSONAL_FIELDS)
