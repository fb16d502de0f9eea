from pathlib import Path

from installed_debian import differences, image_of, install, installed_nodes
from installed_listed import sorted_out

# A shell that is added, alternatives, certificates, a PAM module, and a script that is reported.
_PACKAGES = ("ca-certificates", "gawk", "libpam-cap", "memcached", "nano", "tmux")

_DONE = (
    *("etc/ca-certificates.conf", "etc/ld.so.cache", "etc/pam.d/common-auth", "etc/shells"),
    *("etc/alternatives/editor", "etc/ssl/certs/ca-certificates.crt", "usr/bin/awk"),
    *("var/lib/dpkg/alternatives/awk", "var/lib/dpkg/info/tmux.list", "var/lib/dpkg/status"),
)


def test_each_file_that_mmdebstrap_leaves_is_there_or_reported_or_listed(tmp_path: Path) -> None:
    """benchmarks/installed_packages.py does the same for 300 packages."""
    root = tmp_path / "root"
    install("bookworm", _PACKAGES, root)
    theirs = installed_nodes(root)
    image = image_of(root, "bookworm", tmp_path / "packages")
    found = differences(image.nodes, theirs)
    assert sorted_out(image, found).get("", []) == []
    assert {path for path in _DONE if path not in theirs or path in found} == set()
    # Else the list explains too much.
    assert len(found) < 200 < len(theirs)
