import textwrap
from typing import Tuple

import pytest

from lading.debian.scripts.maintainer_scripts import Alternative
from lading.debian.scripts.scripts_testing import follow, not_run

_TOO_MANY = "it has too many commands"
_TOO_LONG = "it has too much text"


def alternatives(script: str) -> Tuple[Alternative, ...]:
    return follow(script)[0].alternatives


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
    manual = ("/usr/share/man/man1/awk.1.gz", "awk.1.gz", "/usr/share/man/man1/gawk.1.gz")
    assert alternatives(script) == (
        Alternative(
            *("/usr/bin/awk", "awk", "/usr/bin/gawk", 10),
            (manual, ("/usr/bin/nawk", "nawk", "/usr/bin/gawk")),
        ),
    )
    assert not_run(script) == ()


@pytest.mark.parametrize(
    "script",
    [
        'bin=/usr/bin\nname="vi"\nupdate-alternatives --install $bin/vi ${name} $bin/nvi 19\n',
        "add() { update-alternatives --install /usr/bin/$1 $1 /usr/bin/$2 19; }\nadd vi nvi",
        "for i in vi; do update-alternatives --install /usr/bin/$i $i /usr/bin/n$i 19; done",
        "update-alternatives --install /usr/bin/vi vi /usr/bin/nvi 19\n" * 2,
        "case $1 in\n configure) /usr/bin/update-alternatives --install /usr/bin/vi vi "
        "/usr/bin/nvi 19;;\n *) update-alternatives --remove vi /usr/bin/nvi;;\nesac",
    ],
)
def test_variables_functions_and_loops_are_followed(script: str) -> None:
    assert alternatives(script) == (Alternative("/usr/bin/vi", "vi", "/usr/bin/nvi", 19),)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("update-alternatives --install $LINK vi /usr/bin/nvi 19", "a variable"),
        ("update-alternatives --install /usr/bin/vi vi /usr/bin/nvi $PRIORITY", "no number"),
        ("update-alternatives --install /usr/bin/vi $NAME /usr/bin/nvi 1", "no name"),
        ("update-alternatives --install /usr/bin/vi vi", "too short"),
        ("update-alternatives --install bin/vi vi /usr/bin/nvi 1", "a relative path"),
        ("update-alternatives --install /usr/../../vi vi /usr/bin/nvi 1", "a path with dots"),
        ("update-alternatives --install /usr/bin/vi .. /usr/bin/nvi 1", "a name of dots"),
        (
            "update-alternatives --install /usr/bin/vi vi /usr/bin/nvi 1 --slave /usr/bin/ex ex",
            "a short slave",
        ),
    ],
)
def test_what_can_t_be_told_of_alternatives_is_reported(line: str, reason: str) -> None:
    assert alternatives(line) == (), reason
    assert not_run(line) == (line,), reason


def test_java_s_alternatives_are_read() -> None:
    """As in openjdk-17-jre-headless."""
    script = textwrap.dedent(
        """\
        #!/bin/sh
        priority=1711
        basedir=/usr/lib/jvm/java-17
        if [ -z "$2" ]; then update=y; fi
        if [ "$update" = y ]; then
            if [ "$DPKG_MAINTSCRIPT_ARCH" != $(dpkg --print-architecture) ]; then
                priority=$(expr $priority - 1)
            fi
            for i in java keytool; do
                unset slave1 slave2 || true
                if [ -e $basedir/$i.1 ]; then slave1="--slave /m/$i.1 $i.1 $basedir/$i.1"; fi
                update-alternatives --install /usr/bin/$i $i $basedir/$i $priority $slave1 $slave2
            done
        fi
        """
    )
    effects, _ = follow(script, tree={"/usr/lib/jvm/java-17/java.1": ""})
    base = "/usr/lib/jvm/java-17"
    assert effects.not_run == {}
    assert effects.alternatives == (
        Alternative(
            *("/usr/bin/java", "java", f"{base}/java", 1711),
            (("/m/java.1", "java.1", f"{base}/java.1"),),
        ),
        Alternative("/usr/bin/keytool", "keytool", f"{base}/keytool", 1711),
    )


def test_sysstat_s_function_does_not_know_its_argument() -> None:
    """As in sysstat 12.6.1: the answer to a question of debconf is passed on."""
    script = textwrap.dedent(
        """\
        #!/bin/sh
        manage() {
            ENABLED="$1"
            if [ "$ENABLED" != "true" ] && [ "$ENABLED" != "false" ]; then exit 1; fi
            write "$@" $1 >/etc/default/sysstat
        }
        . /usr/share/debconf/confmodule
        db_get sysstat/enable || true
        manage "$RET"
        set -- "$RET" x
        if [ "$1" != true ]; then write $1 "${2}" "$*"; fi
        update-alternatives --install /usr/bin/sar sar /usr/bin/sar.sysstat 0
        """
    )
    effects, _ = follow(script)
    assert effects.alternatives == (Alternative("/usr/bin/sar", "sar", "/usr/bin/sar.sysstat", 0),)
    assert effects.not_run["postinst"] == (
        "write $RET $RET > /etc/default/sysstat",
        "write $RET x $RET x",
    )


