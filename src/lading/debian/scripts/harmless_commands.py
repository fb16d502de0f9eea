"""The commands of maintainer scripts that leave an image as it is.

Every command that is not listed here is reported. So only commands whose effect no image can miss
are listed.
"""

import posixpath
from typing import Callable, FrozenSet, Mapping, Tuple

from lading.debian.scripts.shell_run import Command


def _names(text: str) -> FrozenSet[str]:
    return frozenset(text.split())


#: Names, by the reason why nothing is missing without them.
HARMLESS: Mapping[str, FrozenSet[str]] = {
    "the shell's own": _names(
        ": . [ {...} alias break cd command continue exit false getopts hash local read return"
        " set shift test trap true type ulimit umask unset wait"
    ),
    "prints what it finds, and redirections are judged by themselves": _names(
        "awk basename cat cmp cut date deb-systemd-invoke df diff dirname dpkg-architecture"
        " dpkg-query dpkg-realpath dpkg-vendor du echo egrep expr fgrep file fold getcap getconf"
        " getent gettext gettext.sh grep groups head hostname id ischroot ls lsb_release lsmod"
        " mawk md5sum mktemp mountpoint pathfind perl_version printf ps pwd readlink realpath"
        " seq sha1sum sha256sum sleep sort stat tail tempfile test tput tr tty uname uniq wc which"
        " who whoami"
    ),
    "asks debconf, which answers with the defaults": _names(
        "db_capb db_fget db_fset db_get db_go db_input db_metaget db_progress db_purge db_register"
        " db_reset db_set db_settitle db_stop db_subst db_title db_unregister db_version"
        " db_beginblock db_endblock db_info db_text db_error"
    ),
    "is for earlier versions of the package, of which an image has none": _names(
        "dpkg-maintscript-helper py3clean pyclean pypy3clean pycentral prepare_upgrade rm rmdir"
        " remove-shell"
    ),
    "is for services and kernels that run, and none does in an image": _names(
        "aa-enabled aa-status apparmor_parser apparmor_status dbus-send deb-systemd-helper"
        " dkms dpkg-reconfigure initctl insserv invoke-rc.d ip journalctl kill killall killall5"
        " lsattr modprobe mount nscd pidof pkill pgrep policy-rc.d restorecon rmmod runlevel"
        " selinuxenabled service start-stop-daemon sync sysctl systemctl telinit udevadm umount"
        " update-grub update-initramfs update-rc.d"
    ),
    "is done by Lading": _names(
        "add-shell ldconfig pam-auth-update py3compile pycompile pypy3compile"
        " update-ca-certificates update-shells"
    ),
    "is reported with what sets it off": _names("dpkg-trigger systemd-tmpfiles"),
    "is for programs that no image of services has": _names("update-menus install-menu"),
}

_BY_NAME: FrozenSet[str] = frozenset(name for names in HARMLESS.values() for name in names)


def _asks(*options: str) -> Callable[[Tuple[str, ...]], bool]:
    return lambda words: not set(options).isdisjoint(words)


# For these it depends on the arguments.
_BY_ARGUMENTS: Mapping[str, Callable[[Tuple[str, ...]], bool]] = {
    "chmod": lambda words: False,
    "dpkg": _asks(
        *("--compare-versions", "--print-architecture", "--print-foreign-architectures"),
        *("--validate-version", "-s", "--status", "-l", "--list", "-L", "--listfiles", "-S"),
        *("--search", "--assert-multi-arch", "--assert-support-predepends", "--version"),
    ),
    "dpkg-divert": _asks("--remove", "--list", "--listpackage", "--truename"),
    "dpkg-statoverride": _asks("--list", "--remove"),
    "exec": lambda words: len(words) == 1,
    "find": lambda words: _asks("-delete", "-exec", "-execdir", "-ok")(words) is False,
    "sed": lambda words: not any(
        word.startswith("--in-place") or (word[:1] == "-" and word[1:2] != "-" and "i" in word)
        for word in words[1:]
    ),
    "ucf": _asks("-p", "--purge"),
    "ucfr": lambda words: True,
    "update-alternatives": lambda words: "--install" not in words,
    "xargs": lambda words: False,
}


def is_harmless(command: Command) -> bool:
    """Whether an image is the same without it. Redirections don't matter here."""
    if not command.words:
        return True
    name = posixpath.basename(command.words[0])
    if name == "rm":
        # A certain command has already been tried: the file belongs to a package.
        return not command.is_certain
    by_arguments = _BY_ARGUMENTS.get(name)
    if by_arguments is not None:
        return by_arguments(command.words)
    return name in _BY_NAME
