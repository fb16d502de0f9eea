import gzip
import json
import os
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Callable, Dict, List, Tuple

import pytest

import lading
from lading.compression.zstd_testing import BLOCK_LIMIT, skippable, zeros, zstd
from lading.files.kind import Kind
from lading.image.config.layer import Layer
from lading.image.layers.layer_listing import ListedMember, read_listing
from lading.image.layers.package_testing import find_libzstd
from lading.image.programs.base_layer_main import main
from lading.image.programs.base_layer_request import BaseLayerRequest
from lading.image.programs.run_as_root_testing import directory, hard_link, layer, member, symlink
from lading.tar.layer_archive_testing import pax, raw, record
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.json_codec import to_json

OCI = "application/vnd.oci.image.layer.v1.tar"
DOCKER = "application/vnd.docker.image.rootfs.diff.tar"

TAR = layer(
    directory("etc", 0o750, (1, 2)),
    member("etc/passwd", b"root:x:0:0::/:\n\xff"),
    symlink("bin", "usr/bin"),
    hard_link("x", "etc/passwd"),
    member(".wh.old"),
    member("etc/.wh..wh..opq"),
    member("dev/null", type=tarfile.CHRTYPE),
    member("\udcff\n\u2028", b"1" * 9000),
)


def request(blob: bytes, tar: bytes, media_type: str = OCI) -> BaseLayerRequest:
    return BaseLayerRequest(Sha256.of(blob), len(blob), media_type, Sha256.of(tar), "COPY / /")


def run(
    directory: Path, request: BaseLayerRequest, blob: bytes
) -> Tuple[Layer, List[ListedMember]]:
    files = {name: directory / name for name in ("request", "blob", "description", "listing")}
    files["request"].write_text(to_json(request))
    files["blob"].write_bytes(blob)
    main(
        [
            *(str(files["request"]), find_libzstd(), str(files["blob"])),
            *(str(files["description"]), str(files["listing"])),
        ]
    )
    with files["listing"].open(encoding="ascii") as listing:
        return Layer.read(files["description"]), list(read_listing(listing))


@pytest.mark.parametrize(
    "compress, suffix",
    [
        (lambda tar: tar, ""),
        (gzip.compress, "+gzip"),
        (zstd, "+zstd"),
        (lambda tar: gzip.compress(tar[:700]) + gzip.compress(tar[700:]), "+gzip"),
        (lambda tar: zstd(tar[:700]) + skippable(b"toc") + zstd(tar[700:]), "+zstd"),
    ],
    ids=[
        "rules_docker#2266: uncompressed",
        "n2c#67: gzip",
        "skopeo#1286: zstd",
        "gzip of parts",
        "zstd:chunked",
    ],
)
def test_a_layer_is_described_as_what_it_is(
    compress: Callable[[bytes], bytes], suffix: str, tmp_path: Path
) -> None:
    blob = compress(TAR)
    found, _ = run(tmp_path, request(blob, TAR), blob)
    assert found == Layer(
        Sha256.of(blob), Sha256.of(TAR), len(blob), OCI + suffix, "COPY / /", len(TAR)
    )


@pytest.mark.parametrize(
    "media_type",
    ["", OCI, OCI + "+gzip", OCI + "+zstd", DOCKER, DOCKER + ".gzip", DOCKER + ".zstd"],
)
def test_stereoscope_486_ggcr_2203_one_family_whatever_the_manifest_says(
    media_type: str, tmp_path: Path
) -> None:
    blob = zstd(TAR)
    found, _ = run(tmp_path, request(blob, TAR, media_type), blob)
    assert found.media_type == OCI + "+zstd"


@pytest.mark.parametrize(
    "media_type, reason",
    [
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "may not be redistributed"),
        (
            "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
            "may not be redistributed",
        ),
        (OCI + "+gzip+encrypted", "which is not one that Lading reads: tar, gzip or zstd"),
        (
            "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
            "which is not one that Lading reads: tar, gzip or zstd",
        ),
    ],
)
def test_other_types_are_refused(media_type: str, reason: str, tmp_path: Path) -> None:
    blob = gzip.compress(TAR)
    with pytest.raises(LadingError) as caught:
        run(tmp_path, request(blob, TAR, media_type), blob)
    sentence = str(caught.value)
    assert sentence.startswith(f"the layer {Sha256.of(blob)} of the base is of the type ")
    assert media_type in sentence and reason in sentence


