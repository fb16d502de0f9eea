import hashlib
import subprocess
import tarfile
from ctypes.util import find_library
from pathlib import Path
from typing import List

import pytest

from lading.debian.linker_cache import LinkerCache
from lading.debian.programs.layer_testing import DebianLayers
from lading.debs.deb_testing import hard_link
from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.image.config.layer import Layer
from lading.image.layers.package_testing import find_libdeflate
from lading.image.root.account_files import AccountFiles
from lading.image.root.image_tree import ImageTree
from lading.network.self_signed_testing import SELF_SIGNED
from lading.store.elf import ET_DYN
from lading.store.elf_testing import SONAME, make_elf
from lading.values.errors import LadingError
from lading.values.json_codec import from_json, to_json


@pytest.fixture
def debian(tmp_path: Path) -> DebianLayers:
    return DebianLayers(tmp_path, find_libdeflate())


def md5sums(**files: bytes) -> str:
    return "".join(
        f"{hashlib.md5(content).hexdigest()}  {path}\n" for path, content in files.items()
    )


def tree(*entries: Entry, passwd: str = "") -> ImageTree:
    return ImageTree({entry.path: entry for entry in entries}, AccountFiles(passwd=passwd))


def test_rules_distroless_53_bazeldnf_15_rockcraft_154_a_merged_usr(debian: DebianLayers) -> None:
    bash = debian.package("bash", [("bin", None), ("bin/bash", b"#!")], modes={"bin/bash": 0o755})
    mount = debian.package(
        "mount", [("bin/mount", b"m"), ("bin/umount", b"m")], modes={"bin/mount": 0o4755}
    )
    libc = debian.package("libc6", [("lib64/ld.so", "/lib/ld.so"), ("lib/ld.so", b"ld")])
    layer = debian.layer(bash, mount, libc)
    assert [
        f"{info.name} {info.mode:o} {info.uid}:{info.gid} {info.linkname}".rstrip()
        for path, info in sorted(layer.members.items())
        if not path.startswith("var")
    ] == [
        "bin 777 0:0 usr/bin",
        "lib 777 0:0 usr/lib",
        "lib64 777 0:0 usr/lib64",
        "usr 755 0:0",
        "usr/bin 755 0:0",
        "usr/bin/bash 755 0:0",
        "usr/bin/mount 4755 0:0",
        "usr/bin/sh 777 0:0 bash",
        "usr/bin/umount 644 0:0",
        "usr/lib 755 0:0",
        "usr/lib/ld.so 644 0:0",
        "usr/lib64 755 0:0",
        "usr/lib64/ld.so 777 0:0 /lib/ld.so",
    ]
    assert layer.tree.entries["usr/bin/mount"].mode == 0o4755
    description = Layer.read(layer.directory / "description")
    assert description.created_by == "lading: 3 Debian packages"
    assert description.size == len(layer.blob)


def test_rules_oci_435_rules_distroless_207_the_same_bytes(debian: DebianLayers) -> None:
    one = debian.package("one", [("usr/bin/one", b"1")])
    two = debian.package("two", [("usr/bin/two", b"2")])
    first, second = debian.layer(one, two), debian.layer(one, two)
    assert first.blob == second.blob
    assert {first.members[path].mtime for path in ("usr", "usr/bin/one", "usr/bin/two")} == {1}


def test_nixpkgs_57073_129007_rules_oci_857_links_of_a_base_stay(debian: DebianLayers) -> None:
    base = tree(
        Entry.symlink("bin", "usr/bin"),
        Entry.directory("usr"),
        Entry.directory("usr/bin", 0o711),
    )
    layer = debian.layer(debian.package("a", [("bin/a", b"a")]), base=base)
    assert "bin" not in layer.members
    assert layer.members["usr/bin"].mode == 0o711
    assert layer.tree.entries["bin"].target == "usr/bin"


