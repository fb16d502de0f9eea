"""Runs a function as root of a user namespace and returns its result."""

import pickle
import tempfile
from pathlib import Path
from typing import Callable, TypeVar

from lading.namespaces.user_namespace import UserNamespace

Result = TypeVar("Result")


def as_root(function: Callable[[], Result]) -> Result:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "result")

        def task() -> int:
            file.write_bytes(pickle.dumps(function()))
            return 0

        assert UserNamespace.of_this_user().run(task) == 0
        result: Result = pickle.loads(file.read_bytes())
        return result
