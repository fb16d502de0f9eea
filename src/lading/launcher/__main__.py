"""Put Lading's launcher into the current directory, which is a repository's root:

    python3 -m lading.launcher

`./pants` makes an environment for Pants from the Python package index that pip is configured with,
and from nowhere else; `3rdparty/python/pants.lock.txt` has its pins. If there is no Python 3.9, uv,
which `3rdparty/python/uv.lock.txt` pins, downloads one.
"""

import shutil
import sys
from pathlib import Path

_HERE = Path(__file__).parent

#: Resources of this package, by their destination.
_FILES = {
    Path("pants"): "pants",
    Path("3rdparty/python/pants.lock.txt"): "pants.lock.txt",
    Path("3rdparty/python/uv.lock.txt"): "uv.lock.txt",
}


def main() -> None:
    for path, name in _FILES.items():
        content = (_HERE / name).read_bytes()
        if path.exists() and path.read_bytes() != content:
            sys.exit(f"{path} exists and is not Lading's. Move it away, or keep using it.")
    for path, name in _FILES.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_HERE / name, path)
        print(f"Wrote {path}")
    # Wheels made by setuptools don't keep the modes of files.
    Path("pants").chmod(0o755)


if __name__ == "__main__":
    main()
