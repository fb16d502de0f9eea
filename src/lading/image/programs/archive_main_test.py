import hashlib
import json
import os
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Tuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lading.compression.layer_media_type import GZIP_MEDIA_TYPE
from lading.image.config.config import ImageConfig
from lading.image.config.healthcheck import Healthcheck
from lading.image.config.layer import Layer
from lading.image.config.platform import Platform
from lading.image.image_description import DescribedPackage
from lading.image.image_documents import ImageDocuments, ImageParts
from lading.image.programs import archive_main
from lading.image.programs.archive_main import main as write_archive
from lading.image.programs.archive_request import ArchiveRequest, LayerFiles
from lading.image.written_files import FileState
from lading.runtime.small_disk_testing import on_small_disk, sentence_of
from lading.tar.tar_header import END_OF_ARCHIVE
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.json_codec import from_json, to_json
from lading.values.path import StorePath

CONFIG = ImageConfig(
    platform=Platform("linux", "amd64"),
    cmd=("/bin/redis-server",),
    env=(("B", "2"), ("A", "1")),
    healthcheck=Healthcheck(("NONE",)),
)
CLOSURE = (
    DescribedPackage(StorePath("r" * 32, "redis-7.0.15"), "redis-7.0.15", 10),
    DescribedPackage(StorePath("g" * 32, "glibc-2.36"), "glibc-2.36", 20),
)
GOLDEN = "b7573b1a6db667612edc56cb0b5dc6be1dbef4fc774f6f4a2f6efe41b819a631"

#: Stands for the blob of a layer that has no members.
NOTHING = b"the blob of an empty tar"


@pytest.fixture
def build_archive(tmp_path: Path) -> Callable[..., Tuple[Path, Dict[str, Any]]]:
    """The archive of an image with these layer blobs, and its metadata."""

    def build(
        *blobs: bytes,
        tags: Tuple[str, ...] = ("latest",),
        repository: str = "redis",
        pulled_layers: int = 0,
        **config: Any,
    ) -> Tuple[Path, Dict[str, Any]]:
        files = []
        for index, blob in enumerate(blobs):
            blob_file, description = tmp_path / f"{index}.tar.gz", tmp_path / f"{index}.json"
            blob_file.write_bytes(blob)
            diff_id = Sha256.of(END_OF_ARCHIVE if blob == NOTHING else b"diff" + blob)
            layer = Layer(Sha256.of(blob), diff_id, len(blob), GZIP_MEDIA_TYPE, "lading", 10)
            description.write_text(to_json(layer))
            files.append(LayerFiles(str(blob_file), str(description)))
        parts = ImageParts(
            config=replace(CONFIG, **config),
            repository=repository,
            tags=tags,
            layers=tuple(Layer.read(Path(layer.description)) for layer in files),
            pulled_layers=pulled_layers,
            base_layers=1,
            closure=CLOSURE,
        )
        documents = ImageDocuments.of(parts)
        request_file, archive = tmp_path / "request.json", tmp_path / "redis.tar"
        config_file, manifest_file = (str(tmp_path / name) for name in ("config", "manifest"))
        Path(config_file).write_bytes(documents.config)
        Path(manifest_file).write_bytes(documents.manifest)
        metadata = json.loads(to_json(documents.description))
        kept_files = tuple(files[number] for number in documents.kept)
        names = tuple(metadata["tags"])
        request = ArchiveRequest(config_file, manifest_file, names, kept_files)
        assert from_json(ArchiveRequest, to_json(request)) == request
        request_file.write_text(to_json(request))
        write_archive([str(request_file), "no libzstd", str(archive)])
        return archive, metadata

    return build


BuildArchive = Callable[..., Tuple[Path, Dict[str, Any]]]


def read(archive: Path) -> Dict[str, bytes]:
    """Files by name."""
    with tarfile.open(archive, "r:") as tar:
        members = tar.getmembers()
        assert len({member.name for member in members}) == len(members)
        assert all(member.isfile() or member.isdir() for member in members)
        assert all(member.mtime == 1 and not member.pax_headers for member in members)
        return {
            member.name: content.read()
            for member in members
            if (content := tar.extractfile(member)) is not None
        }


