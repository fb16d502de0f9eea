"""What a token is to be good for (distribution, docs/spec/auth/scope.md)."""

from typing import Dict, Iterable, Tuple


def repository_scope(path: str, actions: str) -> str:
    """`actions` such as "pull,push"."""
    return f"repository:{path}:{actions}"


def merge_scopes(scopes: Iterable[str]) -> Tuple[str, ...]:
    """One scope for each resource, with all actions that are named for it, in order."""
    merged: Dict[str, Dict[str, None]] = {}
    for scope in scopes:
        resource, _, actions = scope.rpartition(":")
        merged.setdefault(resource, {}).update(dict.fromkeys(actions.split(",")))
    return tuple(f"{resource}:{','.join(actions)}" for resource, actions in merged.items())
