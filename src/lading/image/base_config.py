"""The config of a pulled image, which images on top of it inherit (OCI image-spec, config.md)."""

import json
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Sequence

from lading.errors import LadingError
from lading.foreign_text import shown

_TYPES = {"Env": list, "Labels": dict, "ExposedPorts": dict, "Volumes": dict}

# What images on top of it say, in the base's place or besides.
_OWN = ("architecture", "os", "variant", "created", "config", "rootfs", "history")
_OWN_RUNTIME = (
    *("Cmd", "Entrypoint", "Env", "ExposedPorts", "Healthcheck", "Labels", "StopSignal", "User"),
    *("Volumes", "WorkingDir"),
)

#: What the history says of a layer that the base's own history does not account for.
_UNTOLD = "a layer of the base"


@dataclass(frozen=True)
class BaseConfig:
    """`text` is the JSON as the registry has it. Keys that Lading does not know are kept."""

    text: str

    def __post_init__(self) -> None:
        """A LadingError where what is to be merged has another form than the specification's."""
        _check_spelling(self.fields, _OWN)
        _check_spelling(self.runtime_fields, _OWN_RUNTIME)
        for name, kind in _TYPES.items():
            value = self.runtime_fields.get(name) or kind()
            if not isinstance(value, kind) or not all(map(_is_text, value)):
                raise LadingError(
                    f"the base's config has {shown(repr(value))} for `{name}`, which no runtime "
                    "takes. Choose another base."
                )

    @property
    def fields(self) -> Dict[str, Any]:
        fields: Dict[str, Any] = json.loads(self.text)
        return fields

    @property
    def runtime_fields(self) -> Mapping[str, Any]:
        """What is under `config`; podman and umoci leave it out where it is empty."""
        value = self.fields.get("config") or {}
        if not isinstance(value, dict):
            raise LadingError(f"the base's config is {shown(repr(value))}. Choose another base.")
        return value

    @property
    def environment(self) -> Dict[str, str]:
        pairs = (text.partition("=") for text in self.runtime_fields.get("Env") or [])
        return {name: value for name, _, value in pairs}

    @property
    def layer_count(self) -> int:
        return len(self.fields["rootfs"].get("diff_ids") or ())

    def history(self, created: str) -> List[Dict[str, Any]]:
        """The base's own, if it accounts for each layer; else an entry a layer (rules_oci#645).

        Entries with `empty_layer` are of instructions that made no layer.
        """
        entries = self.fields.get("history")
        if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            entries = []
        if sum(not entry.get("empty_layer") for entry in entries) == self.layer_count:
            return entries
        return [{"created": created, "created_by": _UNTOLD} for _ in range(self.layer_count)]

    def merged(self, own: Mapping[str, Any]) -> Dict[str, Any]:
        """The runtime fields of an image that says `own` of itself; the rules are those of
        `lading.image.inherit`.

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


def _check_spelling(fields: Mapping[str, Any], names: Sequence[str]) -> None:
    """Go, and so docker, takes `user` for `User`, and the last one counts: what the base says there
    would go before what the image says."""
    meant = {name.casefold(): name for name in names}
    for name in fields:
        if meant.get(name.casefold(), name) != name:
            raise LadingError(
                f"the base's config has `{shown(name)}`, which some programs take for "
                f"`{meant[name.casefold()]}`. Choose another base."
            )


def _is_text(value: object) -> bool:
    """Without what ends a text in the kernel."""
    return isinstance(value, str) and "\0" not in value


def _merged_variables(base: List[str], own: List[str]) -> List[str]:
    variables = {text.partition("=")[0]: text for text in base}
    return list({**variables, **{text.partition("=")[0]: text for text in own}}.values())