def test_a_base_with_a_directory_in_the_place_of_a_link_is_refused(debian: DebianLayers) -> None:
    package = debian.package("a", [("bin/a", b"a")])
    with pytest.raises(LadingError) as caught:
        debian.layer(package, base=tree(Entry.directory("bin")))
    assert str(caught.value) == (
        "the base has a directory /bin, but Debian packages need a link there, to usr/bin. Put "
        "them into the lowest image, with `contents` above them."
    )


def test_a_base_with_another_c_library_is_refused(debian: DebianLayers) -> None:
    loader = "usr/lib64/ld-linux-x86-64.so.2"
    libc = debian.package("libc6", [("lib64/ld-linux-x86-64.so.2", "/lib/x")])
    fedora = tree(
        Entry.symlink("lib64", "usr/lib64"),
        Entry.directory("usr"),
        Entry.directory("usr/lib64"),
        Entry(loader, Kind.FILE, 0o755),
    )
    with pytest.raises(LadingError) as caught:
        debian.layer(libc, base=fedora)
    assert str(caught.value) == (
        f"the base has /{loader}, which is not from a Debian package. libc6 would replace it, "
        "and the base's programs might not start. Use a Debian base, or none."
    )
    # Packages may have no C library of their own.
    assert (
        "usr/share/x"
        in debian.layer(debian.package("data", [("usr/share/x", b"")]), base=fedora).members
    )


def test_documentation_is_left_out_but_for_licences(debian: DebianLayers) -> None:
    members = [
        ("usr/share/doc/a", None),
        ("usr/share/doc/a/copyright", b"GPL"),
        ("usr/share/doc/a/README", b"read"),
        ("usr/share/man/man1", None),
        ("usr/share/man/man1/a.1.gz", b""),
    ]
    plain = debian.layer(debian.package("a", members))
    whole = debian.layer(debian.package("a", members, documentation=True))
    extra = set(whole.members) - set(plain.members)
    assert extra == {
        "usr/share/doc/a/README",
        "usr/share/man",
        "usr/share/man/man1",
        "usr/share/man/man1/a.1.gz",
    }
    assert plain.text("usr/share/doc/a/copyright") == "GPL"


def test_a_package_takes_files_of_those_that_it_replaces(debian: DebianLayers) -> None:
    old = debian.package("old", [("usr/bin/a", b"old"), ("usr/bin/b", b"b")])
    new = debian.package("new", [("usr/bin/a", b"new")], replaces="old (<< 2), other")
    for packages in ((old, new), (new, old)):
        layer = debian.layer(*packages)
        assert (layer.text("usr/bin/a"), layer.text("usr/bin/b")) == ("new", "b")


def test_two_packages_with_one_file_are_refused(debian: DebianLayers) -> None:
    one, two = (debian.package(name, [("etc/x", name.encode())]) for name in ("one", "two"))
    with pytest.raises(LadingError) as caught:
        debian.layer(one, two)
    assert str(caught.value) == (
        "one and two both have /etc/x, with different contents. Leave out one of them."
    )


def test_rules_distroless_68_alternatives_are_settled_by_priority(debian: DebianLayers) -> None:
    packages = [
        debian.package(
            name,
            [(f"usr/bin/{name}", b"awk")],
            control_files={
                "postinst": (
                    f"update-alternatives --install /usr/bin/awk awk /usr/bin/{name} {priority} "
                    f"--slave /usr/bin/nawk nawk /usr/bin/{name} "
                    f"--slave /usr/share/man/man1/awk.1.gz awk.1.gz /usr/share/man/man1/{name}.gz"
                )
            },
        )
        for name, priority in (("gawk", 10), ("mawk", 5))
    ]
    assert debian.layer(*packages).links("usr/bin") == {
        "usr/bin/awk": "/etc/alternatives/awk",
        "usr/bin/nawk": "/etc/alternatives/nawk",
    }
    assert debian.layer(*packages).links("etc") == {
        "etc/alternatives/awk": "/usr/bin/gawk",
        "etc/alternatives/nawk": "/usr/bin/gawk",
    }
    chosen = debian.layer(*packages, alternatives={"awk": "mawk"})
    assert chosen.links("etc")["etc/alternatives/awk"] == "/usr/bin/mawk"
    assert chosen.links("etc")["etc/alternatives/nawk"] == "/usr/bin/mawk"


