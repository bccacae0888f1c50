"""A seller is matched exactly or with a wide margin, and a new bank account is always seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.vendor.master import KnownVendor, VendorMaster, vendor_id
from consumers.vendor.match import VendorMatcher
from consumers.vendor.merchant import load_normaliser
from schemas.records import Problem, VendorMatch

NORMALISE = load_normaliser()
TENANT = "acme"
IBAN, OTHER_IBAN = "DE89 3704 0044 0532 0130 00", "GB33BUKB20201555555555"


def known(name: str, tax: str | None = None, iban: str | None = None) -> KnownVendor:
    """Return a vendor of the master."""
    key = NORMALISE(name)
    return KnownVendor(
        vendor_id=vendor_id(TENANT, key.identity),
        name=name,
        keys=(key.key,),
        bare=key.bare,
        core=key.core,
        tax_ids=(tax,) if tax else (),
        ibans=(iban,) if iban else (),
    )


VENDORS = (
    known("Blue Bottle Coffee", "DE811569869", IBAN),
    known("Northern Office Supplies", iban=OTHER_IBAN),
    known("Southern Office Supplies"),
    known("Carpets 4 Less"),
    known("Hertz Autovermietung"),
    known("Harbour Lights Catering"),
)


def match(
    raw: str, *, tax_id: str | None = None, iban: str | None = None, vendors: tuple[KnownVendor, ...] = VENDORS
) -> tuple[VendorMatch | None, tuple[Problem, ...]]:
    """Match one raw merchant against the master."""
    return VendorMatcher(TENANT, VendorMaster.of(vendors)).match(NORMALISE(raw), tax_id=tax_id, iban=iban)


@pytest.mark.parametrize(
    ("raw", "name", "method"),
    [
        ("SQ *BLUE BOTTLE COFFEE 0231 SAN FRA", "Blue Bottle Coffee", "name"),
        ("CARPETS4LESS LTD", "Carpets 4 Less", "name"),
        ("HARBOUR LIGHTS CATERlNG", "Harbour Lights Catering", "fuzzy"),
        ("BLUE B0TTLE COFEE", "Blue Bottle Coffee", "fuzzy"),
    ],
)
def test_by_name(raw: str, name: str, method: str) -> None:
    """Spacing, branches and a misread letter still find the vendor, without a doubt."""
    found, problems = match(raw)
    assert found is not None
    assert (found.name, found.method, found.candidate, problems) == (name, method, False, ())
    assert found.score >= 92


@pytest.mark.parametrize(
    "raw",
    [
        "EASTERN OFFICE SUPPLIES",
        "CARPETS 5 LESS",
        "BLUE BOTTLE",
        "Hertz",
        "OFFICE SUPPLIES",
        "SHELL",
        "HARBOUR NIGHTS CATERING SERVICES",
    ],
)
def test_a_near_miss_is_a_candidate(raw: str) -> None:
    """Another word, another number or half a name is a new vendor, which is no problem by itself."""
    found, problems = match(raw)
    assert found is not None
    assert (found.method, found.candidate, found.score, problems) == ("new", True, 0, ())


def test_the_near_miss_is_named() -> None:
    """The runner-up tells a person whom it resembles."""
    found, _ = match("NORTHERN OFFICE SUPPLYS COMPANY LTD")
    assert found is not None
    assert "Northern Office Supplies" in (found.name, found.runner_up)


def test_numbers_come_first() -> None:
    """A tax number finds the vendor whatever is printed, a bank account where no name does."""
    by_tax, _ = match("B.B. ROASTERS", tax_id="DE 811 569 869")
    by_iban, problems = match("B.B. ROASTERS", iban="DE89370400440532013000")
    assert by_tax is not None
    assert by_iban is not None
    assert (by_tax.name, by_tax.method) == ("Blue Bottle Coffee", "tax_id")
    assert (by_iban.name, by_iban.method, problems) == ("Blue Bottle Coffee", "iban", ())


@pytest.mark.parametrize(
    ("raw", "iban"),
    [
        ("Blue Bottle Coffee", "FR1420041010050500013M02606"),
        ("Blue Bottle Coffee", OTHER_IBAN),
        ("Carpets 4 Less", OTHER_IBAN),
        ("HARBOUR LIGHTS CATERlNG", IBAN),
    ],
)
def test_another_bank_account_goes_to_a_person(raw: str, iban: str) -> None:
    """An account that is new to the vendor, or another vendor's, is never taken."""
    found, problems = match(raw, iban=iban)
    assert found is not None
    assert found.method in {"name", "fuzzy"}
    assert [p.code for p in problems] == ["VENDOR_BANK_CHANGED"]