def check_consistency(files: Dict[str, bytes]) -> Dict[str, Any]:
    """Every blob has its digest as name and every reference leads to a blob; returns the config."""
    for name, data in files.items():
        if name.startswith("blobs/sha256/"):
            assert hashlib.sha256(data).hexdigest() == name[len("blobs/sha256/") :]
    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    (descriptor,) = json.loads(files["index.json"])["manifests"]
    manifest = json.loads(blob(files, descriptor))
    config: Dict[str, Any] = json.loads(blob(files, manifest["config"]))
    layers = [blob(files, layer) for layer in manifest["layers"]]
    assert len(config["rootfs"]["diff_ids"]) == len(config["history"]) == len(layers)
    (docker,) = json.loads(files["manifest.json"])
    assert json.loads(files[docker["Config"]]) == config
    assert [files[path] for path in docker["Layers"]] == layers
    return config


def blob(files: Dict[str, bytes], descriptor: Dict[str, Any]) -> bytes:
    data = files["blobs/" + descriptor["digest"].replace(":", "/")]
    assert len(data) == descriptor["size"]
    return data


def test_rules_oci_651_one_archive_is_a_docker_archive_and_an_oci_layout(
    build_archive: BuildArchive,
) -> None:
    archive, metadata = build_archive(b"one", b"two", tags=("7.0.15", "latest"))
    files = read(archive)
    config = check_consistency(files)
    assert config["config"]["Env"] == ["A=1", "B=2"]
    (descriptor,) = json.loads(files["index.json"])["manifests"]
    assert metadata == {
        "version": 1,
        "image": {
            "id": "sha256:" + json.loads(files["manifest.json"])[0]["Config"].split("/")[-1],
            "digest": descriptor["digest"],
        },
        "platform": "linux/amd64",
        "repository": "redis",
        "tags": ["redis:7.0.15", "redis:latest"],
        "archive": {"size": archive.stat().st_size},
        "base_layers": 1,
        "layers": [
            {
                "digest": str(Sha256.of(data)),
                "diff_id": str(Sha256.of(b"diff" + data)),
                "size": 3,
                "media_type": "application/vnd.oci.image.layer.v1.tar+gzip",
            }
            for data in (b"one", b"two")
        ],
        "closure": [
            {"path": f"/store/{'g' * 32}-glibc-2.36", "name": "glibc-2.36", "size": 20},
            {"path": f"/store/{'r' * 32}-redis-7.0.15", "name": "redis-7.0.15", "size": 10},
        ],
        "debian": [],
    }


def test_the_bytes_stay_the_same(build_archive: BuildArchive) -> None:
    archive, _ = build_archive(b"one", b"two", tags=("7.0.15", "latest"))
    assert Sha256.of(archive.read_bytes()).hex == GOLDEN


def test_rules_oci_189_repo_tags_is_an_array_of_all_tags(build_archive: BuildArchive) -> None:
    archive, _ = build_archive(b"one", tags=("7.0.15", "latest"))
    (docker,) = json.loads(read(archive)["manifest.json"])
    assert docker["RepoTags"] == ["redis:7.0.15", "redis:latest"]


def test_rules_img_716_663_annotations_name_the_first_tag_in_full(
    build_archive: BuildArchive,
) -> None:
    for repository, name in (
        ("my-app", "docker.io/library/my-app:1"),
        ("docker.mycompany.tld:1234/foo", "docker.mycompany.tld:1234/foo:1"),
    ):
        archive, _ = build_archive(b"one", tags=("1", "2"), repository=repository)
        (descriptor,) = json.loads(read(archive)["index.json"])["manifests"]
        assert descriptor["annotations"] == {
            "io.containerd.image.name": name,
            "org.opencontainers.image.ref.name": "1",
        }


