"""The differences between two versions of a set of descriptions, by the attributes of its file."""

from collections.abc import Iterator, Mapping
from typing import Any

_PARTS = {
    "usage": ("usage", "role"),
    "generation": ("generation", "role"),
    "parameters": ("parameter", "name"),
    "config_files": ("config file", "name"),
}

Things = dict[str, dict[str, Any]]


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each item that was added (+), removed (-) or changed (~), in the files' order."""
    old, new = _things(before), _things(after)
    yield from (f"- {name}" for name in old if name not in new)
    for name, said in new.items():
        if name not in old:
            yield f"+ {name}"
        elif changes := [
            _change(attribute, old[name].get(attribute), said[attribute])
            for attribute in said
            if said[attribute] != old[name].get(attribute)
        ]:
            yield f"~ {name}: {'; '.join(changes)}"


def _things(content: Mapping[str, Any]) -> Things:
    """Return all described items, by their name in the report."""
    found: Things = {}
    for agent in content.get("agents", ()):
        found[f"agent {agent['id']}"] = agent
    for entity in content.get("entities", ()):
        found[f"entity {entity['name']}"] = entity
    for activity in content.get("activities", ()):
        title = f"activity {activity['name']} {', '.join(activity['versions'])}"
        found[title] = {attribute: value for attribute, value in activity.items() if attribute not in _PARTS}
        for attribute, (label, key) in _PARTS.items():
            for part in activity[attribute]:
                found[f"{title}, {label} {part[key]}"] = part
    return found


def _change(attribute: str, old: Any, new: Any) -> str:
    return f"{attribute}: {_shown(old)} -> {_shown(new)}"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "nothing"
    return "nothing" if value is None else str(value)
