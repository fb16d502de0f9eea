import subprocess
from pathlib import Path

from lading.debian.shells import declared, is_declaration, shells_text, state_text

_DECLARED = {
    "usr/share/debianutils/shells": "# /etc/shells: valid login shells\n/bin/sh\n",
    "usr/share/debianutils/shells.d/zsh": "/bin/zsh\n\n",
    "usr/share/debianutils/shells.d/bash": "/bin/bash\n/bin/rbash\n",
}


def test_shells_are_those_that_update_shells_and_add_shell_write(tmp_path: Path) -> None:
    for path, text in _DECLARED.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    for name in ("etc", "var/lib", "usr/bin"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "bin").symlink_to("usr/bin")
    subprocess.run(["/usr/sbin/update-shells", "--root", str(tmp_path)], check=True)
    shells = list(declared(_DECLARED))
    template = _DECLARED["usr/share/debianutils/shells"]
    assert shells_text(template, shells) == (tmp_path / "etc/shells").read_text()
    assert state_text(shells) == (tmp_path / "var/lib/shells.state").read_text()


def test_what_is_there_stays_in_its_place() -> None:
    present = "# mine\n/opt/shell\n/usr/bin/fish\n"
    assert shells_text(present, [], ["/bin/fish", "/bin/tmux"]) == (
        present + "/bin/fish\n/bin/tmux\n/usr/bin/tmux\n"
    )


def test_which_files_declare_shells() -> None:
    assert all(map(is_declaration, _DECLARED))
    assert not is_declaration("usr/share/debianutils/shells.d/x/y")
