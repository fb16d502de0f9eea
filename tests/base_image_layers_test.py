"""Images on bases of all kinds that other tools make: each built on, loaded and run."""

import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
from base_image_registry import BaseImages
from base_images import (
    ARCHITECTURE,
    DOCKER,
    Layer,
    Member,
    directory,
    hard_link,
    layer,
    link,
    tar,
)
from conftest import ContainerEngine
from image_archive import layers
from loaded_image import LoadedImage, Loader
from repository import Repository

OTHER_ARCHITECTURE = {"amd64": "arm64", "arm64": "amd64"}[ARCHITECTURE]

#: Kinds of bases, whose /base has the kind's name, and where they made trouble.
KINDS = {
    "gzip": "n2c#67",
    "uncompressed": "rules_docker#2266",
    "zstd": "skopeo#1286, #2422; rules_oci#333, #519, #523, #532",
    "mixed": "all compressions in one image",
    "docker-schema-2": "ggcr#1427, #1608, #2101, #2203: one family in the manifest",
    "docker-zstd": "anchore/stereoscope#486; bottlerocket-os/bottlerocket#3806",
    "attestations": "project-zot/zot#2836; moby#45600",
    "saved-by-docker-25": "moby#44598, #47065, #49141; nixpkgs#27294, #27632",
    "sixty-layers": "nixpkgs#392421; nixpkgs#55290, #57505, #61089: the last one's file is seen",
}

ON_ANY = """
docker_image(
    name="on-{name}",
    repository="lading-bases/on-{name}",
    base=":{name}",
    contents=["//3rdparty/gosu"],
    files={{"/bin/own": {{"text": "#!/bin/sh\\necho own\\n", "mode": "0755"}}}},
    run_as_root="cat /base > /seen",
)
"""

BUILD = """
docker_image(
    name="on-whiteouts",
    repository="lading-bases/on-whiteouts",
    base=":whiteouts",
    files={"/opaque/own": "own", "/moved/behind": "a link"},
    run_as_root=\"\"\"
        ls -A / /opaque > /seen
        rm -r /kept
    \"\"\",
)

docker_image(
    name="inherits",
    repository="lading-bases/inherits",
    base=":configured",
)

docker_image(
    name="overrides",
    repository="lading-bases/overrides",
    base=":configured",
    entrypoint=["/bin/bash", "-c"],
    env={"COMMON": "own", "OWN": "1"},
    labels={"common": "own", "own": "1"},
    exposed_ports=["53/udp"],
    volumes=["/own"],
)

docker_image(
    name="of-users",
    repository="lading-bases/of-users",
    base=":of-users-base",
    users={"own": {"uid": 1000, "home": "/home/own"}},
    directories={"/home/own": "0750 own:own"},
    files={"/var/spool/own": "own"},
    user="base",
)
"""

CONFIG: Dict[str, Any] = {
    "author": "somebody",
    "created": "2020-02-02T02:02:02Z",
    "os.version": "12",
    "config": {
        "Cmd": ["from the base"],
        "Entrypoint": ["/bin/echo"],
        "Env": ["Z=last", "COMMON=base", "A=first"],
        "ExposedPorts": {"80/tcp": {}},
        "Healthcheck": {
            "Test": ["CMD", "true"],
            "Interval": 30_000_000_000,
            "StartInterval": 1_000_000_000,
        },
        "Labels": {"common": "base", "base": "1"},
        "OnBuild": ["RUN true"],
        "Shell": ["/bin/bash", "-c"],
        "StopSignal": "SIGQUIT",
        "User": "1234:1234",
        "Volumes": {"/base": {}},
        "WorkingDir": "/tmp",
    },
    "history": [
        {"created": "2020-02-02T02:02:01Z", "created_by": "ADD small", "comment": "buildkit"},
        {"created": "2020-02-02T02:02:02Z", "created_by": "CMD", "empty_layer": True},
    ],
}


def _add_kinds(images: BaseImages, small: bytes, work: Path) -> None:
    def two(name: str, *compressions: str) -> List[Layer]:
        upper = tar(Member("base", name.encode()))
        return [layer(small, compressions[0]), layer(upper, compressions[-1])]

    images.add("gzip", two("gzip", "gzip"))
    images.add("uncompressed", two("uncompressed", ""))
    images.add("zstd", two("zstd", "zstd"))
    images.add("mixed", [*two("", "zstd", "gzip"), *two("mixed", "gzip", "")[1:]])
    images.store("docker-schema-2", images.layout.image(two("docker-schema-2", "gzip", ""), DOCKER))
    images.store("docker-zstd", images.layout.image(two("docker-zstd", "zstd"), DOCKER))
    ours = images.layout.image(two("attestations", "gzip"))
    theirs = images.layout.image(two("theirs", "gzip"), architecture=OTHER_ARCHITECTURE)
    attested = [images.layout.attestation(one) for one in (theirs, ours)]
    images.push("attestations", images.layout.index([theirs, attested[0], ours, attested[1]]))
    archive = work / "saved.tar"
    images.layout.save(two("saved-by-docker-25", ""), "saved:1", archive)
    images.push_archive("saved-by-docker-25", archive)
    sixty = [layer(tar(Member("base", b"%d" % number))) for number in range(58)]
    images.add("sixty-layers", [layer(small), *sixty, *two("sixty-layers", "gzip")[1:]])