def test_rules_img_76_98_both_ids_of_docker_are_told(build_archive: BuildArchive) -> None:
    archive, metadata = build_archive(b"one")
    files = read(archive)
    (descriptor,) = json.loads(files["index.json"])["manifests"]
    config = json.loads(blob(files, descriptor))["config"]["digest"]
    # The id in the classic store, then the one in the containerd store.
    assert metadata["image"] == {"id": config, "digest": descriptor["digest"]}


def test_mayastor_1688_the_archive_around_the_layers_is_not_compressed(
    build_archive: BuildArchive,
) -> None:
    archive, _ = build_archive(b"one")
    assert archive.read_bytes()[257:262] == b"ustar"


def test_apple_containerization_369_socktainer_218_readers_of_either_kind_find_the_same_image(
    build_archive: BuildArchive,
) -> None:
    files = read(build_archive(b"one", b"two")[0])
    (descriptor,) = json.loads(files["index.json"])["manifests"]
    manifest = json.loads(blob(files, descriptor))
    (docker,) = json.loads(files["manifest.json"])
    blobs = [docker["Config"], *docker["Layers"]]
    assert [f"sha256:{path.rpartition('/')[2]}" for path in blobs] == [
        part["digest"] for part in (manifest["config"], *manifest["layers"])
    ]


def test_pants_22575_tags_leave_the_image_as_it_is(build_archive: BuildArchive) -> None:
    images = [build_archive(b"one", tags=tags)[1]["image"] for tags in (("1",), ("2", "3"))]
    assert images[0] == images[1]


def test_tags_may_have_the_image_s_digest(build_archive: BuildArchive) -> None:
    archive, metadata = build_archive(b"one", repository="a/{hash}", tags=("v1-{hash}",))
    digits = metadata["image"]["digest"][len("sha256:") :][:12]
    assert metadata["tags"] == [f"a/{digits}:v1-{digits}"]
    assert json.loads(read(archive)["manifest.json"])[0]["RepoTags"] == metadata["tags"]


def test_nixpkgs_281443_327579_254421_created_leaves_the_layers_as_they_are(
    build_archive: BuildArchive,
) -> None:
    _, one = build_archive(b"one")
    archive, two = build_archive(b"one", created="2024-02-29T12:00:00Z")
    assert one["layers"] == two["layers"] and one["image"] != two["image"]
    config = check_consistency(read(archive))
    assert config["created"] == config["history"][0]["created"] == "2024-02-29T12:00:00Z"


@pytest.mark.parametrize(
    "state, sentence",
    [
        ((), "there is no room left on a disk ([Errno 28] No space left on device). "),
        (
            ("state.json",),
            "there is no room for small/redis.tar (No space left on device): 0.1 MB are free there "
            "now. Make room and run it again.",
        ),
    ],
    ids=["in a sandbox", "in the user's directory"],
)
def test_nixpkgs_377363_a_full_disk_leaves_no_truncated_image(
    build_archive: BuildArchive, tmp_path: Path, state: Sequence[str], sentence: str
) -> None:
    build_archive(b"x" * 100_000)
    small = tmp_path / "small"
    small.mkdir()

    def fill() -> Tuple[str, List[str]]:
        os.chdir(tmp_path)
        arguments = ("request.json", "no libzstd", "small/redis.tar", *state)
        return sentence_of("lading.image.programs.archive_main", *arguments), os.listdir(small)

    message, left = on_small_disk(small, "size=100k", fill)
    assert message.startswith(sentence)
    assert left == []


def test_an_archive_in_the_user_s_directory(build_archive: BuildArchive, tmp_path: Path) -> None:
    expected = build_archive(b"one")[0].read_bytes()
    archive, state = tmp_path / "dist/images/redis.tar", tmp_path / "state.json"
    write_archive([str(tmp_path / "request.json"), "no libzstd", str(archive), str(state)])
    assert archive.read_bytes() == expected
    assert list(archive.parent.iterdir()) == [archive]
    assert from_json(FileState, state.read_text()) == FileState.at(archive)


