"""The three tracks whose answers make an expense whole."""

from typing import Final

from schemas.events import CategoryResolved, CurrencyConverted, TrackFailed, VendorResolved

__all__ = ["TRACKS", "Answer", "track_of"]

TRACKS: Final = ("currency", "vendor", "category")
Answer = CurrencyConverted | VendorResolved | CategoryResolved | TrackFailed
_TRACK_OF: Final[dict[type[Answer], str]] = {
    CurrencyConverted: "currency",
    VendorResolved: "vendor",
    CategoryResolved: "category",
}


def track_of(answer: Answer) -> str:
    """Return whose answer it is."""
    return answer.track if isinstance(answer, TrackFailed) else _TRACK_OF[type(answer)]
