"""Each line has the category its evidence speaks for, or goes to a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.category.resolve import Seen, load_categoriser
from schemas.records import CategoryMatch

CATEGORISER = load_categoriser()


def category(description: str | None, seen: Seen | None = None) -> str | None:
    """Return the category of one line."""
    return CATEGORISER.categorise(seen or Seen(), [description])[0][0].category


def codes(seen: Seen, *descriptions: str | None) -> list[str]:
    """Return the codes of the problems."""
    return [p.code for p in CATEGORISER.categorise(seen, descriptions)[1]]


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("Parking Lot Reseal & Striping", "site_maintenance"),
        ("Corporate Office Supplies", "office_supplies"),
        ("Hotelübernachtung 2 Nächte", "travel.lodging"),
        ("Nuitée chambre double", "travel.lodging"),
        ("Benzin Super E10", "fuel"),
        ("Taxi Flughafen", "travel.ground"),
        ("Taxifahrt Messe", "travel.ground"),
        ("Airport parking 3 days", "travel.ground"),
        ("Cena de trabajo", "meals"),
        ("Client entertainment dinner", "meals.entertainment"),
        ("Electricity 1,204 kWh", "utilities"),
        ("Grundsteuer 2024", "property_tax"),
        ("Versicherungsbeitrag Haftpflicht", "insurance"),
        ("Legal services March", "professional_services"),
        ("Print cartridges, t0ner black", "office_supplies"),
        ("Cloud hosting, April", "software"),
        ("Bank charges", "fees"),
        ("Gift card", "gifts"),
        ("Team plan, 12 seats, monthly subscription", "software"),
        ("Benutzerlizenzen Jahresabo", "software"),
        ("Hébergement web et nom de domaine", "software"),
        ("Türschild Aluminium", "site_maintenance"),
        ("Rótulo de entrada", "site_maintenance"),
        ("Visitenkarten, Druckerei", "office_supplies"),
        ("Cartouches d'encre", "office_supplies"),
        ("Parkgebühren Tiefgarage", "travel.ground"),
        ("Stationnement 2 h", "travel.ground"),
        ("Parcheggio aeroporto", "travel.ground"),
        ("Camera doppia, 3 notti", "travel.lodging"),
        ("Overnachting met ontbijt", "travel.lodging"),
        ("Menú del día", "meals"),
        ("Almoço de trabalho", "meals"),
        ("Recarga eléctrica", "fuel"),
        ("Mobiel abonnement juli", "telecom"),
        ("Portes de envio", "shipping"),
        ("Quota di iscrizione convegno", "training"),
        ("Bolletta luce", "utilities"),
        ("Frais de tenue de compte", "fees"),
        ("Honorários de advogado", "professional_services"),
        ("Relatiegeschenken", "gifts"),
        ("Seguro de viaje", "insurance"),
        ("Qty adj", None),
        ("", None),
        (None, None),
    ],
)
def test_by_description(description: str | None, expected: str | None) -> None:
    """Generic words in several languages decide; nothing recognisable decides nothing."""
    assert category(description) == expected


@pytest.mark.parametrize(
    ("merchant", "expected"),
    [
        ("HARBOUR PLAZA GARAGE", "travel.ground"),
        ("CITY CAR PARK 0231", "travel.ground"),
        ("SHELL KINGS 587", "fuel"),
        ("SQ *MARRIOTT LEEDS", "travel.lodging"),
        ("www.thetrainline.com", "travel.ground"),
        ("TESCO PFS 2996", "fuel"),
        ("www.smithsofficefurniture", "office_supplies"),
        ("HYDE LEGAL SOLICITORS LLP", "professional_services"),
        ("SPRINT 0231", "telecom"),
        ("SPRINT ATHLETICS", None),
        ("SEASHELL TRADING", None),
        ("Michelle Shell", None),
        ("PATCH-A-DOLL WORKSHOP", None),
        ("billing@journeys.cloud", None),
        ("NORTH SUBSCRIPTION", None),
        ("DAILY INFORMATION", None),
        ("AMAZON UK MARKETPLACE", None),
        ("W M MORRISONS 0231", "meals"),
        ("NORTHWAY N/E STARBUCKS", "meals"),
        ("CITY SUBWAY TOYS", None),
        ("TESCO - HARBOUR TOYS", None),
        ("TESCO CLOTHING UK", None),
        ("TESCO - 2996", "meals"),
        ("GWR MOBILE APP", "travel.ground"),
        ("ACORN GARDEN CENT", None),
        ("ACORN WOOD GARDEN CENT", "site_maintenance"),
        ("NORTHWAY CITY COUNCI", None),
        ("HARBOUR ROAD SERVICE ST", "fuel"),
        ("HARBOUR HOTEL F AND B", "meals"),
        ("THE HARBOUR INN", None),
    ],
)
def test_by_seller(merchant: str, expected: str | None) -> None:
    """A seller's name is taken at its word only where the word says what is sold; chains are known by name."""
    assert category(merchant, Seen(merchant=merchant)) == expected


def test_words_that_say_little_alone_say_enough_together() -> None:
    """Where every line is silent, the seller and all lines are heard as one; a tie goes to a person."""
    found, problems = CATEGORISER.categorise(Seen(), ["Drinks", "Tasting plate", None])
    assert [(m.category, m.score) for m in found] == [("meals", 60)] * 3
    assert problems == ()
    assert codes(Seen(), "Drinks", "Tasting plate", "Labels", "Batteries") == ["FALLBACK_UNMAPPED"] * 4


