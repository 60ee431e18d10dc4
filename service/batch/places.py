"""Folders of this machine as buckets, so that a command may name them by paths."""

import os
import re
from pathlib import Path

from core.identity import sha256
from service.batch.errors import BatchError

_NO_NAME = re.compile(r"[^A-Za-z0-9._-]")


class Places:
    """Makes addresses of paths. `folders` are the buckets that were made, by name.

    A path below `root` is the address that a server has for it, so that both agree on what is done.
    """

    def __init__(self, root: Path | None) -> None:
        self.folders: dict[str, Path] = {}
        self._root = root.resolve() if root else None

    def source(self, text: str) -> str:
        """The address of a folder, or of one file. An address stays one.

        It tells the folder from others of its name: results carry it as their mark, and the ledger is found by it.
        """
        if "://" in text:
            return text
        path = Path(text).resolve()
        if path.is_file():
            return f"{self._bucket(path.parent, is_source=True)}{path.name}"
        if not path.is_dir():
            raise BatchError(f'There is no folder "{text}".')
        return self._bucket(path, is_source=True)

    def target(self, text: str) -> str:
        """The address of a folder that may not exist yet, or a template that begins with one."""
        if "://" in text:
            return text
        folder, brace, rest = text.partition("{")
        if brace:
            folder, _, last = folder.rpartition("/")
            return f"{self._bucket(Path(folder or '.').resolve())}{last}{brace}{rest}"
        return self._bucket(Path(text).resolve())

    def make(self) -> None:
        """Make the folders that do not exist. BatchError where one cannot be made."""
        for folder in self.folders.values():
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise BatchError(f'The folder "{folder}" cannot be made: {error.strerror}.') from None

    def _bucket(self, folder: Path, *, is_source: bool = False) -> str:
        if self._root is not None and self._root in folder.parents:
            return f"file://{folder.relative_to(self._root).as_posix()}/"
        if folder.parent == folder:
            raise BatchError("The root of the file system cannot be processed: name a folder.")
        for name, other in self.folders.items():
            if other == folder:
                return f"file://{name}/"
            if other in folder.parents or folder in other.parents:
                raise BatchError(f'One of the folders "{other.name}" and "{folder.name}" is inside the other.')
        name = self._name(folder, f"-{sha256(os.fsencode(folder))[:8]}" if is_source else "")
        self.folders[name] = folder
        return f"file://{name}/"

    def _name(self, folder: Path, end: str) -> str:
        """A bucket's name for a folder: its own and an end, with a number if another has that."""
        plain = (_NO_NAME.sub("-", folder.name).strip("-._")[:200] or "folder") + end
        names = (plain if number == 1 else f"{plain}-{number}" for number in range(1, 1000))
        return next(name for name in names if self.folders.get(name, folder) == folder)


def absolute(text: str) -> str:
    """A path as it is called in every folder; an address as it is."""
    return text if not text or "://" in text else str(Path.cwd() / text)