def _add_whiteouts(images: BaseImages, small: bytes) -> None:
    lower = tar(
        *(directory("opaque"), "opaque/old", directory("gone"), "gone/below", "file"),
        *(directory("kept"), "kept/old", "kept/x", directory("moved"), "moved/old"),
        *("./dotted",),
    )
    middle = tar(
        *("opaque/new", "opaque/.wh..wh..opq", ".wh.gone", ".wh.file", "kept/.wh.old"),
        "./.wh.dotted",
        link("moved", "opaque"),
    )
    upper = tar(".wh.gone", ".wh.never", "gone-again/.wh.never", Member("file", b"again"))
    images.add("whiteouts", [layer(one) for one in (small, lower, middle, upper)])


def _add_users(images: BaseImages, small: bytes) -> None:
    files = tar(
        Member("etc/passwd", b"root:x:0:0::/root:/bin/sh\nbase:x:77:78::/home/base:/bin/sh\n"),
        Member("etc/group", b"root:x:0:\nbase:x:78:\n"),
        directory("home", 0o711, (0, 50)),
        directory("home/base", 0o700, (77, 78)),
        *(directory("var/spool", 0o2775, (0, 8)), directory("tmp", 0o1777)),
        *("setuid", hard_link("hard", "setuid")),
    )
    images.add("of-users-base", [layer(small), layer(files)])


@pytest.fixture(scope="module")
def packaged(
    repository: Repository,
    base_images: BaseImages,
    small_debian_tar: bytes,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Path]:
    """The directory in dist/ with all images."""
    _add_kinds(base_images, small_debian_tar, tmp_path_factory.mktemp("saved"))
    _add_whiteouts(base_images, small_debian_tar)
    _add_users(base_images, small_debian_tar)
    base_images.add("configured", [layer(small_debian_tar)], config=CONFIG)
    bases = (*KINDS, "whiteouts", "configured", "of-users-base")
    build_file = "".join(
        (*map(base_images.target, bases), *(ON_ANY.format(name=name) for name in KINDS), BUILD)
    )
    with repository.declared("bases", build_file) as directory:
        repository.pants("package", "bases:")
        yield directory


@pytest.fixture(scope="module")
def load(packaged: Path, docker: ContainerEngine) -> Iterator[Loader]:
    loader = Loader(docker, packaged)
    yield loader
    loader.remove()


SHOWN = "cat /base; echo; cat /seen; echo; readlink /bin; own; gosu --version"


@pytest.mark.parametrize("name", KINDS)
def test_it_is_built_on_loaded_and_run(name: str, load: Loader, base_images: BaseImages) -> None:
    image = load(f"on-{name}")
    lines = image.run("sh", "-c", SHOWN)
    assert lines[:4] == [name, name, "usr/bin", "own"]
    assert lines[4].startswith("1.14")


@pytest.mark.parametrize("name", [name for name in KINDS if name != "attestations"])
def test_the_base_s_layers_are_those_of_the_registry(
    name: str, packaged: Path, base_images: BaseImages
) -> None:
    description = json.loads((packaged / f"on-{name}.json").read_text())
    base = base_images.layers(name)
    assert [(one["digest"], one["size"]) for one in base] == [
        (one["digest"], one["size"]) for one in description["layers"][: len(base)]
    ]
    assert {one["media_type"].rpartition(".")[0] for one in description["layers"]} == {
        "application/vnd.oci.image.layer.v1"
    }


class TestInPodman:
    @pytest.fixture(scope="class")
    def load(self, packaged: Path, podman: ContainerEngine) -> Iterator[Loader]:
        loader = Loader(podman, packaged)
        yield loader
        loader.remove()

    @pytest.mark.parametrize("name", ["zstd", "mixed"])
    def test_it_runs(self, name: str, load: Loader) -> None:
        assert load(f"on-{name}").run("sh", "-c", SHOWN)[1:4] == [name, "usr/bin", "own"]


@pytest.mark.parametrize("name", ["zstd", "mixed", "uncompressed", "docker-zstd"])
def test_skopeo_copies_the_layers_as_they_are(
    name: str, packaged: Path, base_images: BaseImages, skopeo: ContainerEngine, tmp_path: Path
) -> None:
    options = ("--insecure-policy", "copy", "--quiet", "--preserve-digests")
    skopeo(*options, f"oci-archive:{packaged}/on-{name}.tar", f"dir:{tmp_path}")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    base = [one["digest"] for one in base_images.layers(name)]
    assert [one["digest"] for one in manifest["layers"]][: len(base)] == base