def test_a_first_bank_account_is_no_change() -> None:
    """A vendor without a known account may have one."""
    assert match("Carpets 4 Less", iban="FR1420041010050500013M02606")[1] == ()


def test_a_tax_number_of_somebody_else_goes_to_a_person() -> None:
    """Name and number of different vendors are a doubt, whichever decides."""
    assert [p.code for p in match("Carpets 4 Less", tax_id="DE811569869")[1]] == ["VENDOR_TAX_ID_DIFFERS"]
    assert [p.code for p in match("Blue Bottle Coffee", tax_id="GB999")[1]] == ["VENDOR_TAX_ID_DIFFERS"]


def test_no_name_is_a_problem() -> None:
    """Nothing legible and no number is nobody."""
    found, problems = match("736211990")
    assert found is None
    assert [p.code for p in problems] == ["MISSING_VENDOR"]


def test_the_same_name_is_the_same_candidate() -> None:
    """A new vendor has one id however its spacing, case or branch is printed; another tenant has another."""
    ids = {
        found.vendor_id
        for raw in ("ACORN TOOLS", "Acorn-Tools Ltd", "ACORNTOOLS 1234 RENO NV")
        if (found := match(raw)[0])
    }
    assert ids == {vendor_id(TENANT, "acorntools")}
    assert vendor_id("other", "acorntools") not in ids


def test_two_with_one_number_match_by_neither() -> None:
    """A number that two vendors share decides nothing."""
    twins = (known("Acorn", "GB1"), known("Beech", "GB1"))
    found, _ = match("Cedar", tax_id="GB1", vendors=twins)
    assert found is not None
    assert found.candidate


@given(
    st.permutations(VENDORS), st.sampled_from(["BLUE B0TTLE COFEE", "NORTHERN OFFICE SUPPLYS", "Carpets 4 Less", "X Y"])
)
def test_the_order_of_the_master_never_matters(vendors: list[KnownVendor], raw: str) -> None:
    """Replicas that read the table in any order give the same answer."""
    assert match(raw, vendors=tuple(vendors)) == match(raw)


def test_the_master_forgets_and_replaces() -> None:
    """A replaced vendor is found by its new name only, a dropped one not at all, and old answers go with it."""
    old = known("Acorn Garden Tools")
    master = VendorMaster.of([old])
    matcher = VendorMatcher(TENANT, master)
    misread = NORMALISE("ACORN GARDEN TOOIS")
    found, _ = matcher.match(misread)
    assert found is not None
    assert found.method == "fuzzy"
    master.put(KnownVendor(vendor_id=old.vendor_id, name="Beech Tools", keys=("beech tools",)))
    renamed, _ = matcher.match(misread)
    assert renamed is not None
    assert renamed.candidate
    assert master.by_name("beechtools") is not None
    master.drop(old.vendor_id)
    master.drop("never known")
    assert len(master) == 0
    assert master.by_name("beechtools") is None


def test_neutral_words_and_a_lost_sign_do_not_hide_a_vendor() -> None:
    """A name with neutral words finds the vendor without, or the other way round; two with them do not."""
    matcher = VendorMatcher(TENANT, VendorMaster.of([known("Harbour & Quay"), known("Acorn"), known("Beech Retail")]))
    for raw, name in (
        ("HARBOUR  QUAY 0231", "Harbour & Quay"),
        ("ACORN STORES", "Acorn"),
        ("ACORN GROUP UK", "Acorn"),
        ("BEECH", "Beech Retail"),
    ):
        found, doubts = matcher.match(NORMALISE(raw))
        assert found is not None
        assert (found.name, found.score, found.candidate, doubts) == (name, 98, False, ())
    for raw in ("BEECH STORES", "ACORN DIRECT", "ACORN HOTEL"):
        found, _ = matcher.match(NORMALISE(raw))
        assert found is not None
        assert found.candidate
    matcher.master.put(known("Acorn Retail"))
    found, _ = matcher.match(NORMALISE("ACORN RETAIL GROUP"))
    assert found is not None
    assert found.candidate, "both Acorn and Acorn Retail fit"
