"""How large a tree others may make."""

from lading.files.layer_error import LayerError

#: Files and directories, counted once a layer; large images have half a million.
PLACES = 2_000_000

#: Characters of all their paths.
CHARACTERS = 256 << 20


class TreeBound:
    """Counts down while the layers of one image are applied."""

    def __init__(self) -> None:
        self._places = PLACES
        self._characters = CHARACTERS

    def take(self, path: str) -> None:
        """LayerError when one more path is more than there may be."""
        self._places -= 1
        self._characters -= len(path)
        if self._places < 0 or self._characters < 0:
            raise LayerError(
                f"brings the image to more than {PLACES} files and directories, or to more than "
                f"{CHARACTERS} characters in their paths, which is more than Lading reads. Choose "
                "another base."
            )
