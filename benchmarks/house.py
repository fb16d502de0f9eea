"""Count what a stranger finds in the code: `python3 benchmarks/house.py [DIRECTORY...]`.

A DIRECTORY is a clone of this repository at any commit; several become columns. Tests are left out.
"""

import ast
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Dict, Iterator, List, Set, Tuple

SMALL_FILE = 30
MOST_MODULES = 18

JSON_METHODS = {"to_json", "from_json", "to_dict", "from_dict"}

#: A file in a tree: classes of these names were one thing under several names.
FILE_TYPES = {
    *("Member", "Entry", "TreeMember", "RootEntry", "TarMember"),
    *("ListedMember", "Node", "ImageFile", "DebMember", "TreeFile", "HostFile"),
}


def main(directories: List[str]) -> None:
    columns = [counted(Path(directory)) for directory in directories or ["."]]
    for name in columns[0]:
        print(f"{name:42}" + "".join(f"{column[name]:>10}" for column in columns))
    for directory in directories or ["."]:
        print(f"\nMost modules in a folder, {directory}:", most_crowded(Path(directory)))


def counted(root: Path) -> Dict[str, int]:
    library, plugin = modules(root / "src/lading"), modules(root / "pants-plugins/lading_pants")
    texts = {path: path.read_text() for path in [*library, *plugin]}
    trees = {path: ast.parse(text) for path, text in texts.items()}
    folders = Counter(path.parent for path in library)
    lines = {path: text.count("\n") for path, text in texts.items()}
    return {
        "modules of the library": len(library),
        "modules of the plugin": len(plugin),
        "lines of the library": sum(lines[path] for path in library),
        "lines of the plugin": sum(lines[path] for path in plugin),
        "lines in all": sum(lines.values()),
        f"files under {SMALL_FILE} lines": sum(count < SMALL_FILE for count in lines.values()),
        "packages of the library": len(folders),
        "modules in the fullest package": max(folders.values()),
        f"packages of more than {MOST_MODULES} modules": sum(
            count > MOST_MODULES for count in folders.values()
        ),
        "classes for a file in a tree": sum(
            node.name in FILE_TYPES for path in library for node in classes(trees[path])
        ),
        "hand-written JSON methods": sum(
            isinstance(node, ast.FunctionDef) and node.name in JSON_METHODS
            for path in library
            for node in ast.walk(trees[path])
        ),
        "request types of the plugin": len(requests(plugin, trees)),
        "of these in one module only": sum(
            uses(name, texts, plugin) == 1 for name in requests(plugin, trees)
        ),
        "rules": sum(is_rule(node) for path in plugin for node in ast.walk(trees[path])),
        "sandbox programs": sum(texts[path].endswith("    run(main)\n") for path in library),
        "packages in import cycles": len(in_cycles(imports(root / "src", library, trees))),
    }


def modules(package: Path) -> List[Path]:
    return sorted(
        path
        for path in package.rglob("*.py")
        if path.name not in ("__init__.py", "conftest.py")
        and not path.stem.endswith(("_test", "_testing"))
    )


def classes(tree: ast.Module) -> Iterator[ast.ClassDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def requests(plugin: List[Path], trees: Dict[Path, ast.Module]) -> List[str]:
    names = (node.name for path in plugin for node in classes(trees[path]))
    return [name for name in names if name.endswith("Request")]


def uses(name: str, texts: Dict[Path, str], plugin: List[Path]) -> int:
    return sum(bool(re.search(rf"\b{name}\b", texts[path])) for path in plugin)


def is_rule(node: ast.AST) -> bool:
    decorators = getattr(node, "decorator_list", ())
    names = {getattr(getattr(item, "func", item), "id", "") for item in decorators}
    return bool(names & {"rule", "goal_rule"})


def imports(
    source: Path, library: List[Path], trees: Dict[Path, ast.Module]
) -> Dict[Tuple[str, ...], Set[Tuple[str, ...]]]:
    """Package to packages whose modules it imports."""
    files = {path.relative_to(source).with_suffix("").parts for path in library}
    edges: Dict[Tuple[str, ...], Set[Tuple[str, ...]]] = defaultdict(set)
    for path in library:
        package = path.relative_to(source).parent.parts
        for node in ast.walk(trees[path]):
            if isinstance(node, ast.ImportFrom) and node.module:
                name = tuple(node.module.split("."))
                for module in [name, *((*name, alias.name) for alias in node.names)]:
                    if module in files and module[:-1] != package:
                        edges[package].add(module[:-1])
    return edges


def in_cycles(edges: Dict[Tuple[str, ...], Set[Tuple[str, ...]]]) -> Set[Tuple[str, ...]]:
    """The packages that a way of imports leads back to."""

    def reached(start: Tuple[str, ...]) -> Set[Tuple[str, ...]]:
        seen: Set[Tuple[str, ...]] = set()
        pending = list(edges.get(start, ()))
        while pending:
            package = pending.pop()
            if package not in seen:
                seen.add(package)
                pending.extend(edges.get(package, ()))
        return seen

    return {package for package in list(edges) if package in reached(package)}


def most_crowded(root: Path) -> str:
    folders = Counter(path.parent for path in modules(root / "src/lading"))
    return ", ".join(f"{path.relative_to(root)} {count}" for path, count in folders.most_common(4))


if __name__ == "__main__":
    main(sys.argv[1:])
