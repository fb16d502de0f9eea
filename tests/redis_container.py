"""Redis in a container on the host's network, as the machine's redis-cli sees it."""

import json
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Iterable, Iterator, List, Tuple

from conftest import ContainerEngine
from local_server import free_port
from process_ids import process_ids

RedisCli = Callable[..., str]


@dataclass(frozen=True)
class RedisContainer:
    engine: ContainerEngine
    redis_cli: RedisCli
    id: str
    port: str

    def __call__(self, *command: str) -> str:
        """The answer, without the line's end."""
        return self.redis_cli("-p", self.port, *command).rstrip("\n")

    def info(self, section: str) -> Dict[str, str]:
        lines = self("info", section).splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def wait_for(self, is_true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                if is_true():
                    return
            except subprocess.CalledProcessError:
                pass  # redis-cli, as long as the server does not listen
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.02)

    def logs(self) -> str:
        return self.engine("logs", self.id)

    def ids(self, kind: str) -> List[int]:
        return process_ids(self.engine, self.id, kind)

    def terminate(self) -> int:
        """Stop redis as engines do; its exit status."""
        self.engine("kill", "--signal=TERM", self.id)
        return int(self.engine("wait", self.id))


@dataclass(frozen=True)
class RedisImage:
    """A loaded image whose command starts redis; `options` are for every container of it."""

    engine: ContainerEngine
    redis_cli: RedisCli
    id: str
    options: Tuple[str, ...] = ()

    @contextmanager
    def serving(self, *arguments: str, options: Iterable[str] = ()) -> Iterator[RedisContainer]:
        """A container whose redis answers; `arguments` go behind the image's own command."""
        engine = self.engine
        command = json.loads(engine("image", "inspect", "--format={{json .Config.Cmd}}", self.id))
        port = str(free_port())
        all_options = ["--detach", *self.options, *options]
        id = engine.run(*all_options, self.id, *command, "--port", port, *arguments).strip()
        container = RedisContainer(engine, self.redis_cli, id, port)
        try:
            container.wait_for(lambda: container("ping") == "PONG")
            yield container
        finally:
            engine("rm", "--force", "--volumes", id)


def load(engine: ContainerEngine, redis_cli: RedisCli, archive: Path) -> RedisImage:
    """Load an archive of dist/, which has its description beside it."""
    engine("load", "--input", str(archive))
    description = json.loads(archive.with_suffix(".json").read_text())
    # Without the algorithm, which podman does not take.
    return RedisImage(engine, redis_cli, description["image"]["id"].partition(":")[2])
