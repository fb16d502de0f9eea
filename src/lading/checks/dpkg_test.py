from lading.checks.dpkg import debian_packages, dpkg_files
from lading.checks.image_testing import image_files


def test_debian_packages() -> None:
    files = image_files(
        {},
        {
            "var/lib/dpkg/status": (
                b"Package: bash\nStatus: install ok installed\nVersion: 5\n\n"
                b"Package: vim\nStatus: deinstall ok config-files\n\n"
                b"Package: libc-dev\nStatus: install ok installed\n"
            ),
            "var/lib/dpkg/status.d/tzdata": b"Package: tzdata\nVersion: 1\n",
            "var/lib/dpkg/status.d/tzdata.md5sums": b"Package: not-one\n",
        },
    )
    assert list(dpkg_files(files)) == ["var/lib/dpkg/status", "var/lib/dpkg/status.d/tzdata"]
    assert debian_packages(files) == ("bash", "libc-dev", "tzdata")
