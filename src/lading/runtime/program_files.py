"""The source files of a sandbox program, and the fingerprint that identifies it.

A program is shipped with only the modules it imports. They are read from package resources, so that
it works from a wheel and so that changes elsewhere don't change its cache key. Comments, docstrings
and formatting are left out: rewording them rebuilds nothing.
"""

import ast
import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

#: Data files beside a module that belong to it, by module.
_DATA_FILES = {"lading.store.build.sandbox": ("setup.sh", "ld.sh")}

# Fields of the syntax tree that do not affect what the code does, or differ between Pythons.
_IGNORED_FIELDS = ("ctx", "kind", "type_comment", "type_ignores", "type_params")


def program_files(module: str) -> Dict[str, bytes]:
    """Path (such as "lading/store/segment.py") to content of `module` and of all its imports,
    without comments and docstrings. Line numbers differ from those in the repository."""
    return ProgramSources(resources.files("lading")).files(module)


@lru_cache(maxsize=None)
def program_fingerprint(module: str) -> str:
    """64 hexadecimal digits that identify what `module` and its imports do, wherever the modules
    are, however they are formatted, and on every Python."""
    return ProgramSources(resources.files("lading")).fingerprint(module)


@dataclass(frozen=True)
class ProgramSources:
    """`root` is the directory of the package `lading`, as importlib.resources finds it."""

    root: Any
    _fingerprints: Dict[str, str] = field(default_factory=dict)

    def files(self, module: str) -> Dict[str, bytes]:
        files: Dict[str, bytes] = {}
        pending = [module]
        while pending:
            name = pending.pop()
            path, source = self._read_module(name)
            if path in files:
                continue
            files[path] = _shipped(source)
            for data_file in _DATA_FILES.get(name, ()):
                beside = f"{path.rpartition('/')[0]}/{data_file}"
                files[beside] = _without_comments(self._read(beside))
            pending.extend(
                imported for node in ast.walk(_tree(source)) for imported in self._imports(node)
            )
            # Importing a.b.c runs the __init__ of a and a.b as well.
            if "." in name:
                pending.append(name.rpartition(".")[0])
        return dict(sorted(files.items()))

    def fingerprint(self, module: str) -> str:
        """A Merkle hash: it includes an imported module by that module's own fingerprint."""
        known = self._fingerprints.get(module)
        if known == "":
            raise ValueError(f"{module} imports itself")
        if known is None:
            self._fingerprints[module] = ""
            known = self._fingerprints[module] = self._hashed(module)
        return known

    def _hashed(self, module: str) -> str:
        path, source = self._read_module(module)
        tree = _tree(source)
        imports: Set[Tuple[str, ...]] = set()
        for node in ast.walk(tree):
            imports.update(self._import_forms(node))
        parts: List[Any] = [sorted(imports), _form(tree)]
        for data_file in _DATA_FILES.get(module, ()):
            content = self._read(f"{path.rpartition('/')[0]}/{data_file}")
            parts.append((data_file, _without_comments(content)))
        return hashlib.sha256(ascii(parts).encode("ascii")).hexdigest()

    def _import_forms(self, node: ast.AST) -> Iterator[Tuple[str, ...]]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.name, alias.asname or "")
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                source, name = node.module or "", alias.name
                if self._is_module(f"{source}.{name}"):
                    source, name = f"{source}.{name}", ""
                if _is_own(source):
                    source = self.fingerprint(source)
                yield (source, name, alias.asname or alias.name)

    def _imports(self, node: ast.AST) -> List[str]:
        names: List[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            # A fingerprint would depend on where the module is.
            assert not any(map(_is_own, names)), f"write `from ... import` for {names}"
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from lading.store import members` may name a module or a value.
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        return [name for name in names if self._is_module(name)]

    def _is_module(self, module: str) -> bool:
        return _is_own(module) and any(map(self._exists, _module_paths(module)))

    def _read_module(self, module: str) -> Tuple[str, str]:
        for path in _module_paths(module):
            if _is_own(module) and self._exists(path):
                return path, self._read(path).decode("utf-8")
        raise ModuleNotFoundError(module)

    def _resource(self, path: str) -> Any:
        return self.root.joinpath(*path.split("/")[1:])

    def _exists(self, path: str) -> bool:
        return bool(self._resource(path).is_file())

    def _read(self, path: str) -> bytes:
        return bytes(self._resource(path).read_bytes())


def _is_own(module: str) -> bool:
    return module.partition(".")[0] == "lading"


def _module_paths(module: str) -> Tuple[str, str]:
    base = module.replace(".", "/")
    return f"{base}.py", f"{base}/__init__.py"


# Cached because programs have most of their modules in common.
@lru_cache(maxsize=None)
def _shipped(source: str) -> bytes:
    return (ast.unparse(_tree(source)) + "\n").encode("utf-8")


@lru_cache(maxsize=None)
def _tree(source: str) -> ast.Module:
    """The syntax tree without docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body: Optional[List[ast.stmt]] = getattr(node, "body", None)
        if not isinstance(body, list):  # of a lambda it is an expression
            continue
        # Strings as statements do nothing; the first one is the docstring.
        kept = [statement for statement in body if not _is_string(statement)]
        body[:] = kept or ([] if isinstance(node, ast.Module) else [ast.Pass()])
    return tree


def _is_string(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _without_comments(shell_script: bytes) -> bytes:
    """Removes comment lines. The script must not have here-documents."""
    lines = shell_script.splitlines(keepends=True)
    return b"".join(
        line
        for number, line in enumerate(lines)
        if not line.lstrip().startswith(b"#") or (number == 0 and line.startswith(b"#!"))
    )


def _form(node: Any) -> Any:
    """The syntax tree as nested tuples, without imports, and without what only some Pythons have:
    the output of ast.dump depends on the version."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return ()
    if isinstance(node, ast.Constant):
        return ("Constant", type(node.value).__name__, node.value)
    if isinstance(node, list):
        return tuple(form for form in map(_form, node) if form != ())
    if not isinstance(node, ast.AST):
        return node
    fields = (
        (name, _form(value))
        for name, value in ast.iter_fields(node)
        if name not in _IGNORED_FIELDS and value is not None and value != []
    )
    return (type(node).__name__, *fields)