def test_no_room_for_a_directory_in_the_user_s_directory(
    build_archive: BuildArchive, tmp_path: Path
) -> None:
    build_archive(b"x")
    dist = tmp_path / "dist"
    dist.mkdir()

    def fill() -> str:
        os.chdir(tmp_path)
        outputs = ("dist/images/redis.tar", "state.json")
        return sentence_of(
            "lading.image.programs.archive_main", "request.json", "no libzstd", *outputs
        )

    message = on_small_disk(dist, "nr_inodes=1", fill)
    assert message.startswith(
        "there is no room for dist/images/redis.tar (No space left on device): "
    )


@pytest.mark.parametrize(
    "blocker, reason",
    [
        pytest.param(lambda dist: dist.write_text(""), "(File exists)", id="file for directory"),
        pytest.param(
            lambda dist: (dist / "redis.tar").mkdir(parents=True),
            "(Is a directory)",
            id="directory",
        ),
    ],
)
def test_what_is_in_the_way_is_told(
    build_archive: BuildArchive,
    tmp_path: Path,
    blocker: Callable[[Path], object],
    reason: str,
) -> None:
    build_archive(b"one")
    dist = tmp_path / "dist"
    blocker(dist)
    outputs = (dist / "redis.tar", tmp_path / "state.json")
    with pytest.raises(LadingError) as error:
        write_archive([str(tmp_path / "request.json"), "no libzstd", *map(str, outputs)])
    assert f"can't be written {reason}. Remove what is in its way" in str(error.value)
    assert not list(tmp_path.glob("**/.redis*"))


def test_a_directory_that_is_removed_meanwhile_is_told(
    build_archive: BuildArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_archive(b"one")
    dist = tmp_path / "dist"
    monkeypatch.setattr(archive_main, "_write_archive", lambda *_: shutil.rmtree(dist))
    outputs = (dist / "redis.tar", tmp_path / "state.json")
    with pytest.raises(LadingError, match=r"can't be written \(No such file or directory\)"):
        write_archive([str(tmp_path / "request.json"), "no libzstd", *map(str, outputs)])


def test_an_image_without_tags_has_no_name(build_archive: BuildArchive) -> None:
    files = read(build_archive(b"one", tags=())[0])
    (descriptor,) = json.loads(files["index.json"])["manifests"]
    assert "annotations" not in descriptor
    assert json.loads(files["manifest.json"])[0]["RepoTags"] == []


def test_kind_2394_3795_rules_oci_743_the_index_names_one_manifest_that_is_there(
    build_archive: BuildArchive,
) -> None:
    """kind#3996, kind#4224"""
    files = read(build_archive(b"one")[0])
    (descriptor,) = json.loads(files["index.json"])["manifests"]
    assert descriptor["platform"] == {"architecture": "amd64", "os": "linux"}
    assert blob(files, descriptor)


def test_a_layer_without_anything_is_left_out(build_archive: BuildArchive) -> None:
    archive, metadata = build_archive(NOTHING, b"1")
    assert (len(metadata["layers"]), metadata["base_layers"]) == (1, 0)
    assert len(check_consistency(read(archive))["history"]) == 1


def test_an_empty_layer_of_a_pulled_image_is_kept(build_archive: BuildArchive) -> None:
    archive, metadata = build_archive(NOTHING, b"1", NOTHING, pulled_layers=1)
    assert (len(metadata["layers"]), metadata["base_layers"]) == (2, 1)
    assert len(check_consistency(read(archive))["history"]) == 2


def test_a_bad_name_leaves_nothing_behind(build_archive: BuildArchive, tmp_path: Path) -> None:
    with pytest.raises(LadingError, match="upper-case"):
        build_archive(b"one", repository="Redis")
    assert not list(tmp_path.glob("redis.tar*"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.binary(max_size=1500), max_size=4))
def test_any_layers_are_kept_byte_for_byte(
    build_archive: BuildArchive, blobs: "list[bytes]"
) -> None:
    archive, metadata = build_archive(*blobs)
    files = read(archive)
    check_consistency(files)
    assert [
        files["blobs/" + layer["digest"].replace(":", "/")] for layer in metadata["layers"]
    ] == blobs
