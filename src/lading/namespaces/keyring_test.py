import subprocess
import sys

# Adds a key to the session keyring and looks for it there, before and after leaving.
_TRY = """
import ctypes, os
from lading.namespaces.keyring import leave_session_keyring
KEYCTL, ADD_KEY = {"x86_64": (250, 248), "aarch64": (219, 217)}[os.uname().machine]
SESSION, SEARCH = -3, 10
call = ctypes.CDLL(None).syscall
def found():
    return call(KEYCTL, SEARCH, SESSION, b"user", b"lading-test", 0) > 0
assert leave_session_keyring()  # not into that of whoever runs the tests
assert call(ADD_KEY, b"user", b"lading-test", b"secret", 6, SESSION) > 0
print(found(), leave_session_keyring(), found())
"""


def test_a_new_session_keyring_has_none_of_the_callers_keys() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", _TRY],
        env={"PYTHONPATH": ":".join(sys.path)},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    assert finished.stdout == "True True False\n"
