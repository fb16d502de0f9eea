from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from pants.core.goals.package import BuiltPackage
from pants.engine.addresses import Address
from pants.testutil.rule_runner import RuleRunner

from lading_pants.store.package_store import StorePackageFieldSet
from lading_pants.store.store_package_testing import DebianMirror, make_runner


@pytest.fixture
def runner(tmp_path: Path, debian_mirror: DebianMirror) -> RuleRunner:
    return make_runner(tmp_path, debian_mirror)


def package(runner: RuleRunner, name: str) -> tuple[BuiltPackage, Path]:
    """The goal's result, and its path in dist."""
    target = runner.get_target(Address("a", target_name=name))
    built = runner.request(BuiltPackage, [StorePackageFieldSet.create(target)])
    runner.write_digest(built.digest, path_prefix="dist")
    return built, Path(runner.build_root, "dist")


BUILD = """
store_package(name="lib", version="2", script="echo 12345 > $out/x")
store_package(
    name="app", version="1", dependencies=[":lib"], script="echo $lib > $out/x", output_path="out/p"
)
"""


def test_segment_and_descriptions_lie_in_dist(runner: RuleRunner) -> None:
    runner.write_files({"a/BUILD": BUILD})
    built, dist = package(runner, "lib")
    assert sorted(str(path.relative_to(dist)) for path in dist.rglob("*") if path.is_file()) == [
        "a/lib/members.json",
        "a/lib/package.json",
        "a/lib/segment.tar",
    ]
    description = json.loads((dist / "a/lib/package.json").read_text())
    assert description["segment_size"] == (dist / "a/lib/segment.tar").stat().st_size
    (artifact,) = built.artifacts
    assert artifact.relpath == "a/lib"
    assert artifact.extra_log_lines == (
        f"  {description['path']}",
        "  0.0 MB, closure 0.0 MB in 1 package",
    )


def test_the_closure_is_told_and_the_path_can_be_chosen(runner: RuleRunner) -> None:
    runner.write_files({"a/BUILD": BUILD})
    built, dist = package(runner, "app")
    (artifact,) = built.artifacts
    assert artifact.relpath == "out/p"
    assert artifact.extra_log_lines[1] == "  0.0 MB, closure 0.0 MB in 2 packages"
    assert (dist / "out/p/segment.tar").is_file()


def test_a_cache_that_is_moved_away_while_pants_runs_is_made_again(
    runner: RuleRunner, tmp_path: Path
) -> None:
    runner.write_files({"a/BUILD": BUILD})
    package(runner, "lib")
    (tmp_path / "lading").rename(tmp_path / "moved")
    package(runner, "app")
    assert (tmp_path / "lading" / "logs").is_dir()


def test_a_failure_names_the_target_and_where_the_log_is(
    runner: RuleRunner, tmp_path: Path
) -> None:
    runner.write_files(
        {"a/BUILD": 'store_package(name="bad", version="1", script="echo why; exit 3")'}
    )
    with pytest.raises(Exception) as raised:
        package(runner, "bad")
    (log,) = (tmp_path / "lading" / "logs").iterdir()
    assert (
        f"`store_package` a:bad: `script` failed (status 3). The whole log is in {log}; its last "
        "lines:\n  why"
    ) in str(raised.value)
    assert log.read_text() == "why\n"


LIMITED = 'store_package(name="x", version="1", script="sleep 1.5; echo 1 > $out/x"{limit})'


@pytest.mark.parametrize(
    "limit, environment", [(", timeout=1", {}), ("", {"PANTS_LADING_BUILD_TIMEOUT": "1"})]
)
def test_a_build_beyond_a_limit_is_an_error_that_names_field_and_option(
    limit: str, environment: dict[str, str], tmp_path: Path, debian_mirror: DebianMirror
) -> None:
    runner = make_runner(tmp_path, debian_mirror, environment={**os.environ, **environment})
    runner.write_files({"a/BUILD": LIMITED.format(limit=limit)})
    with pytest.raises(Exception) as raised:
        package(runner, "x")
    assert (
        "`store_package` a:x: the build was still running after 1 s, and was stopped: if it "
        "needs longer, raise `timeout`, or `[lading].build_timeout` for all packages. The log is "
        "empty."
    ) in str(raised.value)


def test_another_limit_rebuilds_nothing(runner: RuleRunner) -> None:
    """A build that needs longer than the new limit is not even started."""
    runner.write_files({"a/BUILD": LIMITED.format(limit="")})
    before, _ = package(runner, "x")
    runner.write_files({"a/BUILD": LIMITED.format(limit=", timeout=1")})
    after, _ = package(runner, "x")
    assert before.digest == after.digest
