#!/usr/bin/env python3
"""Shows the mutants of modules that their tests do not notice: "Mutation testing" in HACKING.md.

    mutants.py [MODULE TEST]

The paths are relative to src/lading. Without them, all of MODULES.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src/lading"

MODULES = {
    "debs/version.py": "debs/version_test.py",
    "debian/lock/closure.py": "debian/lock/resolver_test.py",
    "debian/lock/resolver.py": "debian/lock/resolver_test.py",
    "debian/lock/version_search.py": "debian/lock/resolver_test.py",
    "image/layers/layering.py": "image/layers/layering_test.py",
    "image/root/root_tree.py": "image/root/root_tree_test.py",
    "store/references.py": "store/references_test.py",
    "store/packed.py": "store/packed_test.py",
}

CONFIG = """[mutmut]
source_paths = src
only_mutate = src/lading/{module}
pytest_add_cli_args_test_selection = src/lading/{test}
timeout_constant = 5.0
timeout_multiplier = 3.0
"""

# Without the search for smaller examples, which would take most of the time.
QUICK = "database=None, max_examples=25, phases=[Phase.explicit, Phase.generate])"


def mutate(work: Path, module: str, test: str) -> None:
    shutil.copytree(SOURCE, work / "src/lading", ignore=shutil.ignore_patterns("__pycache__"))
    conftest = work / "src/lading/conftest.py"
    text = conftest.read_text().replace("import settings", "import Phase, settings")
    conftest.write_text(text.replace("derandomize=True)", f"derandomize=True, {QUICK}"))
    (work / "setup.cfg").write_text(CONFIG.format(module=module, test=test))
    mutated = work / "mutants/src"
    mutated.mkdir(parents=True)
    environment = {**os.environ, "PYTHONPATH": str(mutated)}
    command = ["mutmut", "run", "--max-children=1"]
    with open(work / "log", "wb") as log:
        subprocess.run(command, cwd=work, env=environment, stdout=log, check=True)
    codes = json.loads((mutated / f"lading/{module}.meta").read_text())["exit_code_by_key"]
    # 33: no test called the function.
    left = [name for name, code in codes.items() if code in (0, 33)]
    for name in left:
        subprocess.run(["mutmut", "show", name], cwd=work, check=True)
    print(f"{module}: {len(codes)} mutants, {len(left)} not noticed", flush=True)


if __name__ == "__main__":
    for module, test in [sys.argv[1:]] if sys.argv[1:] else MODULES.items():
        with tempfile.TemporaryDirectory() as directory:
            mutate(Path(directory), module, test)
