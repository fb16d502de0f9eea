"""The build order of packages that depend on each other."""

from typing import Dict, List, Mapping, Sequence, Tuple

from lading.values.errors import LadingError


def build_order(dependencies: Mapping[str, Sequence[str]]) -> Tuple[str, ...]:
    """Every key once, dependencies first; alphabetical where there is a choice.

    Raises `LadingError` with the whole cycle if there is one.
    """
    done: Dict[str, bool] = {}
    order: List[str] = []
    for start in sorted(dependencies):
        # Depth first with an explicit stack, since a chain may be longer than Python's recursion
        # limit.
        stack = [(start, iter(sorted(dependencies[start])))] if start not in done else []
        if stack:
            done[start] = False
        while stack:
            name, rest = stack[-1]
            for child in rest:
                if child not in done:
                    done[child] = False
                    stack.append((child, iter(sorted(dependencies.get(child, ())))))
                    break
                if not done[child]:
                    raise LadingError(_cycle_sentence([entry[0] for entry in stack], child))
            else:
                done[name] = True
                order.append(name)
                stack.pop()
    return tuple(order)


def _cycle_sentence(chain: List[str], again: str) -> str:
    cycle = chain[chain.index(again) :] + [again]
    return (
        f"`dependencies` form a cycle: {' -> '.join(cycle)}. A package can't need itself to be "
        "built: remove one of these dependencies, or split a package."
    )
