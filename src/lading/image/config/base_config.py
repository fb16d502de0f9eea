"""The config of a pulled image, which the images on top of it inherit (OCI image-spec,
config.md)."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Dict, List, Mapping, Sequence

from lading.image.config.config_type import read_config
from lading.image.config.go_json import MalformedError
from lading.values.errors import LadingError

#: The history entry of a layer that the base's own history does not account for.
_UNTOLD = "a layer of the base"


@dataclass(frozen=True)
class BaseConfig:
    """`text` is the JSON as it is in the registry. Unknown keys are kept."""

    text: str

    def __post_init__(self) -> None:
        """Raises a LadingError if it is not the config of an image."""
        try:
            self.fields  # noqa: B018
        except MalformedError as error:
            raise LadingError(f"the base can't be used: {error}.") from error

    @cached_property
    def fields(self) -> Mapping[str, Any]:
        """The document by Go's field names; its types are those of `CONFIG`."""
        return read_config(json.loads(self.text))

    @property
    def runtime_fields(self) -> Mapping[str, Any]:
        """The value of `config`; podman and umoci leave it out when it is empty."""
        return self.fields.get("config") or {}

    @property
    def environment(self) -> Dict[str, str]:
        pairs = (text.partition("=") for text in self.runtime_fields.get("Env") or [])
        return {name: value for name, _, value in pairs}

    @property
    def diff_ids(self) -> Sequence[str]:
        """Lowest first."""
        return (self.fields.get("rootfs") or {}).get("diff_ids") or ()

    @property
    def layer_count(self) -> int:
        return len(self.diff_ids)

    def history(self, created: str) -> List[Dict[str, Any]]:
        """The base's own history if it accounts for each layer; otherwise one entry for each layer
        (rules_oci#645).

        Entries with `empty_layer` belong to instructions that made no layer.
        """
        entries: List[Dict[str, Any]] = self.fields.get("history") or []
        if sum(not entry.get("empty_layer") for entry in entries) == self.layer_count:
            return entries
        return [{"created": created, "created_by": _UNTOLD} for _ in range(self.layer_count)]

    def merged(self, own: Mapping[str, Any]) -> Dict[str, Any]:
        """The base's runtime fields merged with `own`, the fields of the image on top, by the rules
        of `lading.image.config.inherit`.

        Variables keep the base's order, and new ones follow. An empty list or dictionary in `own`
        removes the base's.
        """
        base = self.runtime_fields
        merged = {**base, **own}
        if "Entrypoint" in own and "Cmd" not in own:
            merged.pop("Cmd", None)
        for name in ("Labels", "ExposedPorts", "Volumes"):
            if name in own:
                merged[name] = {**(base.get(name) or {}), **own[name]}
        if "Env" in own:
            merged["Env"] = _merged_variables(base.get("Env") or [], own["Env"])
        return {name: value for name, value in merged.items() if value or name not in own}


def _merged_variables(base: List[str], own: List[str]) -> List[str]:
    variables = {text.partition("=")[0]: text for text in base}
    return list({**variables, **{text.partition("=")[0]: text for text in own}}.values())