def test_the_listing_has_everything_in_order(tmp_path: Path) -> None:
    _, found = run(tmp_path, request(TAR, TAR), TAR)
    assert [(one.path, one.kind, one.target or one.hardlink) for one, _ in found] == [
        ("etc", Kind.DIRECTORY, ""),
        ("etc/passwd", Kind.FILE, ""),
        ("bin", Kind.SYMLINK, "usr/bin"),
        ("x", Kind.FILE, "etc/passwd"),
        (".wh.old", Kind.FILE, ""),
        ("etc/.wh..wh..opq", Kind.FILE, ""),
        ("dev/null", Kind.CHARACTER_DEVICE, ""),
        ("\udcff\n\u2028", Kind.FILE, ""),
    ]
    etc, _ = found[0]
    assert (etc.mode, etc.uid, etc.gid) == (0o750, 1, 2)
    assert [content for _, content in found if content is not None] == [b"root:x:0:0::/:\n\xff"]


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"digest": Sha256.of(b"")}, "has the digest sha256:"),
        ({"size": 5}, "bytes, but the manifest says .* and 5 bytes. The copy in Pants"),
        (
            {"diff_id": Sha256.of(b"")},
            "is sha256:.* when it is decompressed, but the image's config says sha256:.*. docker, "
            "podman and containerd refuse such an image: choose another base.",
        ),
    ],
    ids=["digest", "size", "diff id"],
)
def test_what_does_not_fit_the_image_is_refused(
    change: Dict[str, object], reason: str, tmp_path: Path
) -> None:
    blob = gzip.compress(TAR)
    with pytest.raises(LadingError, match=reason):
        run(tmp_path, replace(request(blob, TAR), **change), blob)  # type: ignore[arg-type]


def test_garbage_behind_the_archive_is_part_of_its_digest(tmp_path: Path) -> None:
    tar = TAR + b"garbage" * 1000
    found, members = run(tmp_path, request(tar, tar), tar)
    assert found.tar_size == len(tar)
    assert len(members) == 8


HOSTILE: "list[tuple[str, bytes, str]]" = [
    ("twice", layer(member("x"), member("x")), "has /x twice, which docker and podman refuse"),
    ("bomb", zeros((1 << 30) // BLOCK_LIMIT + 1), "expands to more than 1073741824 bytes"),
    ("gzip of gzip", gzip.compress(gzip.compress(TAR)), "is not a valid tar archive"),
    ("text", b"no layer" * 100, "). It was published that way: choose another base."),
    ("cut", TAR[:3000], "is not a valid tar archive"),
]


@pytest.mark.parametrize("case, blob, reason", HOSTILE, ids=[case[0] for case in HOSTILE])
def test_hostile_layers_leave_nothing(case: str, blob: bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(LadingError) as caught:
        run(tmp_path, request(blob, blob), blob)
    sentence = str(caught.value)
    assert sentence.startswith(f"the layer {Sha256.of(blob)} of the base ")
    assert reason in sentence
    assert not {"description", "listing"} & set(os.listdir(tmp_path))


def test_the_size_that_the_manifest_claims_raises_no_bound(tmp_path: Path) -> None:
    blob = zeros((1 << 30) // BLOCK_LIMIT + 1)
    with pytest.raises(LadingError, match="expands to more than 1073741824 bytes"):
        run(tmp_path, replace(request(blob, blob), size=1 << 60), blob)


def test_the_user_may_allow_more(tmp_path: Path) -> None:
    tar = layer(member("zeros", bytes(9000)))
    size = len(tar)
    run(tmp_path, replace(request(tar, tar), max_unpacked_size=size), tar)
    with pytest.raises(LadingError) as caught:
        run(tmp_path, replace(request(tar, tar), max_unpacked_size=size - 1), tar)
    assert str(caught.value) == (
        f"the layer {Sha256.of(tar)} of the base expands to more than {size - 1} bytes, from "
        f"{size} compressed ones. If you trust it, set `[lading].max_unpacked_size` to more, such "
        "as '20 GB'."
    )


def test_holes_count_as_what_they_become(tmp_path: Path) -> None:
    keys = {"map": b"0,0", "numblocks": b"1", "size": b"%d" % (2 << 30)}
    header = b"".join(record(f"GNU.sparse.{key}".encode(), keys[key]) for key in keys)
    tar = pax(header) + raw()
    with pytest.raises(LadingError, match="expands to more than 1073741824 bytes, from 1536"):
        run(tmp_path, request(tar, tar), tar)
    keys["size"] = b"%d" % (1 << 20)
    header = b"".join(record(f"GNU.sparse.{key}".encode(), keys[key]) for key in keys)
    tar = pax(header) + raw()
    assert run(tmp_path, request(tar, tar), tar)[0].holes == 1 << 20


def test_memory_does_not_grow_with_the_layer(tmp_path: Path) -> None:
    """200 MB of files, as a program of its own."""
    blob = tmp_path / "blob"
    with tarfile.open(blob, "w:gz", compresslevel=1) as archive:
        for number in range(20):
            info = tarfile.TarInfo(f"{number}")
            info.size = 10 << 20
            with open("/dev/zero", "rb") as zeros_file:
                archive.addfile(info, zeros_file)
    with gzip.open(blob) as tar:
        asked = BaseLayerRequest(
            Sha256.of_file(blob), blob.stat().st_size, "", Sha256.of(tar.read()), ""
        )
    (tmp_path / "request").write_text(to_json(asked))
    code = (
        "import re, sys; from lading.image.programs.base_layer_main import main; "
        "main(sys.argv[1:]); "
        "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read()).group(1))"
    )
    names = ["request", find_libzstd(), "blob", "description", "listing"]
    environment = {**os.environ, "PYTHONPATH": str(Path(lading.__file__).parents[1])}
    output = subprocess.run(
        [sys.executable, "-c", code, *names],
        cwd=tmp_path,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    assert int(output) < 60_000  # KiB
    assert json.loads((tmp_path / "description").read_text())["tar_size"] > 200 << 20
