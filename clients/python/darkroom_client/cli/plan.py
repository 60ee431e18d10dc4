"""Which pictures are sent, and where each result goes; all of it is checked before anything is sent."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from darkroom_client.cli.common import UsageError, plain
from darkroom_client.media import is_picture, suffix_of, type_of

STEM = "{stem}"
"""Placeholder in an output's name for the picture's name without its suffix."""


class Where(Enum):
    """Where a result goes."""

    STDOUT = "stdout"
    BESIDE = "a new file beside the picture"
    FOLDER = "a file of the output folder"
    FILE = "the file that was named"


@dataclass(frozen=True)
class Job:
    """One picture. `source` None is stdin. The response determines the suffix of `target`, except for `Where.FILE`.

    `whole`: two pictures share the stem, so a new suffix is added to the whole name.
    """

    source: Path | None
    where: Where
    target: Path = Path()
    whole: bool = False

    @property
    def label(self) -> str:
        """The picture as the user named it."""
        return str(self.source or "-")

    def path_for(self, content_type: str) -> Path:
        """The file to write for a response of this media type."""
        if self.where is Where.FILE or type_of(self.target) == content_type:
            return self.target
        known = type_of(self.target) is not None
        base = self.target.stem if known and not self.whole else self.target.name
        return self.target.with_name(base + suffix_of(content_type))


@dataclass(frozen=True)
class Plan:
    """The pictures, and how many files of the folders were skipped because their suffix is not a picture's.

    `where` says where the results go, as the end of a sentence.
    """

    jobs: list[Job]
    skipped: int = 0
    where: str = "in their folders"


def plan(inputs: Sequence[str], output: str | None, option: str = "-o") -> Plan:
    """The plan for these inputs and this output; UsageError if they contradict each other.

    `option` is the option that named the output.
    """
    if "-" in inputs:
        return Plan([_stdin_job(inputs, output, option)])
    paths = [_existing(text) for text in inputs]
    many = len(paths) > 1 or any(path.is_dir() for path in paths)
    if output == "-" or output is None or not (many or _is_folder(output)):
        return Plan(_distinct([_plain_job(path, output, many=many) for path in paths]))
    folder = Path(output)
    if not _is_folder(output) and (folder.exists() or type_of(folder)):
        raise UsageError(plain(f"{output} is a file, but several pictures need a folder: end its name with /."))
    return _into_folder(paths, folder)


def plan_detections(inputs: Sequence[str], drawn: str | None) -> Plan:
    """Which pictures to send, and where the drawn ones go: nowhere, a file, a folder, or a name with {stem} in it."""
    if drawn == "-":
        raise UsageError("stdout is for the findings: give --draw a file.")
    if "-" in inputs and drawn and STEM in drawn:
        raise UsageError("a picture from stdin has no name: give --draw a file.")
    if "-" in inputs or (drawn is not None and STEM not in drawn):
        return plan(inputs, drawn, "--draw")
    found = [entry for text in inputs for entry in _entries(_existing(text), None, only_input=True)]
    files = [file for file, below in found if below is not None]
    if not files:
        raise UsageError(plain(f"there are no pictures in {', '.join(inputs)}."))
    if drawn is None:
        return Plan([Job(file, Where.STDOUT) for file in files], len(found) - len(files))
    jobs = [Job(file, Where.FILE, Path(drawn.replace(STEM, file.stem))) for file in files]
    _check_distinct(jobs)
    return Plan(jobs, len(found) - len(files), f"as {drawn}")


def _stdin_job(inputs: Sequence[str], output: str | None, option: str) -> Job:
    if len(inputs) > 1:
        raise UsageError("- (stdin) must be the only input.")
    if output is None or output == "-":
        return Job(None, Where.STDOUT)
    if _is_folder(output):
        raise UsageError(f"a picture from stdin has no name: give {option} a file.")
    return Job(None, Where.FILE, Path(output))


def _plain_job(path: Path, output: str | None, *, many: bool) -> Job:
    if path.is_dir():
        raise UsageError(f"{path} is a folder: name the output folder with -o FOLDER.")
    if output is None:
        return Job(path, Where.BESIDE, path.with_name(f"{path.stem}-darkroom{path.suffix}"))
    if output == "-":
        if many:
            raise UsageError("stdout takes one picture only: use -o FOLDER for several.")
        return Job(path, Where.STDOUT)
    return Job(path, Where.FILE, Path(output))


def _into_folder(paths: list[Path], folder: Path) -> Plan:
    found = [entry for path in paths for entry in _entries(path, folder, only_input=len(paths) == 1)]
    jobs = [Job(path, Where.FOLDER, folder / below) for path, below in found if below is not None]
    if not jobs:
        raise UsageError(f"there are no pictures in {', '.join(map(str, paths))}.")
    return Plan(_distinct(jobs), len(found) - len(jobs), f"in {folder}")


def _entries(path: Path, output: Path | None, *, only_input: bool) -> Iterator[tuple[Path, Path | None]]:
    """Each file with its place below the output folder, None if its name is not a picture's."""
    if not path.is_dir():
        yield path, Path(path.name)
        return
    top = Path() if only_input else Path(path.resolve().name)
    for file in _walk(path, output and output.resolve()):
        yield file, top / file.relative_to(path) if is_picture(file) else None


def _walk(folder: Path, output: Path | None) -> Iterator[Path]:
    """Files of a folder and its subfolders, in order, without hidden ones and without the output folder itself."""
    for name, folders, files in os.walk(folder, onerror=_raise):
        here = Path(name)
        folders[:] = sorted(sub for sub in folders if not sub.startswith(".") and (here / sub).resolve() != output)
        yield from (here / file for file in sorted(files) if not file.startswith("."))


def _raise(error: OSError) -> None:
    raise error


def _distinct(jobs: list[Job]) -> list[Job]:
    """The jobs, with no two writing the same file."""
    named = [job for job in jobs if job.where in {Where.BESIDE, Where.FOLDER}]
    _check_distinct(named)
    stems = Counter(job.target.with_suffix("") for job in named)
    return [replace(job, whole=stems[job.target.with_suffix("")] > 1) if job in named else job for job in jobs]


def _check_distinct(jobs: list[Job]) -> None:
    clash = next((path for path, count in Counter(job.target for job in jobs).items() if count > 1), None)
    if clash:
        raise UsageError(plain(f"two of the pictures would both be written to {clash}: send them separately."))


def _existing(text: str) -> Path:
    path = Path(text)
    if not path.exists():
        raise UsageError(plain(f"there is no file {text}."))
    return path


def _is_folder(output: str) -> bool:
    return output.endswith(("/", os.sep)) or Path(output).is_dir()
