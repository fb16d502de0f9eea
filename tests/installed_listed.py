"""What may differ between an image and a root that mmdebstrap has installed, and why.

A difference is listed here by its path, or reported: the report of the image names the path, a
directory that it lies in, or a command that is known to write it.
"""

import re
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from installed_debian import Image

#: Paths by the reason why they may differ. docs/debian-packages.md has the same reasons.
LISTED: Mapping[str, str] = {
    "bytecode: an image has that of its newest Python, which is checked by digest": (
        r"(.*/)?__pycache__(/.*)?|.*\.pyc|(etc|usr/share)/python3/debian_config|var/lib/python.*"
    ),
    "services: nothing starts them in a container": (
        r"etc/rc[0-6S]\.d/.*|etc/(systemd/(system|user)|runit/runsvdir)/.*"
        r"|var/lib/systemd/deb-systemd-(user-)?helper-(enabled|masked)(/.*)?|var/lib/systemd/.*"
        r"|usr/lib/udev/hwdb\.bin|etc/udev/hwdb\.bin|var/log/journal(/.*)?|var/log/README"
    ),
    "the machine: its name, disks, keyboard, addresses and identity": (
        r"etc/(hostname|hosts|resolv\.conf|fstab|mtab|crypttab|machine-id|adjtime|vconsole\.conf"
        r"|\.resolv\.conf\.systemd-resolved\.bak|kernel-img\.conf)|var/lib/dbus(/machine-id)?"
        r"|etc/(default/(keyboard|console-setup|locale)|locale\.conf|console-setup/cached.*)"
        r"|etc/mdadm/mdadm\.conf|(dev|proc|sys)(/.*)?|run/.*|tmp/.*"
    ),
    "backups and locks of tools that change files in place": (
        r"etc/(\.pwd\.lock|(passwd|group|shadow|gshadow|subuid|subgid)-)|.*\.(dpkg-)?old(\.[0-9]+)?"
        r"|.*-old|.*/lock(-frontend)?|var/lib/dpkg/(arch(-native)?|available|triggers/Lock)"
        r"|.*\.bak|.*\.pam-old"
    ),
    "memory of what was asked and installed, which only upgrades in place read": (
        r"var/(lib/ucf|cache/debconf|backups)(/.*)?|var/lib/(pam|shells\.state)/?.*\.new"
        r"|etc/environment\.d/.*|var/lib/dpkg/(diversions|statoverride|triggers/File)"
    ),
    "logs and caches of apt and of the installation": (
        r"var/log/.*|var/(cache|lib)/(apt|apt-xapian-index|aptitude|command-not-found|PackageKit"
        r"|swcatalog|app-info|man-db|ldconfig)(/.*)?|etc/apt/.*|var/cache/(man|private)(/.*)?"
    ),
    "accounts: in an image those of `users`": (r"etc/(passwd|group|shadow|gshadow|subuid|subgid)"),
    "/etc/timezone, which Debian 13 has no more: programs that read it find UTC": r"etc/timezone",
    "the order of shells, and one that is there twice: packages are configured one by one": (
        r"etc/shells|var/lib/shells\.state"
    ),
    "the repository of /etc that apt's hook of etckeeper makes": (
        r"etc/(\.git(ignore)?|\.etckeeper)(/.*)?"
    ),
    "empty directories for the administrator": r"usr/local/.*|(lib|usr/lib)x?32|libx32|lib32",
}
_LISTED = tuple((reason, re.compile(pattern)) for reason, pattern in LISTED.items())

