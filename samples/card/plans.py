"""What is bought in the feed: merchants of each kind, price ranges, how many lines, and what should become of them.

The limits behind the expectations are the example policy's: meals 75, lodging 350 a night, software 1,000, office
supplies 500, air travel 1,500, ground travel 200, fuel 150, site maintenance and any single expense 5,000 USD.
"""

from dataclasses import dataclass
from typing import Literal

from samples.sample import Expectation

POSTED = Expectation("posted", "within the limit of its category")
ABROAD = Expectation("posted", "within the limit of its category once converted to US dollars")
REFUND = Expectation("posted", "a refund: a negative amount reduces what was spent")
TWICE = Expectation("posted", "the same line exported twice is one expense and one posting")
SPLIT_FIRST = Expectation("posted", "within the limit on its own when it came")
SPLIT_SECOND = Expectation(
    "in_review", "with the line before it the purchase is over the limit it stays under", "SPLIT_TRANSACTION"
)
DOUBLE = Expectation(
    "in_review", "same merchant, day and amount as another line under another reference", "DUPLICATE_EXACT"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """`count` purchases from `merchants` at `low`..`high` (in the currency's minor units), on workdays or weekends."""

    category: str
    mcc: str
    merchants: tuple[str, ...]
    low: int
    high: int
    count: int
    expectation: Expectation = POSTED
    currency: str = "USD"
    days: Literal["workdays", "weekends"] = "workdays"


def _over(limit: str) -> Expectation:
    return Expectation("in_review", f"over the limit of {limit}", "CAP_EXCEEDED")


_RESTAURANTS = (
    "TST* MARIGOLD NOODLE BAR",
    "OSTERIA CINQUE LANTERNE SF",
    "THE COPPER SPOON 112",
    "PINE STREET GRILL PDX",
)
_HOTELS = ("HOTEL MERIDIAN LAKEFRONT", "HARBOR INN & SUITES #44", "THE WAYFARER PORTLAND", "STONEBRIDGE LODGE BOISE")

ORDINARY: tuple[Plan, ...] = (
    Plan("meals", "5812", _RESTAURANTS, 1240, 6380, 30),
    Plan("meals", "5814", ("SQ *TIDEWATER ROASTERS", "GOLDEN CRUMB BAKERY 07"), 430, 1890, 12),
    Plan("travel.ground", "4121", ("BLUEBIRD CAB 0231", "ZIPLINE RIDE *TRIP HELP"), 1420, 8890, 18),
    Plan("travel.ground", "7523", ("HARBOR SQUARE GARAGE", "METRO PARK 5TH & OAK"), 610, 3890, 8),
    Plan("fuel", "5541", ("SUMMIT FUEL 00418", "ROADRUNNER GAS MART"), 3210, 7890, 6),
    Plan("travel.lodging", "7011", _HOTELS, 12830, 22190, 14),
    Plan("travel.air", "4511", ("CASCADIA AIR 0277713", "NORTHERN SKYWAYS 1142"), 18010, 76090, 8),
    Plan("software", "5734", ("BRIGHTWATER ANALYTICS", "CODEHARBOR.EXAMPLE", "PP*FORMFLOW APPS"), 2910, 72090, 7),
    Plan("office_supplies", "5943", ("PAPERCLIP & LEDGER 0417", "FOLIO & QUILL STATIONERS"), 2230, 38090, 9),
    Plan("site_maintenance", "5251", ("KEYSTONE HARDWARE 019", "IRONBARK SUPPLY YARD"), 3510, 90090, 5),
    Plan("utilities", "4900", ("CASCADE VALLEY POWER WEB",), 14010, 64090, 2),
    Plan("professional_services", "7392", ("LANTERN ADVISORY PARTNERS",), 30010, 150090, 2),
    Plan("meals", "5812", ("CAFE LINDENHOF BREMEN", "GASTHAUS AM WALL"), 1410, 4290, 3, ABROAD, "EUR"),
    Plan("travel.lodging", "7011", ("HOTEL WESERBLICK BREMEN",), 10810, 16490, 2, ABROAD, "EUR"),
    Plan("travel.ground", "4121", ("KESTREL CARS LONDON",), 1210, 4490, 2, ABROAD, "GBP"),
    Plan("meals", "5812", ("THE BRASS LANTERN SE1",), 1310, 4190, 2, ABROAD, "GBP"),
    Plan("travel.lodging", "7011", ("SAKURAGAWA HOTEL TOKYO",), 16300, 24800, 1, ABROAD, "JPY"),
    Plan("meals", "5812", ("KAMOME SHOKUDO TOKYO",), 1830, 6480, 2, ABROAD, "JPY"),
)

VIOLATIONS: tuple[Plan, ...] = (
    Plan("travel.lodging", "7011", _HOTELS, 38010, 64090, 12, _over("350 USD for a night's lodging")),
    Plan("meals", "5812", _RESTAURANTS, 9210, 31090, 16, _over("75 USD for a meal")),
    Plan("software", "7372", ("MONOLITH CLOUD SUITE",), 118010, 264090, 3, _over("1,000 USD for software")),
    Plan(
        "office_supplies", "5943", ("PAPERCLIP & LEDGER 0417",), 61010, 94090, 3, _over("500 USD for office supplies")
    ),
    Plan("travel.air", "4511", ("NORTHERN SKYWAYS 1142",), 540010, 820090, 2, _over("5,000 USD for any one expense")),
    Plan(
        "other",
        "7995",
        ("LUCKY CLOVER CASINO", "BIGSPIN ONLINE *BETS"),
        4010,
        45090,
        3,
        Expectation("in_review", "gambling: the merchant code is not allowed on a company card", "RESTRICTED_MCC"),
    ),
    Plan(
        "meals",
        "5921",
        ("VINTNERS CORNER BOTTLE SHOP",),
        2410,
        6290,
        3,
        Expectation(
            "in_review", "a liquor store: the merchant code is not allowed on a company card", "RESTRICTED_MCC"
        ),
    ),
    Plan(
        "other",
        "6011",
        ("ATM WITHDRAWAL 88 MAIN ST",),
        8010,
        30090,
        2,
        Expectation("in_review", "cash: the merchant code is not allowed on a company card", "RESTRICTED_MCC"),
    ),
    Plan(
        "office_supplies",
        "5943",
        ("FOLIO & QUILL STATIONERS", "GARDEN & GIFT EMPORIUM"),
        2810,
        17090,
        8,
        Expectation("posted", "bought on a Saturday or Sunday: noted, within the limit", "WEEKEND_SPEND"),
        days="weekends",
    ),
    Plan(
        "",
        "0099",
        ("QXZ HOLDINGS 4471",),
        11010,
        29090,
        1,
        Expectation("in_review", "a merchant code nobody lists and no category given", "FALLBACK_UNMAPPED"),
    ),
)
