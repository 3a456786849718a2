"""Nested runs: a thing that a run and its enclosing run both claim to have generated belongs to the inner."""

from collections.abc import Iterable, Mapping

_DEEPEST = 99


def depths(starters: Mapping[str, str]) -> dict[str, int]:
    """Return the number of runs that enclose each activity, from the runs that started others."""
    known: dict[str, int] = {}
    for activity in starters:
        path: list[str] = []
        while activity in starters and activity not in known and activity not in path:
            path.append(activity)
            activity = starters[activity]
        depth = known.get(activity, 0)
        for inner in reversed(path):
            depth += 1
            known[inner] = depth
    return known


def outer_claims(claims: Iterable[tuple[str, str]], starters: Mapping[str, str]) -> set[tuple[str, str]]:
    """Return the *claims* (entity, activity) that a run within the activity makes as well."""
    makers: dict[str, set[str]] = {}
    for entity, activity in claims:
        makers.setdefault(entity, set()).add(activity)
    outer: set[tuple[str, str]] = set()
    for entity, activities in makers.items():
        if len(activities) > 1:
            around = {each for activity in activities for each in _around(activity, starters)}
            outer |= {(entity, activity) for activity in activities & around}
    return outer


def _around(activity: str, starters: Mapping[str, str]) -> set[str]:
    """Return the runs that enclose an activity, except runs that form a cycle."""
    found: set[str] = set()
    inner = activity
    while (outer := starters.get(inner)) and outer not in found:
        if outer == activity:
            return set()
        found.add(outer)
        inner = outer
    return found


def claimant(depth: int, activity_id: str) -> str:
    """Return the sort key of the claim of a generation: the innermost run first, then by id."""
    return f"{_DEEPEST - min(depth, _DEEPEST):02} {activity_id}"