def test_an_alternative_may_be_the_link_of_another(debian: DebianLayers) -> None:
    install = "update-alternatives --install /usr/bin/{0} {0} /usr/bin/{1} 0\n"
    postinst = install.format("emacs", "emacs-nox") + install.format("editor", "emacs")
    package = debian.package(
        "emacs-nox", [("usr/bin/emacs-nox", b"")], control_files={"postinst": postinst}
    )
    assert debian.layer(package).links("etc") == {
        "etc/alternatives/editor": "/usr/bin/emacs",
        "etc/alternatives/emacs": "/usr/bin/emacs-nox",
    }


def test_the_image_may_choose_what_no_package_registers(debian: DebianLayers) -> None:
    packages = [
        debian.package("dash", [("bin/dash", b""), ("bin/sh", "dash")]),
        debian.package("bash", [("bin/bash", b"")]),
    ]
    layer = debian.layer(*packages, alternatives={"sh": "bash", "/usr/bin/tool": "/bin/dash"})
    assert layer.links("usr/bin") == {"usr/bin/sh": "bash", "usr/bin/tool": "../../bin/dash"}
    with pytest.raises(LadingError, match="`alternatives` maps 'sh' to 'zsh', but no package has"):
        debian.layer(*packages, alternatives={"sh": "zsh"})


def test_distroless_155_rules_distroless_76_certificates_are_hashed(debian: DebianLayers) -> None:
    path = "usr/share/ca-certificates/mozilla/A.crt"
    layer = debian.layer(debian.package("ca-certificates", [(path, SELF_SIGNED.encode())]))
    assert layer.text("etc/ssl/certs/ca-certificates.crt") == SELF_SIGNED
    assert layer.links("etc/ssl") == {
        "etc/ssl/certs/A.pem": f"/{path}",
        "etc/ssl/certs/ce275665.0": "A.pem",
    }


