import os
import subprocess
import sys
from typing import Tuple

import pytest

import lading

_PROGRAM = """
import logging
from lading.network.network_environment import use_environment
from lading.runtime.machine import Machine
use_environment(Machine({{}}, debug={debug}))
logging.getLogger("lading.fetch").debug("GET https://a.example/?...")
logging.getLogger("urllib3.connection").warning("GET https://a.example/?signature=s3cret")
"""


@pytest.mark.parametrize("debug, lines", [(False, ()), (True, ("GET https://a.example/?...",))])
def test_what_libraries_log_is_never_shown(debug: bool, lines: Tuple[str, ...]) -> None:
    # Not here, where pytest has handlers of its own. urllib3 sets one that shows nothing.
    program = "import urllib3" + _PROGRAM.format(debug=debug)
    path = os.pathsep.join(os.path.dirname(place) for place in lading.__path__)
    process = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert process.stderr.splitlines() == list(lines)
