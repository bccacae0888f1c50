"""What a policy document refers to must exist, once. These faults stop a policy from loading."""

from collections.abc import Iterator

from policy.models import Budget, Limit, Modifier, PerDiem, PolicyDocument
from policy.per_diem.references import dangling_tables

__all__ = ["dangling"]

# Path in the document, what is wrong, what mends it.
Dangling = tuple[tuple[str | int, ...], str, str]


def dangling(document: PolicyDocument) -> Iterator[Dangling]:
    """Yield every reference to nothing and every name given twice."""
    codes = {category.code for category in document.taxonomy}
    yield from _twice("taxonomy", "code", [category.code for category in document.taxonomy])
    for index, category in enumerate(document.taxonomy):
        parent = category.code.rpartition(".")[0]
        if parent and parent not in codes:
            yield ("taxonomy", index, "code"), f"its parent {parent!r} is not in the taxonomy", f"add {parent!r}"
    rules: list[Limit | Modifier | Budget | PerDiem] = [
        *document.limits,
        *document.modifiers,
        *document.budgets,
        *document.per_diem,
    ]
    places = [
        *(("limits", i) for i in range(len(document.limits))),
        *(("modifiers", i) for i in range(len(document.modifiers))),
        *(("budgets", i) for i in range(len(document.budgets))),
        *(("per_diem", i) for i in range(len(document.per_diem))),
    ]
    seen: dict[str, tuple[str, int]] = {}
    for rule, place in zip(rules, places, strict=True):
        if rule.id in seen:
            first, at = seen[rule.id]
            yield (*place, "id"), f"id {rule.id!r} is taken by {first}.{at}", "give each rule an id of its own"
        seen[rule.id] = place
    for rule, place in zip(rules, places, strict=True):
        within = () if isinstance(rule, PerDiem) else ("match",)
        for at, code in enumerate(_categories(rule)):
            if code not in codes:
                path = (*place, *within, "categories", at)
                yield path, f"category {code!r} is not in the taxonomy", "add it there, or correct its spelling"
    scopes = [(budget.scope, budget.name, budget.per) for budget in document.budgets]
    for index in (i for i, scope in enumerate(scopes) if scope in scopes[:i]):
        yield ("budgets", index), "a second budget for the same scope, name and period", "keep one"
    yield from dangling_tables(document.per_diem, document.per_diem_tables)


def _categories(rule: Limit | Modifier | Budget | PerDiem) -> tuple[str, ...]:
    if isinstance(rule, Budget):
        return ()
    return rule.categories if isinstance(rule, PerDiem) else rule.match.categories


def _twice(section: str, field: str, values: list[str]) -> Iterator[Dangling]:
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield (section, index, field), f"{value!r} is given twice", "keep one"
        seen.add(value)