def test_rules_distroless_76_libraries_elsewhere_are_in_the_linker_s_cache(
    debian: DebianLayers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    library = make_elf(type_=ET_DYN, strings=[(SONAME, "libx.so.1")])
    package = debian.package(
        "libx",
        [
            ("etc/ld.so.conf.d/x.conf", b"/usr/lib/x\n"),
            ("usr/lib/x/libx.so.1", "libx.so.1.0"),
            ("usr/lib/x/libx.so.1.0", library),
            ("usr/lib/x/libbroken.so.1", "nowhere"),
        ],
    )
    root = debian.layer(package).unpack(tmp_path / "root")
    printed = subprocess.run(
        ["/sbin/ldconfig", "-p", "-C", str(root / "etc/ld.so.cache")],
        capture_output=True,
        check=True,
    )
    assert "libx.so.1 (libc6,x86-64) => /usr/lib/x/libx.so.1\n" in printed.stdout.decode()


def test_d4_libraries_in_usual_places_are_in_the_cache_where_ldconfig_is(
    debian: DebianLayers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    library = make_elf(type_=ET_DYN, strings=[(SONAME, "libx.so.1")])
    libx = debian.package("libx", [("lib/x86_64-linux-gnu/libx.so.1", library)])
    libc_bin = debian.package("libc-bin", [("sbin/ldconfig", b"")], version="2.36-9+deb12u9")
    cache = "etc/ld.so.cache"
    assert cache not in debian.layer(libx).members
    below = debian.layer(libc_bin, libx)
    root = below.unpack(tmp_path / "root")
    printed = subprocess.run(
        ["/sbin/ldconfig", "-p", "-C", str(root / cache)], capture_output=True, check=True
    )
    assert (
        "libx.so.1 (libc6,x86-64) => /lib/x86_64-linux-gnu/libx.so.1\n" in printed.stdout.decode()
    )
    # ctypes asks /sbin/ldconfig for the machine's cache.
    popen, of_image = subprocess.Popen, ["-C", str(root / cache)]
    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "Popen", lambda argv, **how: popen([*argv, *of_image], **how))
        assert find_library("x") == "libx.so.1"
    # What a layer above adds is appended.
    liby = debian.package("liby", [("usr/lib/x86_64-linux-gnu/liby.so.1", library)])
    above = debian.layer(
        liby, below=[libc_bin, libx], base=from_json(ImageTree, to_json(below.tree))
    )
    (root / cache).unlink()
    above.unpack(root)
    parsed = LinkerCache.parse((root / cache).read_bytes())
    assert parsed is not None
    assert [one.path.rpartition("/")[2] for one in parsed.libraries] == ["liby.so.1", "libx.so.1"]
    assert parsed.generator == (
        "ldconfig (Debian GLIBC 2.36-9+deb12u9) stable release version 2.36"
    )


def test_i10_a_bundle_below_is_added_to(debian: DebianLayers) -> None:
    path, bundle = "usr/share/ca-certificates/A.crt", "etc/ssl/certs/ca-certificates.crt"
    package = debian.package("certificates", [(path, SELF_SIGNED.encode())])
    present = Entry(bundle, Kind.FILE, 0o644, data=b"# others\n")
    assert debian.layer(package, base=tree(present)).text(bundle) == f"# others\n{SELF_SIGNED}"


def test_what_can_t_be_added_to_a_base_is_reported(debian: DebianLayers) -> None:
    package = debian.package(
        "libx",
        [
            ("etc/ld.so.conf.d/x.conf", b"/usr/lib/x\n"),
            ("usr/share/ca-certificates/A.crt", SELF_SIGNED.encode()),
            ("usr/share/debianutils/shells.d/x", b"/bin/x\n"),
            ("usr/share/pam-configs/x", b"Name: x\n"),
        ],
    )
    names = ("ld.so.cache", "shells", "pam.d/common-auth", "ssl/certs/ca-certificates.crt")
    base = tree(*(Entry(f"etc/{name}", Kind.FILE, 0o644) for name in names))
    layer = debian.layer(package, debian.package("y"), base=base)
    assert not {f"etc/{name}" for name in names} & set(layer.members)
    libx, y = layer.report
    assert libx["triggers"] == [
        *("ldconfig", "pam-auth-update", "update-ca-certificates", "update-shells"),
    ]
    assert "triggers" not in y


def test_d5_update_alternatives_knows_what_was_chosen(debian: DebianLayers, tmp_path: Path) -> None:
    install = "update-alternatives --install /usr/bin/awk awk /usr/bin/{} {}\n"
    packages = [
        debian.package("dpkg", [("usr/bin/update-alternatives", b"")]),
        *(
            debian.package(
                name,
                [(f"usr/bin/{name}", b"awk")],
                control_files={"postinst": install.format(name, priority)},
            )
            for name, priority in (("mawk", 5), ("gawk", 10))
        ),
    ]
    root = debian.layer(*packages).unpack(tmp_path / "root")
    printed = subprocess.run(
        ["update-alternatives", "--root", str(root), "--query", "awk"],
        capture_output=True,
        check=True,
    )
    assert printed.stdout.decode().splitlines() == [
        *("Name: awk", "Link: /usr/bin/awk", "Status: auto", "Best: /usr/bin/gawk"),
        *("Value: /usr/bin/gawk", "", "Alternative: /usr/bin/gawk", "Priority: 10"),
        *("", "Alternative: /usr/bin/mawk", "Priority: 5"),
    ]


def test_d3_shells_and_pam_are_set_up(debian: DebianLayers) -> None:
    shells = "usr/share/debianutils"
    templates = [
        (f"usr/share/pam/common-{kind}", f"${name}_primary\n".encode())
        for kind, name in (
            *((kind, kind) for kind in ("auth", "account", "password", "session")),
            ("session-noninteractive", "session_nonint"),
        )
    ]
    profile = b"Default: yes\nAuth-Type: Primary\nAuth:\n\t[success=end]\tpam_x.so a\n"
    layer = debian.layer(
        debian.package("debianutils", [(f"{shells}/shells", b"# \xff\n/bin/sh\n")]),
        debian.package("fish", control_files={"postinst": "add-shell /usr/bin/fish\n"}),
        debian.package(
            "libpam-runtime",
            [*templates, ("usr/share/pam-configs/x", profile)],
            control_files={"postinst": "pam-auth-update --package\n"},
        ),
    )
    assert layer.text("etc/shells") == "# \udcff\n/bin/sh\n/usr/bin/sh\n/usr/bin/fish\n"
    assert layer.text("etc/pam.d/common-auth") == "auth\t[success=1]\tpam_x.so a\n"
    assert not any("not_run" in package for package in layer.report)


def test_nixpkgs_105685_apko_2323_users_of_base_passwd_are_known(debian: DebianLayers) -> None:
    master = "usr/share/base-passwd"
    package = debian.package(
        "base-passwd",
        [
            (f"{master}/passwd.master", b"root:*:0:0:root:/root:/bin/bash\n"),
            (f"{master}/group.master", b"root:*:0:\nwww-data:*:33:\n"),
        ],
    )
    layer = debian.layer(package)
    assert layer.text("etc/passwd") == "root:*:0:0:root:/root:/bin/bash\n"
    assert layer.tree.accounts.gid_of("www-data") == 33
    on_base = debian.layer(
        package, base=tree(Entry("etc/passwd", Kind.FILE, 0o644), passwd="a:x:1:1::/:/bin/sh\n")
    )
    assert "etc/passwd" not in on_base.members
    assert on_base.tree.accounts.uid_of("a") == 1


def test_distroless_75_nixpkgs_257172_what_base_files_makes_is_there(debian: DebianLayers) -> None:
    layer = debian.layer(
        debian.package(
            "base-files",
            [("tmp", None), ("var/run", None), ("usr/share/base-files/motd", b"hello")],
            modes={"tmp": 0o1777},
        )
    )
    members = layer.members
    assert members["tmp"].mode == 0o1777
    assert (members["var/mail"].mode, members["var/mail"].gid) == (0o2775, 8)
    assert members["var/run"].linkname == "/run"
    assert members["run"].isdir()
    assert layer.text("etc/motd") == "hello"
    assert "not_run" not in layer.report[0]


def test_trivy_2299_9046_scanners_find_a_file_for_each_package(debian: DebianLayers) -> None:
    package = debian.package(
        "nginx",
        [("usr/sbin/nginx", b"n")],
        control_files={"md5sums": md5sums(**{"usr/sbin/nginx": b"n"})},
    )
    layer = debian.layer(package)
    assert layer.text("var/lib/dpkg/status.d/nginx") == (
        "Package: nginx\nVersion: 1.0\nArchitecture: amd64\n"
    )
    assert layer.text("var/lib/dpkg/status.d/nginx.md5sums") == md5sums(**{"usr/sbin/nginx": b"n"})
    assert "var/lib/dpkg/status" not in layer.members


def test_trivy_2299_9046_scanners_are_told_which_debian_it_is(debian: DebianLayers) -> None:
    nginx = debian.package("nginx", [("usr/sbin/nginx", b"n")])
    layer = debian.layer(nginx, suite="bookworm")
    assert layer.text("etc/debian_version") == "12\n"
    assert layer.links("etc") == {"etc/os-release": "../usr/lib/os-release"}
    lines = layer.text("usr/lib/os-release").splitlines()
    assert {"ID=debian", 'VERSION_ID="12"', "VERSION_CODENAME=bookworm"} < set(lines)
    # Whether its content is known or not.
    release = ("usr/lib/os-release", b"ID=mine\n")
    base_files = debian.package("base-files", [release])
    assert debian.layer(nginx, base_files, suite="bookworm").text(release[0]) == "ID=mine\n"
    assert "etc/debian_version" not in debian.layer(nginx, base=layer.tree, suite="trixie").members
    assert "etc/os-release" not in debian.layer(nginx, suite="jammy").members


def _dpkg_query(root: Path, *arguments: str) -> List[str]:
    output = subprocess.run(
        ["dpkg-query", f"--admindir={root}/var/lib/dpkg", *arguments],
        capture_output=True,
        check=True,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    )
    return output.stdout.decode().splitlines()


def test_dpkg_query_finds_the_packages_where_dpkg_is(debian: DebianLayers, tmp_path: Path) -> None:
    description = "server\n with a long\n .\n description"
    nginx = debian.package(
        "nginx",
        [("etc/nginx.conf", b"conf"), ("bin/nginx", b"n"), ("usr/share/man/man1/nginx.1.gz", b"")],
        control_files={
            "conffiles": "/etc/nginx.conf\nremove-on-upgrade /etc/gone\n",
            "md5sums": md5sums(**{"bin/nginx": b"n", "usr/share/man/man1/nginx.1.gz": b""}),
        },
        description=description,
        maintainer="m",
    )
    libc = debian.package("libc6", [("lib/libc.so", b"c")], multi_arch="same", maintainer="m")
    dpkg = debian.package("dpkg", [("usr/bin/dpkg", b"d")], maintainer="m")
    layer = debian.layer(dpkg, libc, nginx)
    root = layer.unpack(tmp_path / "root")
    assert _dpkg_query(root, "-W", "-f", "${binary:Package} ${Version} ${db:Status-Abbrev}\n") == [
        "dpkg 1.0 ii ",
        "libc6:amd64 1.0 ii ",
        "nginx 1.0 ii ",
    ]
    assert _dpkg_query(root, "-L", "nginx") == [
        *("/.", "/etc/nginx.conf", "/bin/nginx"),
    ]
    assert _dpkg_query(root, "-L", "libc6") == ["/.", "/lib/libc.so"]
    assert _dpkg_query(root, "-W", "-f", "${Conffiles}", "nginx") == [
        " /etc/nginx.conf " + hashlib.md5(b"conf").hexdigest()
    ]
    assert layer.text("var/lib/dpkg/info/nginx.md5sums") == md5sums(**{"bin/nginx": b"n"})
    assert not any(path.startswith("var/lib/dpkg/status.d") for path in layer.members)


def test_the_database_of_an_image_on_an_image_has_the_packages_of_both(
    debian: DebianLayers, tmp_path: Path
) -> None:
    dpkg = debian.package("dpkg", [("usr/bin/dpkg", b"d")], maintainer="m")
    lower = debian.layer(dpkg)
    nginx = debian.package("nginx", [("usr/bin/nginx", b"n")], maintainer="m")
    upper = debian.layer(nginx, below=[dpkg], base=lower.tree)
    assert "usr/bin/dpkg" not in upper.members
    root = upper.unpack(lower.unpack(tmp_path / "root"))
    assert _dpkg_query(root, "-W", "-f", "${Package}\n") == ["dpkg", "nginx"]


def test_trivy_2299_9046_the_database_of_a_pulled_base_gets_the_packages(
    debian: DebianLayers, tmp_path: Path
) -> None:
    status = "var/lib/dpkg/status"
    libc = "Package: libc6\nStatus: install ok installed\nVersion: 2.36\nArchitecture: amd64\n"
    base = ImageTree({status: Entry(status, Kind.FILE, 0o640, 5, 6)}, dpkg_status=libc + "\n")
    layer = debian.layer(
        debian.package("nginx", [("usr/sbin/nginx", b"n")], maintainer="m"), base=base
    )
    assert not any("status.d" in path for path in layer.members)
    root = layer.unpack(tmp_path / "root")
    assert _dpkg_query(root, "-W", "-f", "${Package} ${Version}\n") == ["libc6 2.36", "nginx 1.0"]
    assert _dpkg_query(root, "-L", "nginx") == ["/.", "/usr/sbin/nginx"]
    above = debian.layer(debian.package("extra", maintainer="m"), base=layer.tree)
    assert above.text(status).count("Package: ") == 3
    # Owner and mode are the base's.
    written = above.tree.entries[status]
    assert (written.mode, written.uid, written.gid) == (0o640, 5, 6)


def test_a_database_that_is_not_known_is_left_as_it_is(debian: DebianLayers) -> None:
    base = tree(Entry("var/lib/dpkg/status", Kind.FILE, 0o644))
    layer = debian.layer(debian.package("dpkg"), debian.package("nginx"), base=base)
    assert "var/lib/dpkg/status.d/nginx" in layer.members
    assert "var/lib/dpkg/status" not in layer.members


def test_a_base_that_is_too_old_for_a_package_is_refused(debian: DebianLayers) -> None:
    nginx = debian.package("nginx", version="1.22-9", depends="libc6 (>= 2.34), mime | x")
    debian.layer(nginx, kept={"libc6": "2.36-9+deb12u9", "mime": "1"})
    with pytest.raises(LadingError) as caught:
        debian.layer(nginx, kept={"libc6": "2.31-13"})
    assert str(caught.value) == (
        "the base has libc6 2.31-13, but nginx 1.22-9 needs libc6 (>= 2.34). Use a base of the "
        "same release as the `debian_lock`, and at least as recent."
    )


def test_rules_distroless_76_68_what_was_not_run_is_reported(debian: DebianLayers) -> None:
    memcached = debian.package(
        "memcached",
        [
            ("usr/lib/tmpfiles.d/memcached.conf", b"# socket\nC  /etc/key 600\nz /x\n"),
            ("usr/share/gio/a", b""),
        ],
        control_files={
            "postinst": "#!/bin/sh\nadduser --system memcache\n",
            "triggers": "interest-noawait ldconfig\nactivate x\n",
        },
    )
    glib = debian.package(
        "glib",
        control_files={"triggers": "interest /usr/share/gio\ninterest /usr/share/none\n"},
    )
    quiet = debian.package("quiet", control_files={"postinst": "#!/bin/sh\nexit 0\n"})
    assert debian.layer(memcached, glib, quiet).report == [
        {
            "name": "glib",
            "version": "1.0",
            "architecture": "amd64",
            "triggers": ["/usr/share/gio"],
        },
        {
            "name": "memcached",
            "version": "1.0",
            "architecture": "amd64",
            "not_run": {"postinst": ["adduser --system memcache"]},
            "temporary": ["C /etc/key 600"],
        },
        {"name": "quiet", "version": "1.0", "architecture": "amd64"},
    ]


def test_names_of_triggers_do_not_lead_out_of_the_database(debian: DebianLayers) -> None:
    """dpkg refuses names with other than printable characters."""
    triggers = "interest ldconfig\ninterest ../../../../etc/x\ninterest ..\ninterest a\0b\n"
    package = debian.package("a", control_files={"triggers": triggers})
    members = debian.layer(debian.package("dpkg"), package).members
    found = sorted(path for path in members if path.startswith("var/lib/dpkg/triggers/"))
    assert [path.rpartition("/")[2] for path in found] == ["File", "Unincorp", "ldconfig"]
    assert "etc/x" not in members


def test_hard_links_of_conffiles_count_as_files(debian: DebianLayers) -> None:
    link = hard_link("etc/b.conf", "etc/a.conf")
    package = debian.package(
        "a",
        [("etc/a.conf", b"conf"), ("etc/b.conf", link)],
        control_files={"conffiles": "/etc/b.conf\n"},
    )
    dpkg = debian.package("dpkg")
    layer = debian.layer(dpkg, package)
    digest = hashlib.md5(b"conf").hexdigest()
    assert f"Conffiles:\n /etc/b.conf {digest}\n" in layer.text("var/lib/dpkg/status")
    assert layer.members["etc/b.conf"].type == tarfile.LNKTYPE
