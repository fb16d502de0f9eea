import textwrap
from typing import Sequence

import pytest

from lading.debian.maintainer_scripts import (
    Alternative,
    changing_lines,
    registered_alternatives,
)


def test_alternatives_are_read_with_their_slaves() -> None:
    script = textwrap.dedent(
        """\
        #!/bin/sh
        set -e
        if [ "$1" = configure ]; then
            update-alternatives --quiet --install /usr/bin/awk awk /usr/bin/gawk 10 \\
                --slave /usr/share/man/man1/awk.1.gz awk.1.gz /usr/share/man/man1/gawk.1.gz \\
                --slave /usr/bin/nawk nawk /usr/bin/gawk
        fi
        """
    )
    assert registered_alternatives(script) == (
        Alternative(
            "/usr/bin/awk",
            "awk",
            "/usr/bin/gawk",
            10,
            (
                (
                    "/usr/share/man/man1/awk.1.gz",
                    "awk.1.gz",
                    "/usr/share/man/man1/gawk.1.gz",
                ),
                ("/usr/bin/nawk", "nawk", "/usr/bin/gawk"),
            ),
        ),
    )
    assert changing_lines(script) == ()


def test_variables_of_plain_text_are_filled_in() -> None:
    script = 'bin=/usr/bin\nname="vi"\nupdate-alternatives --install $bin/vi ${name} $bin/nvi 19\n'
    assert registered_alternatives(script) == (
        Alternative("/usr/bin/vi", "vi", "/usr/bin/nvi", 19),
    )


def test_the_same_alternative_twice_is_one() -> None:
    line = "update-alternatives --install /usr/bin/vi vi /usr/bin/nvi 19\n"
    assert len(registered_alternatives(line * 2)) == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("update-alternatives --install $link vi /usr/bin/nvi 19", "a variable"),
        ("update-alternatives --install /usr/bin/vi vi /usr/bin/nvi $priority", "no number"),
        ("update-alternatives --install /usr/bin/vi $name /usr/bin/nvi 1", "no name"),
        ("update-alternatives --install /usr/bin/vi vi", "too short"),
        ("update-alternatives --install bin/vi vi /usr/bin/nvi 1", "a relative path"),
        ("update-alternatives --install /usr/bin/vi vi '/usr/bin/nvi 1", "an open quote"),
        (
            "update-alternatives --install /usr/bin/vi vi /usr/bin/nvi 1 --slave /usr/bin/ex ex",
            "a short slave",
        ),
    ],
)
def test_what_can_t_be_told_of_alternatives_is_reported(line: str, reason: str) -> None:
    assert registered_alternatives(line) == (), reason
    assert changing_lines(line) == (line,), reason


def test_lines_that_change_something_are_told_as_they_stand() -> None:
    script = textwrap.dedent(
        """\
        #!/bin/sh
        # chown the data
        GROUP="memcache"
        if ! getent group $GROUP > /dev/null; then
            addgroup --system $GROUP
        fi
        [ -d /run/x ] || install -d -m 2775 -o postgres \\
            -g postgres /run/x
        cat > /etc/x <<EOF
        chown nobody /etc/x
        EOF
        if true; then /usr/sbin/update-ca-certificates; fi
        setcap cap_net_raw+ep /bin/ping && echo done
        update-rc.d memcached defaults
        update-alternatives --remove vi /usr/bin/nvi
        echo "install more packages"
        """
    )
    assert changing_lines(script) == (
        "addgroup --system memcache",
        "[ -d /run/x ] || install -d -m 2775 -o postgres -g postgres /run/x",
        "cat > /etc/x <<EOF",
        "if true; then /usr/sbin/update-ca-certificates; fi",
        "setcap cap_net_raw+ep /bin/ping && echo done",
    )


@pytest.mark.parametrize(
    "line",
    [
        "a2enmod -m -q mpm_event",
        "dpkg-statoverride --update --add root crontab 2755 /usr/bin/crontab",
        "sed -i -e 's/a/b/' /etc/locale.gen",
        "sed 's/a/b/' x > $file",
        ">/var/lib/x/fresh",
        "dd if=/dev/urandom 2>/dev/null | tr -dc a-z >> '/etc/secret'",
        "configure) ldconfig; chmod u+s /usr/bin/x",
    ],
)
def test_what_changes_something(line: str) -> None:
    assert changing_lines(line) == (line,)


@pytest.mark.parametrize(
    "line",
    [
        "install|upgrade)",
        "(install)",
        "touch | ln.* )",
        "if ! dpkg-statoverride --list /usr/bin/crontab > /dev/null; then",
        "PROGRAM=$(dpkg-divert --truename /bin/ping)",
        "dpkg-divert --package a --remove --divert /b /c >/dev/null 2>/dev/null",
        "sed -n 's/-i/x/p' /etc/x",
        "echo why >&2",
        "x 2>>/var/log/x",
    ],
)
def test_what_changes_nothing(line: str) -> None:
    assert changing_lines(line) == ()


@pytest.mark.parametrize(
    ("helper", "lines"),
    [
        ("dh_installsystemd/13.11.4", []),
        ("dh_installinit/13.11.4", []),
        ("dh_python3", []),
        ("dh_installsysusers/13.11.4", ["chown x /y"]),
    ],
)
def test_what_debhelper_adds_for_services_is_not_told(helper: str, lines: Sequence[str]) -> None:
    section = f"# Automatically added by {helper}\nchown x /y\n# End automatically added section\n"
    assert list(changing_lines(f"set -e\n{section}")) == list(lines)