def test_a_silent_line_that_leans_the_same_way_joins_the_others() -> None:
    """Support beside licences is part of the licences; a fee beside them is not."""
    found, problems = CATEGORISER.categorise(
        Seen(), ["Annual licence renewal", "Software licences", "Priority support"]
    )
    assert found[2].category == "software"
    assert problems == ()
    assert codes(Seen(), "Software licences", "Surcharge") == ["FALLBACK_UNMAPPED"]


def test_the_line_goes_before_the_seller() -> None:
    """Breakfast on a hotel bill is a meal, the night is lodging."""
    found, problems = CATEGORISER.categorise(Seen(merchant="Hotel Adler", mcc="7011"), ["Room night", "Breakfast"])
    assert [m.category for m in found] == ["travel.lodging", "meals"]
    assert problems == ()


def test_a_code_that_says_little_decides_nothing() -> None:
    """A grocer sells anything: its code alone goes to a person, with a claim it is enough."""
    assert codes(Seen(mcc="5411"), None) == ["FALLBACK_UNMAPPED"]
    assert category(None, Seen(mcc="5411", claimed="meals")) == "meals"


def test_a_claim_alone_is_taken() -> None:
    """Where nothing contradicts the employee, their word counts."""
    assert category("n/a", Seen(claimed="Taxi")) == "travel.ground"
    assert codes(Seen(claimed="Taxi"), "n/a") == []


def test_a_contradicted_claim_goes_to_a_person() -> None:
    """Evidence for something else is a mismatch, a finer claim in the same branch is not."""
    assert codes(Seen(claimed="travel.lodging", mcc="5812"), None) == ["CATEGORY_MISMATCH"]
    assert category(None, Seen(claimed="meals.entertainment", mcc="5812")) == "meals.entertainment"
    assert codes(Seen(claimed="meals.entertainment", mcc="5812"), None) == []


def test_one_line_that_bears_the_claim_out_is_enough() -> None:
    """A hotel bill with a restaurant line was rightly claimed as lodging."""
    assert codes(Seen(claimed="travel.lodging"), "Room night", "Restaurant dinner") == []
    assert codes(Seen(claimed="travel.lodging"), "Restaurant dinner", "Lunch") == ["CATEGORY_MISMATCH"]


def test_the_document_speaks_for_itself() -> None:
    """A utility bill's lines are utilities whatever they are called."""
    assert category("Grid levy 7b", Seen(document_type="utility_bill")) == "utilities"


def test_evidence_tells_all() -> None:
    """Everything that spoke is on the answer, with what was seen and how much it said."""
    found, _ = CATEGORISER.categorise(Seen(merchant="Hotel Adler", mcc="7011", claimed="lodging"), ["Room night"])
    assert {e.source for e in found[0].evidence} == {"mcc", "merchant", "description", "claimed"}
    assert all(0 < e.weight <= 100 for e in found[0].evidence)
    assert found[0].score > 85


def test_a_card_line_is_counted_once() -> None:
    """The raw merchant printed again as description is no second witness."""
    found, _ = CATEGORISER.categorise(Seen(merchant="CITY TAXI 12"), ["City Taxi 12"])
    assert [e.source for e in found[0].evidence] == ["merchant"]


def _heard(match: CategoryMatch) -> str | None:
    """Return what the document said of a line that says nothing by itself."""
    first = next(iter(match.evidence), None)
    return first.category if first is not None and first.source == "document" else None


TEXTS = st.lists(st.sampled_from(["hotel", "taxi", "dinner", "toner", "xyz", "Strom", "gift", "fee", "42"]), max_size=4)


@given(st.lists(TEXTS.map(" ".join), min_size=1, max_size=6), st.sampled_from([None, "5812", "7011", "5411", "0000"]))
def test_every_line_gets_one_answer_whatever_its_neighbours(descriptions: list[str], mcc: str | None) -> None:
    """A line that anything speaks for is judged by that alone, and unmapped lines are exactly the problems."""
    seen = Seen(mcc=mcc)
    found, problems = CATEGORISER.categorise(seen, descriptions)
    assert [m.line for m in found] == list(range(1, len(descriptions) + 1))
    for match, description in zip(found, descriptions, strict=True):
        alone = CATEGORISER.categorise(seen, [description])[0][0]
        sure = alone.category is not None and alone.evidence[0].source != "document"
        assert match.category in ((alone.category,) if sure else (alone.category, None, _heard(match)))
    assert [p.line for p in problems] == [m.line for m in found if m.category is None]
    assert all(0 <= m.score < 100 for m in found)


def test_a_silent_line_joins_the_others_only_where_they_agree() -> None:
    """One seller's document is mostly one purchase; where its lines differ, a person says what the silent one is."""
    found, problems = CATEGORISER.categorise(Seen(), ["Parking lot reseal", "ADA stall symbols", "Line striping"])
    assert [(m.category, m.score >= 85) for m in found] == [
        ("site_maintenance", True),
        ("site_maintenance", False),
        ("site_maintenance", True),
    ]
    assert problems == ()
    assert codes(Seen(), "Parking lot reseal", "ADA stall symbols", "Toner") == ["FALLBACK_UNMAPPED"]


@given(st.text(max_size=80), st.text(max_size=20))
def test_any_text_is_read(description: str, claimed: str) -> None:
    """No text breaks it."""
    found, _ = CATEGORISER.categorise(Seen(merchant=description[::-1], claimed=claimed), [description])
    assert len(found) == 1
