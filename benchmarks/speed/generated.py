"""BUILD files of packages that consist of numbers of bytes, and of images of these."""

from dataclasses import dataclass
from typing import Iterable, Sequence, Tuple

_HEAD = '''
def data(name, kilobytes, fresh, change="", dependencies=()):
    """A package of random bytes, `fresh` of 100 of them, the others repeated."""
    store_package(
        name=name,
        version="1",
        dependencies=[":" + dependency for dependency in dependencies],
        script=f"""
            # {change}
            mkdir -p $out/share
            python3 -c '
import hashlib, sys
for number in range({kilobytes} // 100):
    data = hashlib.shake_128(b"{name} {change} %d" % number).digest({fresh} * 1000)
    sys.stdout.buffer.write((data * (100 // {fresh} + 1))[:100000])
' > $out/share/{name}
        """
        + "".join(f"echo ${{used}} >> $out/share/{name}.uses\\n" for used in dependencies),
    )
'''


@dataclass(frozen=True)
class DataPackage:
    """A package of `kilobytes` (10^3 bytes), which are other ones after a `change`; of 100 bytes
    `fresh` are random. Names are such that a shell takes them for variables."""

    name: str
    kilobytes: int
    change: str = ""
    fresh: int = 100
    dependencies: Tuple[str, ...] = ()

    def __str__(self) -> str:
        return (
            f'data("{self.name}", {self.kilobytes}, {self.fresh}, "{self.change}", '
            f"{self.dependencies!r})"
        )


@dataclass(frozen=True)
class DataImage:
    """An image that shows the packages at `/`, which are addresses. A label has the `change`."""

    name: str
    contents: Sequence[str]
    change: str = ""
    layering: str = "per-package"

    def __str__(self) -> str:
        return (
            f'docker_image(name="{self.name}", contents={list(self.contents)!r}, '
            f'layering="{self.layering}", labels={{"change": "{self.change}"}})'
        )


def build_file(packages: Iterable[DataPackage], images: Iterable[DataImage] = ()) -> str:
    return "\n".join((_HEAD, *map(str, packages), *map(str, images), ""))