class TestWhiteouts:
    """image-spec#130, #171; singularity#884; ggcr#1897, #2191, #2372; kaniko#2050, #2308"""

    @pytest.fixture(scope="class")
    def image(self, load: Loader) -> LoadedImage:
        return load("on-whiteouts")

    def test_what_the_commands_saw(self, image: LoadedImage) -> None:
        shown = "\n".join(image.run("cat", "/seen"))
        root, _, opaque = shown.partition("\n/opaque:\n")
        assert opaque.split() == ["behind", "new", "own"]
        assert {"file", "kept", "moved", "opaque"} <= set(root.split())
        assert not {"gone", "dotted"} & set(root.split())
        assert ".wh." not in shown

    def test_what_a_container_sees(self, image: LoadedImage) -> None:
        shown = "ls -A /opaque; readlink /moved; cat /file /moved/behind; echo; echo /*"
        *lines, root = image.run("sh", "-c", shown)
        assert " ".join(lines) == ("behind new own opaque againa link")
        assert not {"/gone", "/dotted", "/kept"} & set(root.split())

    def test_umoci_254_a_directory_is_deleted_by_one_whiteout(self, packaged: Path) -> None:
        top = gzip.decompress(layers(packaged / "on-whiteouts.tar")[-1])
        with tarfile.open(fileobj=io.BytesIO(top)) as archive:
            assert sorted(archive.getnames()) == [".wh.kept", "seen"]


class TestConfig:
    """n2c PR#196: what docker and others make of it"""

    def test_what_is_not_set_is_the_base_s(self, load: Loader) -> None:
        config = load("inherits").inspect(".Config")
        base = CONFIG["config"]
        kept = {name: config[name] for name in base if name not in ("Healthcheck", "ExposedPorts")}
        assert kept == {name: base[name] for name in kept}
        assert config["ExposedPorts"] == {"80/tcp": {}}
        assert load("inherits").run() == ["from the base"]

    def test_moby_35027_what_is_set_is_merged_or_wins(self, load: Loader) -> None:
        """rules_oci#656: an own entrypoint takes the base's command away"""
        config = load("overrides").inspect(".Config")
        assert (config["Entrypoint"], config.get("Cmd")) == (["/bin/bash", "-c"], None)
        assert config["Env"] == ["Z=last", "COMMON=own", "A=first", "OWN=1"]
        assert config["Labels"] == {"common": "own", "base": "1", "own": "1"}
        assert sorted(config["ExposedPorts"]) == ["53/udp", "80/tcp"]
        assert sorted(config["Volumes"]) == ["/base", "/own"]
        assert (config["User"], config["WorkingDir"]) == ("1234:1234", "/tmp")
        assert load("overrides").run('echo "$COMMON $A"; pwd') == ["own first", "/tmp"]

    def test_n2c_197_jib_4335_the_healthcheck_is_kept(
        self, packaged: Path, skopeo: ContainerEngine
    ) -> None:
        config = _config(packaged / "inherits.tar", skopeo)
        assert config["config"]["Healthcheck"] == CONFIG["config"]["Healthcheck"]
        assert config["os.version"] == "12"

    def test_rules_oci_645_654_n2c_57_history_accounts_for_each_layer(
        self, packaged: Path, skopeo: ContainerEngine
    ) -> None:
        for name in ("inherits", "overrides", "on-sixty-layers"):
            config = _config(packaged / f"{name}.tar", skopeo)
            layers = [one for one in config["history"] if not one.get("empty_layer")]
            assert len(layers) == len(config["rootfs"]["diff_ids"]), name
        inherited = _config(packaged / "overrides.tar", skopeo)["history"]
        assert inherited[: len(CONFIG["history"])] == CONFIG["history"]


def _config(archive: Path, skopeo: ContainerEngine) -> Dict[str, Any]:
    config: Dict[str, Any] = json.loads(
        skopeo("inspect", "--config", "--raw", f"oci-archive:{archive}")
    )
    return config


class TestUsers:
    @pytest.fixture(scope="class")
    def image(self, load: Loader) -> LoadedImage:
        return load("of-users")

    def test_own_users_join_those_of_the_base(self, image: LoadedImage) -> None:
        assert image.inspect(".Config.User") == "77:78"
        assert image.run("sh", "-c", "id; id own") == [
            "uid=77(base) gid=78(base) groups=78(base)",
            "uid=1000(own) gid=1000(own) groups=1000(own)",
        ]

    def test_rules_img_745_directories_of_the_base_keep_owner_and_mode(
        self, image: LoadedImage
    ) -> None:
        """rules_docker#37: /tmp too"""
        places = ["/home", "/var/spool", "/tmp", "/home/base", "/home/own"]
        assert image.run("stat", "-c", "%a %u:%g %n", *places, user="0") == [
            "711 0:50 /home",
            "2775 0:8 /var/spool",
            "1777 0:0 /tmp",
            "700 77:78 /home/base",
            "750 1000:1000 /home/own",
        ]
