"""The source files that a sandbox program consists of.

A program is shipped with the modules it imports and nothing else, read from package resources,
so that it works from a wheel and that a change elsewhere leaves its cache key alone.
"""

import ast
from importlib import resources
from typing import Dict, List, Tuple

#: Data files that belong to a module, by module.
_DATA_FILES = {"lading.store.sandbox": ("lading/store/setup.sh", "lading/store/ld.sh")}


def program_files(module: str) -> Dict[str, bytes]:
    """Path (such as "lading/store/segment.py") to content of `module` and all it imports."""
    files: Dict[str, bytes] = {}
    pending = [module]
    while pending:
        name = pending.pop()
        path, content = _read_module(name)
        if path in files:
            continue
        files[path] = content
        for data_file in _DATA_FILES.get(name, ()):
            files[data_file] = _read(data_file)
        pending.extend(_imported(content.decode("utf-8")))
        # Importing a.b.c runs the __init__ of a and a.b as well.
        parent = name.rpartition(".")[0]
        if parent:
            pending.append(parent)
    return dict(sorted(files.items()))


def _imported(source: str) -> List[str]:
    names: List[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from lading.store import members` may name a module or a value.
            names.append(node.module)
            names.extend(f"{node.module}.{alias.name}" for alias in node.names)
    return [name for name in names if name.split(".")[0] == "lading" and _is_module(name)]


def _module_paths(module: str) -> Tuple[str, str]:
    base = module.replace(".", "/")
    return f"{base}.py", f"{base}/__init__.py"


def _is_module(module: str) -> bool:
    return any(_exists(path) for path in _module_paths(module))


def _read_module(module: str) -> Tuple[str, bytes]:
    for path in _module_paths(module):
        if _exists(path):
            return path, _read(path)
    raise ModuleNotFoundError(module)


def _resource(path: str) -> "resources.abc.Traversable":  # type: ignore[name-defined]
    return resources.files("lading").joinpath(*path.split("/")[1:])


def _exists(path: str) -> bool:
    return bool(_resource(path).is_file())


def _read(path: str) -> bytes:
    return bytes(_resource(path).read_bytes())
