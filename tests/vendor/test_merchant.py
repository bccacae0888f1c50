"""Raw merchant text becomes the name that two documents of one seller share."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.folding import fold
from consumers.rulefile import RuleFileError
from consumers.vendor.merchant import load_normaliser

NORMALISE = load_normaliser()


@pytest.mark.parametrize(
    ("raw", "key", "processor"),
    [
        ("SQ *BLUE BOTTLE 0231 SAN FRA", "blue bottle", "Square"),
        ("TST* THE BURGER JOINT", "burger joint", "Toast"),
        ("PAYPAL *ACORN BOOKS", "acorn books", "PayPal"),
        ("PAYPAL  ACORN BOOKS", "acorn books", "PayPal"),
        ("SP ACORN BOOKS", "acorn books", "Shopify"),
        ("POS DEBIT ACORN #1234 NEW YORK NY", "acorn", "point of sale"),
        ("AMZN Mktp DE*2K4", "amazon marketplace", None),
        ("AMZN Mktp US*1A2B3C4D5", "amazon marketplace", None),
        ("UBER *TRIP HELP.UBER.COM", "uber", None),
        ("WWW.ACORN.CO.UK", "acorn", None),
        ("WWW.VEHICLECONTROL.CO.", "vehiclecontrol", None),
        ("ACORN.COM/BILL", "acorn", None),
        ("7-ELEVEN 12345 AUSTIN TX", "7 eleven", None),
        ("ACORN STORE 05763 SEATTLE WA", "acorn", None),
        ("ACORN (2305)", "acorn", None),
        ("Acorn 800-555-1234 TX", "acorn", None),
        ("ACORN Q9DJMBAE92", "acorn", None),
        ("DELTA AIR 0062345678901", "delta air", None),
        ("Müller GmbH & Co. KG", "muller", None),
        ("ACORN HEALTH AND BEAUTY SDN BHD", "acorn health and beauty", None),
        ("EXOR (SERVICES) LIMITE", "exor services", None),
        ("Marks&Co's", "marks and cos", None),
        ("ACORN C0FFEE", "acorn coffee", None),
        ("3M COMPANY", "3m", None),
        ("Motel 6", "motel 6", None),
        ("WWW.ACORN.GOV.UK", "acorn gov", None),
        ("WWW.ACORN.AC.UK", "acorn ac", None),
        ("WWW.UK.ACORN-ONLINE.C", "acorn online", None),
        ("www.shop.acorn.co.uk/order", "acorn", None),
        ("WWW.WWW.ACORN.", "acorn", None),
        ("HARBOUR INN44013355", "harbour inn", None),
        ("43036690 HARBOUR COFFEE", "harbour coffee", None),
        ("paypal entica2006", "entica2006", "PayPal"),
        ("ACORN BGVCGCAXP2", "acorn", None),
    ],
)
def test_normalised(raw: str, key: str, processor: str | None) -> None:
    """Processor, store, reference, phone, place and legal form go; the name stays."""
    found = NORMALISE(raw)
    assert (found.key, found.processor) == (key, processor)


@pytest.mark.parametrize("raw", ["HOTEL 1898 BARCELONA", "STUDIO 54 NEW YORK", "CAFE 1234"])
def test_a_number_that_is_the_name_cuts_nothing_else(raw: str) -> None:
    """Where only generic words stand before a number, what follows it is the name."""
    assert len(NORMALISE(raw).name.split()) >= len([w for w in raw.split() if not w.isdigit()])


@pytest.mark.parametrize("raw", ["", "   ", "***", "736211990", "#12", "-"])
def test_illegible(raw: str) -> None:
    """What names nobody has an empty key."""
    found = NORMALISE(raw)
    assert (found.key, found.identity, found.distinct) == ("", "", False)


def test_generic_words_are_not_distinct() -> None:
    """A name of generic words alone identifies nobody."""
    assert not NORMALISE("THE HOTEL").distinct
    assert NORMALISE("HOTEL ADLER").distinct


@pytest.mark.parametrize(
    ("raw", "bare", "core"),
    [
        ("ACORN & OAK PLC", "acornoak", "acornoak"),
        ("ACORN  OAK", "acornoak", "acornoak"),
        ("B & Q 1062", "b q", "b q"),
        ("b  q", "b q", "b q"),
        ("ACORN STORES LTD 2331", "acornstores", "acorn"),
        ("OAK GROUP", "oakgroup", "oakgroup"),
        ("ACORN DIRECT", "acorndirect", "acorndirect"),
    ],
)
def test_what_a_feed_loses_and_what_says_nothing_is_told_apart(raw: str, bare: str, core: str) -> None:
    """A lost `&` goes from the bare name, neutral words from the core; too little is left of a short name."""
    assert (NORMALISE(raw).bare, NORMALISE(raw).core) == (bare, core)


@given(st.text(max_size=60))
def test_any_text_normalises_stably(raw: str) -> None:
    """No text breaks it, the key is folded already, and its identity has no spaces."""
    found = NORMALISE(raw)
    assert fold(found.key) == found.key
    assert found.identity == found.key.replace(" ", "")


@given(st.from_regex(r"[A-Z]{5,8} [A-Z]{5,8}", fullmatch=True), st.integers(1000, 99999))
def test_store_numbers_never_matter(name: str, number: int) -> None:
    """Two branches of one name share its key."""
    assert NORMALISE(f"{name} #{number} RENO NV").key == NORMALISE(f"{name} {number + 1}").key


def test_bad_rule_file_names_its_field(tmp_path: Path) -> None:
    """A rule file with an unknown shape is refused by file and field."""
    path = tmp_path / "merchants.yaml"
    path.write_text("processors: 3\n", encoding="utf-8")
    with pytest.raises(RuleFileError, match=r"merchants\.yaml: processors"):
        load_normaliser(path)
