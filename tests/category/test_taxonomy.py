"""The tree, the codes and the words are data that hang together."""

from pathlib import Path

import pytest
from iso18245 import get_all_mccs

from consumers.category.mcc import describe_mcc, load_mccs
from consumers.category.taxonomy import load_taxonomy, related
from consumers.category.words import load_words
from consumers.rulefile import RuleFileError

TAXONOMY = load_taxonomy()


def test_what_is_shipped_fits_together() -> None:
    """Every category that a code or a word speaks for is in the shipped tree."""
    words = load_words()
    spoken = {m.category for m in load_mccs().values()} | words.line.meanings | words.seller.meanings
    spoken |= set(words.chains.values())
    assert spoken <= TAXONOMY.titles.keys()


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("3001", "travel.air"),
        ("3357", "travel.ground"),
        ("3501", "travel.lodging"),
        ("3838", "travel.lodging"),
        ("7011", "travel.lodging"),
        ("4121", "travel.ground"),
        ("5812", "meals"),
        ("5541", "fuel"),
        ("5943", "office_supplies"),
        ("4814", "telecom"),
        ("4215", "shipping"),
        ("4900", "utilities"),
        ("8111", "professional_services"),
    ],
)
def test_codes(code: str, category: str) -> None:
    """Network ranges and ISO codes give the category accountants expect."""
    assert load_mccs()[code].category == category


def test_every_private_range_code_is_mapped() -> None:
    """Each airline, rental and hotel code that a network has assigned has a category."""
    mapped = load_mccs()
    assert [m.mcc for m in get_all_mccs() if "3000" <= m.mcc <= "3999" and m.mcc not in mapped] == []


def test_descriptions() -> None:
    """A code is named by whichever list knows it, and stays a bare code otherwise."""
    assert describe_mcc("7011").startswith("7011 Lodging")
    assert describe_mcc("9999") == "9999"
    assert describe_mcc("x") == "x"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("meals", "meals", True),
        ("meals", "meals.entertainment", True),
        ("travel.air", "travel.ground", False),
        ("meal", "meals", False),
        ("travel.air", "travel", True),
    ],
)
def test_related(one: str, other: str, expected: bool) -> None:
    """One branch is an ancestor's or descendant's, not a namesake's."""
    assert related(one, other) is expected


def test_a_smaller_tree_falls_back_to_the_parent() -> None:
    """What a tenant's tree lacks is its nearest ancestor, or nothing."""
    assert TAXONOMY.nearest("travel.air.economy") == "travel.air"
    assert TAXONOMY.nearest("spaceflight.orbital") is None


@pytest.mark.parametrize("text", ["travel.lodging", "Lodging", "hotels and other lodging"])
def test_people_name_categories_their_way(text: str) -> None:
    """Path, last part and title all name the category."""
    assert TAXONOMY.named(text) == "travel.lodging"


def test_bad_files_are_refused(tmp_path: Path) -> None:
    """A missing parent, a backward range and a word with two meanings name the file and the fault."""
    path = tmp_path / "rules.yaml"
    path.write_text("a.b: B\n", encoding="utf-8")
    with pytest.raises(RuleFileError, match=r"rules\.yaml: a\.b: its parent a"):
        load_taxonomy(path)
    path.write_text("- {from: '4000', to: '3000', category: fuel}\n", encoding="utf-8")
    with pytest.raises(RuleFileError, match="runs backwards"):
        load_mccs(path)
    path.write_text("- {from: 742, category: fuel}\n", encoding="utf-8")
    with pytest.raises(RuleFileError, match=r"rules\.yaml: 0\.from"):
        load_mccs(path)
    path.write_text("fuel: {clear: [[tea]]}\nmeals: {clear: [[tea]]}\n", encoding="utf-8")
    with pytest.raises(RuleFileError, match="cannot mean both"):
        load_words(path)
    path.write_text("fuel: {names: [[acme]]}\nmeals: {names: [[]], alone: [[ACME]]}\n", encoding="utf-8")
    with pytest.raises(RuleFileError, match="'acme' cannot be of both fuel and meals"):
        load_words(chains=path)
