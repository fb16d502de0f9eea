"""Servers in containers without a network but their own, and clients beside them."""

from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator, List, Sequence

from conftest import ContainerEngine
from loaded_image import LoadedImage
from process_ids import process_ids


@dataclass(frozen=True)
class Server:
    """A container; `python` is an image in which clients run."""

    engine: ContainerEngine
    id: str
    python: LoadedImage

    def ask(self, code: str) -> str:
        """What the Python code prints, run in the server's network."""
        network = f"--network=container:{self.id}"
        image = self.python.id
        return self.engine("run", "--rm", network, image, "python3", "-c", code)

    def beside(self, image: LoadedImage, *options: str) -> List[str]:
        """The lines that another image's own command prints in the server's network."""
        arguments = ("--rm", "--read-only", f"--network=container:{self.id}", *options, image.id)
        return self.engine("run", *arguments).splitlines()

    def ids(self, kind: str) -> List[int]:
        return process_ids(self.engine, self.id, kind)


@contextmanager
def serving(
    image: LoadedImage,
    python: LoadedImage,
    port: int,
    options: Sequence[str] = (),
    network: str = "none",
    command: Sequence[str] = (),
) -> Iterator[Server]:
    """A read-only container of the image, once it listens on `port`."""
    arguments = ("--detach", "--read-only", f"--network={network}", *options, image.id, *command)
    server = Server(image.engine, image.engine("run", *arguments).strip(), python)
    try:
        _wait(server, port)
        yield server
    finally:
        image.engine("rm", "--force", "--volumes", server.id)


def _wait(server: Server, port: int) -> None:
    """By one client, as starting a container takes longer than most servers do."""
    printed = server.ask(
        "import socket, time\n"
        "end = time.monotonic() + 30\n"
        "while time.monotonic() < end:\n"
        "    try:\n"
        f"        socket.create_connection(('127.0.0.1', {port})).close()\n"
        "        print('listens')\n"
        "        break\n"
        "    except OSError:\n"
        "        time.sleep(0.05)\n"
    )
    if printed != "listens\n":
        raise AssertionError(server.engine("logs", server.id))
