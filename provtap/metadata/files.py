"""The metadata files, our own and an operator's, as parsed YAML."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from provtap.errors import SettingsError


@dataclass(frozen=True)
class MetadataFile:
    """One metadata file."""

    name: str
    content: bytes

    def parse(self) -> Any:
        """Return the content of the file, not yet checked.

        Raises: SettingsError.
        """
        try:
            return yaml.load(self.content, Loader=_Loader)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise SettingsError(f"The metadata file {self.name} is not valid YAML: {error}") from error


def metadata_files(metadata_dir: Path | None) -> list[MetadataFile]:
    """Return our files, then those of *metadata_dir*, each in alphabetical order.

    Raises: SettingsError for a directory without a metadata file.
    """
    found = _yaml_files(files("provtap.tap_schema"))
    if metadata_dir is not None:
        theirs = _yaml_files(metadata_dir) if metadata_dir.is_dir() else []
        if not theirs:
            raise SettingsError(f"The metadata directory {metadata_dir} has no *.yaml file.")
        found += theirs
    return [MetadataFile(file.name, file.read_bytes()) for file in found]


def digest(all_files: Iterable[MetadataFile]) -> str:
    """Return the SHA-256 of the names and contents of the files."""
    sha256 = hashlib.sha256()
    for file in all_files:
        sha256.update(f"{file.name} {len(file.content)}\n".encode() + file.content)
    return sha256.hexdigest()


def _yaml_files(directory: Traversable) -> list[Traversable]:
    return sorted((f for f in directory.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A loader that rejects duplicate keys, of which YAML would silently keep the last."""


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:
    pairs = loader.construct_pairs(node, deep=True)
    keys = [key for key, _ in pairs]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        raise yaml.constructor.ConstructorError(None, None, f"{twice} is given twice", node.start_mark)
    return dict(pairs)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
