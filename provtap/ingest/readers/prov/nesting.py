"""Runs inside runs: what a run and the run around it both claim to have made was made by the inner one."""

from collections.abc import Iterable, Mapping

_DEEPEST = 99


def depths(starters: Mapping[str, str]) -> dict[str, int]:
    """Return how many runs are around each activity, from the run that started it."""
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
    """Return those of *claims* (entity, activity) that a run inside that activity makes, too."""
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
    """Return the runs around an activity; none are around each other, so those of a circle are left out."""
    found: set[str] = set()
    inner = activity
    while (outer := starters.get(inner)) and outer not in found:
        if outer == activity:
            return set()
        found.add(outer)
        inner = outer
    return found


def claimant(depth: int, activity_id: str) -> str:
    """Return what orders the claims of a generation: the innermost run first, then by id."""
    return f"{_DEEPEST - min(depth, _DEEPEST):02} {activity_id}"