# Where commands write that do not name it.
_WRITES: Mapping[str, str] = {
    r"a2en\w+|apache2_\w+|a2query|apache2": r"(etc|var/lib)/apache2/.*|var/www/.*",
    r"adduser|addgroup|useradd|groupadd|usermod|systemd-sysusers": r"home/.*|srv/ftp.*",
    r"phpenmod|php\w*_invoke|php-helper|php\w*": r"(etc|var/lib)/php(/.*)?",
    r"pg_\w+|configure_version|configure_client_version|.*postgresql.*": (
        r"(etc|var/lib|var/log|var/cache)/postgresql(-common)?(/.*)?|etc/alternatives/.*"
        r"|usr/share/man/.*|var/lib/dpkg/alternatives/.*|root/.*|etc/apt/.*"
    ),
    r".*mysql.*|.*mariadb.*": r"var/lib/mysql(/.*)?|etc/mysql/.*|.*my\.cnf",
    r".*slap.*|.*ldap.*": r"(etc/ldap|var/lib/ldap|var/lib/slapd)(/.*)?|etc/nslcd.*|etc/nsswitch.*",
    # Of xz-utils, whose slaves a function of its script prints.
    r"lzma": (
        r"(etc/alternatives|usr/bin|usr/share/man/man1)/(un)?lz.*|var/lib/dpkg/alternatives/lzma"
    ),
    r"update-mime": r"etc/mailcap",
    r"lighty-enable-mod": r"etc/lighttpd/conf-enabled/.*",
    r"update-xmlcatalog": r"etc/xml(/.*)?|var/lib/xml-core(/.*)?",
    r"update-catalog|/etc/sgml|/usr/share/sgml": r"etc/sgml(/.*)?|var/lib/sgml-base(/.*)?",
    r"make-ssl-cert": r"etc/ssl/.*|etc/dovecot/.*",
    r"ssh-keygen|create_keys?": r"etc/ssh/.*",
    r"libgvc6-config-update": r"usr/lib/[^/]+/graphviz/config6a",
    r"gtk-query-immodules-3\.0": r"usr/lib/[^/]+/gtk-3\.0/3\.0\.0/immodules\.cache",
    r"fc-cache|update-fonts-.*": r"var/(cache|lib)/fontconfig(/.*)?|usr/share/fonts/X11/.*",
    r"locale-gen|update-locale": r"usr/lib/locale/.*|etc/(default/)?locale.*",
    r".*postfix.*|postconf|newaliases": r"etc/(postfix/.*|aliases.*|mailname)|var/spool/postfix.*",
    r".*exim4.*": r"etc/(exim4/.*|default/exim4|aliases.*|mailname|email-addresses)"
    r"|var/(lib|spool)/exim4(/.*)?",
    r"update-texmf.*|mktexlsr|fmtutil.*|updmap.*": r"(etc|var/lib)/texmf(/.*)?|usr/share/texmf.*",
    r".*java.*|keytool|jar": r"etc/(ssl/certs/)?java.*|var/lib/ca-certificates-java.*|.*\.jsa",
    r"aspell.*|dictionaries.*|update-dict.*|.*hunspell.*|.*ispell.*|select-.*": (
        r"(etc|var/lib|var/cache|usr/lib)/(dictionaries-common|aspell|ispell|emacsen-common).*"
        r"|usr/share/dict/.*|etc/dictionaries.*|usr/share/(hunspell|myspell|ispell)/.*"
    ),
    r".*emacs.*": r"(etc|var/lib|usr/share)/emacs.*|usr/share/.*\.elc|var/lib/emacsen-common.*",
    r".*ghostscript.*|defoma.*|update-gsfontmap": r"var/lib/ghostscript(/.*)?",
    r"update-rc.d|update-smart.*": r"var/lib/smartmontools/.*",
    r".*samba.*|.*winbind.*|testparm": r"etc/samba/.*|var/lib/samba(/.*)?",
    r".*libvirt.*|cp_conffile.*": r"etc/libvirt/.*",
    r".*proftpd.*|installftp": r"etc/proftpd/.*|srv/ftp.*",
    r".*krb5.*": r"etc/krb5.*",
}
_WRITTEN = tuple((re.compile(name), re.compile(path)) for name, path in _WRITES.items())


def explain(image: Image, path: str, differs: Tuple[str, ...]) -> Optional[str]:
    """The reason on the list, "reported", or None."""
    for reason, pattern in _LISTED:
        if pattern.fullmatch(path):
            return reason
    return "reported" if _is_reported(path, _reported(image), differs == ("missing",)) else None


def _is_reported(path: str, lines: "Reported", is_missing: bool) -> bool:
    """`is_missing`: a directory that the image lacks may be made for a file that is reported."""
    places = [place for place in _places(path) if place.count("/") >= 2]
    if any(place in lines.paths for place in places):
        return True
    if any(one.startswith(f"/{path}/") for one in lines.paths):
        return is_missing
    return any(
        written.fullmatch(path) and any(map(name.fullmatch, lines.commands))
        for name, written in _WRITTEN
    )


class Reported:
    """The paths and commands that a report names."""

    def __init__(self, report: List[Dict[str, Any]]) -> None:
        self.paths = set()
        self.commands = set()
        for line in _lines(report):
            for word in line.split():
                self.commands.add(word.rpartition("/")[2])
                for path in re.findall(r"/[\w.+:@/-]+", word):
                    self.paths.add(re.sub(r"^/(bin|sbin|lib\w*)/", r"/usr/\1/", path.rstrip("/.")))


_REPORTS: Dict[int, Reported] = {}


def _reported(image: Image) -> Reported:
    if id(image) not in _REPORTS:
        _REPORTS[id(image)] = Reported(image.report)
    return _REPORTS[id(image)]


def _lines(report: List[Dict[str, Any]]) -> Iterator[str]:
    for package in report:
        for lines in package.get("not_run", {}).values():
            yield from lines
        yield from package.get("temporary", ())
        yield from package.get("triggers", ())


def _places(path: str) -> Iterator[str]:
    place = f"/{path}"
    while place:
        yield place
        place = place.rpartition("/")[0]


def sorted_out(image: Image, found: Mapping[str, Tuple[str, ...]]) -> Dict[str, List[str]]:
    """The paths that differ, by what explains them; "" for those that nothing does."""
    reasons: Dict[str, List[str]] = {}
    for path, differs in found.items():
        reasons.setdefault(explain(image, path, differs) or "", []).append(path)
    return reasons
