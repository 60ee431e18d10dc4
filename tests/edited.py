"""The program as it would be with a few lines more: a module is run from an edited text, in a process of its own."""

import importlib.machinery
import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType

from tests.conftest import ROOT
from tests.waiting import PATIENCE


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a module from its own file, as another file has its text."""

    def __init__(self, name: str, path: str, edited: str) -> None:
        super().__init__(name, path)
        self.edited = edited

    def get_code(self, fullname: str) -> CodeType:
        assert fullname == self.name
        return compile(Path(self.edited).read_text(), self.path, "exec", dont_inherit=True)


class _Finder:
    """Finds one module, before anybody else does."""

    def __init__(self, name: str, path: str, edited: str) -> None:
        self.loader = _Loader(name, path, edited)

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self.loader.name:
            return None
        return importlib.util.spec_from_file_location(name, self.loader.path, loader=self.loader)


def edit(name: str, path: str, edited: str) -> None:
    """From now on, import a module from the edited text."""
    assert name not in sys.modules
    sys.meta_path.insert(0, _Finder(name, path, edited))  # type: ignore[arg-type]


def run_edited(name: str, old: str, new: str, code: str, folder: Path) -> list[str]:
    """The lines that `code` prints where a module has `new` instead of its only `old`."""
    path = ROOT / f"{name.replace('.', '/')}.py"
    text = path.read_text()
    assert text.count(old) == 1
    (folder / "edited.py").write_text(text.replace(old, new))
    start = f"from tests.edited import edit; edit({name!r}, {str(path)!r}, {str(folder / 'edited.py')!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", start + code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()
