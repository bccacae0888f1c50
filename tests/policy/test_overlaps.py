"""What `policy validate` says of limits that meet, each notice by itself."""

from typing import Any

import pytest

from policy.documents import check_document, shipped
from policy.validate import notices
from tests.policy.build import TAXONOMY, limit

MEALS = {"categories": ["meals"]}
US = {**MEALS, "countries": ["US"]}
SALES = {**MEALS, "departments": ["sales"]}
WIDE = limit("wide", "category", "50", MEALS)


def told(*limits: dict[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    """Return the notices on a policy of these limits, without its gaps."""
    document = check_document(
        {
            "name": "test",
            "currency": "USD",
            "taxonomy": [{"code": code, "name": code} for code in TAXONOMY],
            "limits": list(limits),
        },
        "test",
    )
    return [(notice.kind, notice.about) for notice in notices(document) if notice.kind != "GAP"]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (limit("narrow", "category", "60", US), [("UNREACHABLE", ("narrow",))]),
        (limit("narrow", "category", "40", US), []),
        (limit("narrow", "category", "60", {"categories": ["meals", "gifts"]}), []),
        (limit("narrow", "category", "60", {"categories": ["gifts"], "countries": ["US"]}), []),
        (limit("narrow", "category", "60", {"categories": ["meals.entertainment"]}), []),
        (limit("narrow", "category", "60", US, per="month"), []),
        (limit("narrow", "category", "60", US, scales=["geo"]), []),
        (limit("narrow", "role", "60", {**US, "roles": ["chief"]}, overrides=["category"]), []),
    ],
)
def test_a_limit_that_a_wider_one_undercuts(other: dict[str, Any], expected: list[Any]) -> None:
    """Who allows more for a part of what a tighter limit is for is told that it never comes to that."""
    assert told(WIDE, other) == expected
    assert told(other, WIDE) == expected


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (limit("b", "category", "60", SALES), [("OVERLAP", ("a", "b"))]),
        (limit("b", "category", "60", {"categories": ["meals", "gifts"]}), []),
        (limit("b", "category", "60", {**SALES, "categories": ["meals", "gifts"]}), [("OVERLAP", ("a", "b"))]),
        (limit("b", "category", "50", SALES), []),
        (limit("b", "category", "60", SALES, priority=60), []),
        (limit("b", "category", "60", {**SALES, "countries": ["CA"]}), []),
        (limit("b", "category", "60", SALES, valid_from="2030-01-01"), []),
        (limit("b", "department", "60", SALES), []),
    ],
)
def test_limits_of_equal_priority_that_cross(other: dict[str, Any], expected: list[Any]) -> None:
    """Two limits for different but meeting places are named, unless priority, validity or amount settles it."""
    one = limit("a", "category", "50", US, valid_until="2029-12-31")
    assert told(one, other) == expected


def test_the_shipped_policy_has_none() -> None:
    """The example's limits do not get in each other's way."""
    assert {notice.kind for notice in notices(shipped())} == {"GAP"}