@pytest.mark.parametrize("number", ["9" * 5000, "\u00b2", "\u0662", "0"])
def test_numbers_that_no_shell_takes_end_nothing(number: str) -> None:
    assert not_run(f"shift {number}\nx ${{{number}}}\ntouch /var/$1\n")


def test_an_alternative_whose_slaves_are_not_known_is_reported_as_well() -> None:
    line = "update-alternatives --install /usr/bin/lzma lzma /usr/bin/xz 20 $(slaves)"
    assert alternatives(line) == (Alternative("/usr/bin/lzma", "lzma", "/usr/bin/xz", 20),)
    assert line in not_run(line)


def test_an_unknown_command_is_reported_as_it_would_run() -> None:
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
        if true; then /usr/sbin/make-keys --in "$DIR"; fi
        setcap cap_net_raw+ep /bin/ping && echo done
        update-rc.d memcached defaults
        update-alternatives --remove vi /usr/bin/nvi
        echo "install more packages"
        [ -z "$2" ] || upgrade-something
        """
    )
    assert not_run(script) == (
        "addgroup --system memcache",
        "install -d -m 2775 -o postgres -g postgres /run/x",
        "cat > /etc/x << EOF",
        "/usr/sbin/make-keys --in $DIR",
        "setcap cap_net_raw+ep /bin/ping",
    )


@pytest.mark.parametrize(
    "line",
    [
        "frobnicate",
        "/usr/lib/pkg/frobnicate --now",
        "pam-auth-update-not",
        "a2enmod -m -q mpm_event",
        "dpkg-statoverride --update --add root crontab 2755 /usr/bin/crontab",
        "dpkg-divert --add --rename --divert /b /c",
        "dpkg --configure -a",
        "sed -i -e s/a/b/ /etc/locale.gen",
        "sed s/a/b/ x > $FILE",
        "find /var/lib/x -type f -exec chown x {} +",
        "chmod u+s $PROGRAM",
        "eval $COMMAND",
        "rm /usr/bin/sh",
    ],
)
def test_what_changes_something(line: str) -> None:
    assert not_run(line) == (line,)


@pytest.mark.parametrize(
    ("script", "line"),
    [
        (
            "dd if=/dev/urandom 2>/dev/null | tr -dc a-z >> '/etc/secret'",
            "tr -dc a-z >> /etc/secret",
        ),
        ("case $1 in configure) true; chmod u+s /usr/bin/x;; esac", "chmod u+s /usr/bin/x"),
        ("x=$(chown x /y)", "chown x /y"),
        ("x=`chown x /y`", "chown x /y"),
        ("if a; then :; elif b; then c; fi", "c"),
        ("while read x; do chown x $x; done < /etc/y", "chown x $x"),
        ("set -- a b c; while [ $# -ge 1 ]; do chown x /$1; shift; done", "chown x /c"),
        ("set -- a b c; until [ $# -eq 0 ]; do chown x /$1; shift; done", "chown x /c"),
        ("set -- a b; while :; do chown x /$1; shift; a && break; done", "chown x /a"),
        ("while true; do true; done; chown x /y", "chown x /y"),
        (
            "for a in 1 2; do b && continue; while :; do x=$x.; break; done; done; chown x /y",
            "chown x /y",
        ),
        ("( cd / && { chown x y; } )", "chown x y"),
        ("{ echo a; echo b; } > /etc/y", "{...} > /etc/y"),
        ("f() { chown x y; }; g() { f; }; g", "chown x y"),
        ("a || exit 0; chown x y", "chown x y"),
        # man-db: whether debconf has the answer that creates the file is not known.
        (
            "if [ $RET = true ]; then touch /a/b; else rm -f /a/b; fi; [ ! -e /a/b ] || mandb",
            "mandb",
        ),
        ("a && mkdir -p /a/b; if [ -d /a/b ]; then chown x /a/b; fi", "chown x /a/b"),
        # An alternative may provide it: ca-certificates-java is set up before Java.
        ("if which java > /dev/null; then java -jar x.jar; fi", "java -jar x.jar"),
    ],
)
def test_what_is_run_by_something_is_found(script: str, line: str) -> None:
    assert line in not_run(script)


@pytest.mark.parametrize(
    "script",
    [
        "if ! dpkg-statoverride --list /usr/bin/crontab > /dev/null; then :; fi",
        "PROGRAM=$(dpkg-divert --truename /bin/ping)",
        "dpkg-divert --package a --remove --divert /b /c >/dev/null 2>/dev/null",
        "sed -n 's/-i/x/p' /etc/x",
        "echo why >&2",
        "true 2>/dev/null",
        "exit 0\nchown x y",
        "f() { chown x y; }",
        "[ $1 = configure ] || chown x y",
        'if [ "$1" = configure ] && [ -n "$2" ]; then chown x y; fi',
        'if dpkg --compare-versions "$2" lt-nl 1.2; then chown x y; fi',
        'if dpkg --compare-versions "$2" gt 1.2; then chown x y; fi',
        "if [ -d /run/systemd/system ]; then frob; fi",
        "case $1 in abort-upgrade|triggered) frob;; esac",
        ". /usr/share/debconf/confmodule; db_get x/y",
        "deb-systemd-helper unmask x.service >/dev/null || true",
        "rm -f /etc/old /etc/older*",
        "if [ -x /usr/bin/frobnicate ]; then frobnicate; fi",
        "# chown x y\n: <<'END'\nchown x y\nEND\n",
    ],
)
def test_what_changes_nothing(script: str) -> None:
    assert not_run(script) == ()


def test_a_script_in_another_language_is_reported() -> None:
    assert not_run("#!/usr/bin/perl\nprint 1;") == (
        "the whole script, which is not a shell script: #!/usr/bin/perl",
    )


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("if true; then", "'' where 'fi' is expected"),
        ("echo 'a", "a quote or an expansion is not closed"),
        ("a )", "')' where '' is expected"),
        ("(" * 3000, "it is nested too deep"),
        ("f() { f; }; f", "its functions are nested too deep"),
        ("x=12345678;" + "x=$x$x;" * 40, _TOO_MANY),
        ("set -- a;" + 'set -- "$@" "$@";' * 40, _TOO_MANY),
        ("for i in 1 2 3 4 5 6 7 8; do " * 6 + ":;" + "done;" * 6, _TOO_MANY),
        ("while :; do x=$x.; done", _TOO_MANY),
        (f"while :; do x=$x.; y='{'y' * 10_000}'; done", _TOO_LONG),
        ("for i in 1 2 3 4 5 6 7 8; do " * 3 + f": $(: {'x' * 9999});" + "done;" * 3, _TOO_LONG),
        (
            "".join(f"a{n}=;" for n in range(2000)) + "case $U in " + "x) ;;" * 1500 + "esac",
            _TOO_MANY,
        ),
        ("case $U in " + "x|" * 20_000 + "x) ;; esac", _TOO_MANY),
        ("touch" + " /a" * 50_000, _TOO_MANY),
        ("a " * 1_200_000, _TOO_MANY),
    ],
    ids=lambda text: text[:40],
)
def test_a_script_that_can_t_be_followed_is_reported(script: str, fault: str) -> None:
    assert not_run(script)[-1] == f"the whole script, which cannot be read: {fault}"


def test_preinst_runs_before_the_files_of_its_package_are_there() -> None:
    script = "if [ -e /etc/x ]; then mv /etc/x /etc/y; fi"
    effects, files = follow(script, "preinst", {"/etc/x": ""})
    assert effects.not_run
    from lading.debian.scripts.maintainer_scripts import follow_package

    assert follow_package("pkg", {"preinst": script}, {"etc/x"}, files).not_run == {}


def test_shells_are_added() -> None:
    assert follow("add-shell /bin/fish /usr/bin/fish")[0].shells == ("/bin/fish", "/usr/bin/fish")


def test_a_script_with_a_nul_byte_is_not_followed() -> None:
    """Shells differ in what they make of it."""
    script = "mkdir /var/a\0b\n"
    assert not_run(script) == ("the whole script, which has a NUL byte",)


@pytest.mark.parametrize(
    "line",
    [
        f"mkdir /var/{'a' * 256}",
        f"mkdir -p /var/{'a/' * 3000}b",
        "touch /var/.wh.lib",
        f"ln -s {'a' * 4096} /var/a",
        'ln -s "" /var/a',
        f"update-alternatives --install /usr/bin/{'a' * 256} a /usr/bin/sh 1",
    ],
    ids=lambda line: line[:12],
)
def test_what_no_layer_can_have_is_not_made(line: str) -> None:
    effects, files = follow(line)
    assert (files.made, effects.alternatives, len(effects.not_run["postinst"])) == ({}, (), 1)
