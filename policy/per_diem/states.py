"""States and territories of the United States as they are written, and which one a ZIP code lies in.

The first three digits of a ZIP are a sectional centre of the Postal Service (Domestic Mail Manual, labelling list
L002); they give the state and no more: a sectional centre serves several counties.
"""

from bisect import bisect_right
from typing import Final

__all__ = ["CONTIGUOUS", "STATES", "TERRITORIES", "state_of_zip"]

STATES: Final[dict[str, str]] = {
    "alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA", "colorado": "CO",
    "connecticut": "CT", "delaware": "DE", "district of columbia": "DC", "florida": "FL", "georgia": "GA",
    "hawaii": "HI", "idaho": "ID", "illinois": "IL", "indiana": "IN", "iowa": "IA", "kansas": "KS", "kentucky": "KY",
    "louisiana": "LA", "maine": "ME", "maryland": "MD", "massachusetts": "MA", "michigan": "MI", "minnesota": "MN",
    "mississippi": "MS", "missouri": "MO", "montana": "MT", "nebraska": "NE", "nevada": "NV", "new hampshire": "NH",
    "new jersey": "NJ", "new mexico": "NM", "new york": "NY", "north carolina": "NC", "north dakota": "ND",
    "ohio": "OH", "oklahoma": "OK", "oregon": "OR", "pennsylvania": "PA", "rhode island": "RI",
    "south carolina": "SC", "south dakota": "SD", "tennessee": "TN", "texas": "TX", "utah": "UT", "vermont": "VT",
    "virginia": "VA", "washington": "WA", "west virginia": "WV", "wisconsin": "WI", "wyoming": "WY",
    "american samoa": "AS", "guam": "GU", "northern mariana islands": "MP", "puerto rico": "PR",
    "virgin islands": "VI", "midway islands": "UM", "wake island": "UM",
}  # fmt: skip
# ISO 3166 gives these codes of their own as countries; their rates are the Department of Defense's, by state.
TERRITORIES: Final = frozenset({"AS", "GU", "MP", "PR", "UM", "VI"})
CONTIGUOUS: Final = frozenset(STATES.values()) - TERRITORIES - {"AK", "HI"}

# First three digits of the first sectional centre of each run, and the state of the run; "" is nowhere in the states
# (not in use, or military mail).
_RUNS: Final = (
    (0, ""), (5, "NY"), (6, "PR"), (8, "VI"), (9, "PR"), (10, "MA"), (28, "RI"), (30, "NH"), (39, "ME"), (50, "VT"),
    (55, "MA"), (56, "VT"), (60, "CT"), (70, "NJ"), (90, ""), (100, "NY"), (150, "PA"), (197, "DE"), (200, "DC"),
    (201, "VA"), (202, "DC"), (206, "MD"), (220, "VA"), (247, "WV"), (269, ""), (270, "NC"), (290, "SC"), (300, "GA"),
    (320, "FL"), (340, ""), (341, "FL"), (350, "AL"), (370, "TN"), (386, "MS"), (398, "GA"), (400, "KY"), (428, ""),
    (430, "OH"), (460, "IN"), (480, "MI"), (500, "IA"), (529, ""), (530, "WI"), (550, "MN"), (568, ""), (569, "DC"),
    (570, "SD"), (578, ""), (580, "ND"), (589, ""), (590, "MT"), (600, "IL"), (630, "MO"), (659, ""), (660, "KS"),
    (680, "NE"), (694, ""), (700, "LA"), (715, ""), (716, "AR"), (730, "OK"), (733, "TX"), (734, "OK"), (750, "TX"),
    (800, "CO"), (817, ""), (820, "WY"), (832, "ID"), (839, ""), (840, "UT"), (848, ""), (850, "AZ"), (866, ""),
    (870, "NM"), (885, "TX"), (886, ""), (889, "NV"), (899, ""), (900, "CA"), (962, ""), (967, "HI"), (969, ""),
    (970, "OR"), (980, "WA"), (995, "AK"),
)  # fmt: skip
_STARTS: Final = tuple(start for start, _ in _RUNS)
# Single ZIPs that lie in another state than their sectional centre: 06390 is Fishers Island, 96799 Pago Pago.
_APART: Final = {"06390": "NY", "20588": "MD", "20598": "VA", "73960": "TX", "83414": "WY", "96799": "AS"}


def state_of_zip(code: str) -> str | None:
    """Return the state a five-digit ZIP lies in, None where it is in none (or in several, as 969 in the Pacific is)."""
    return _APART.get(code) or _RUNS[bisect_right(_STARTS, int(code[:3])) - 1][1] or None
