"""Which pictures are sent, and where each result goes; all of it is checked before anything is sent."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from darkroom_client.cli.common import UsageError, plain
from darkroom_client.media import JSON, TYPES, is_address, is_picture, suffix_of, type_named, type_of

STEM = "{stem}"
"""Placeholder in an output's name for the picture's name without its suffix."""


class Where(Enum):
    """Where a result goes."""

    REMOTE = "an address, where the server stores it"
    STDOUT = "stdout"
    BESIDE = "a new file beside the picture"
    FOLDER = "a file of the output folder"
    FILE = "the file that was named"


@dataclass(frozen=True)
class Job:
    """One picture. `source` is a file or an address, None for stdin.

    The response determines the suffix of `target`, except for `Where.FILE`. `whole`: two pictures share the stem, so a
    new suffix is added to the whole name. `address` is where the server stores the result, for `Where.REMOTE`.
    """

    source: Path | str | None
    where: Where
    target: Path = Path()
    whole: bool = False
    address: str = ""

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

    def existing(self, content_type: str | None) -> Path | None:
        """The file that is there already and that a response of this media type would replace; None: of any type."""
        if self.where not in {Where.BESIDE, Where.FOLDER, Where.FILE}:
            return None
        known = [content_type] if content_type else [JSON, *dict.fromkeys(TYPES.values())]
        return next((path for path in map(self.path_for, known) if os.path.lexists(path)), None)


@dataclass(frozen=True)
class Plan:
    """The pictures, and how many files of the folders were skipped because their suffix is not a picture's.

    `where` says where the results go, as the end of a sentence.
    """

    jobs: list[Job]
    skipped: int = 0
    where: str = "in their folders"
    folders: bool = False


def plan(inputs: Sequence[str], output: str | None, option: str = "-o", *, kind: str | None = None) -> Plan:
    """The plan for these inputs and this output; UsageError if they contradict each other.

    `option` is the option that named the output, `kind` the format that is asked for. With `json` and no output,
    findings are printed, those of all pictures of a folder too.
    """
    if "-" in inputs:
        return Plan([_stdin_job(inputs, output, option)])
    if any(map(is_address, [*inputs, output or ""])):
        return _with_addresses(inputs, output, kind)
    paths = [_existing(text) for text in inputs]
    if output is None and kind == "json" and any(path.is_dir() for path in paths):
        return _printed(paths)
    made = _local(paths, output)
    return replace(made, folders=any(path.is_dir() for path in paths))


def _printed(paths: list[Path]) -> Plan:
    """Findings of every picture, printed."""
    found = [entry for path in paths for entry in _entries(path, None, only_input=len(paths) == 1)]
    jobs = [Job(file, Where.BESIDE, file) for file, below in found if below is not None]
    if not jobs:
        raise UsageError(f"there are no pictures in {', '.join(map(str, paths))}.")
    return Plan(jobs, len(found) - len(jobs))


def _with_addresses(inputs: Sequence[str], output: str | None, kind: str | None) -> Plan:
    """The plan where the server reads or writes: an address is an object there, or with a / at its end a folder."""
    if output is None or not is_address(output):
        return _from_addresses(inputs, output)
    sources = [text if is_address(text) else _existing(text) for text in inputs]
    many = len(sources) > 1 or (isinstance(sources[0], Path) and sources[0].is_dir())
    if not output.endswith("/"):
        if many:
            raise UsageError(plain(f"{output} is one object, but several pictures need a folder: end it with /."))
        return Plan([Job(sources[0], Where.REMOTE, address=output)])
    found = [entry for source in sources for entry in _places(source, only_input=len(sources) == 1)]
    jobs = [Job(file, Where.REMOTE, address=output + _remote_name(below, kind)) for file, below in found if below]
    return Plan(jobs, len(found) - len(jobs), f"in {output}")


def _places(source: Path | str, *, only_input: bool) -> Iterable[tuple[Path | str, Path | None]]:
    """Each picture of an input with its place below the folder of results, None if its name is not a picture's."""
    if isinstance(source, str):
        return [(source, Path(_name_of(source)))]
    return _entries(source, None, only_input=only_input)


def _from_addresses(inputs: Sequence[str], output: str | None) -> Plan:
    """Pictures at addresses, and maybe files, whose results come back."""
    folder = Path(output) if output and (_is_folder(output) or len(inputs) > 1) and output != "-" else None
    jobs = []
    for text in inputs:
        source = text if is_address(text) else _existing(text)
        name = Path(_name_of(source))
        if isinstance(source, Path) and source.is_dir():
            raise UsageError(f"{source} is a folder: send folders and addresses separately.")
        if folder is not None:
            jobs.append(Job(source, Where.FOLDER, folder / name))
        elif isinstance(source, Path) or output is not None:
            jobs.append(replace(_plain_job(name, output, many=len(inputs) > 1), source=source))
        else:
            jobs.append(Job(source, Where.BESIDE, Path(f"{name.stem}-darkroom{name.suffix}")))
    return Plan(_distinct(jobs), where=f"in {folder}" if folder else "in this folder")


def _name_of(source: Path | str) -> str:
    """The file name of a path, or in an address, whose key may be percent-encoded and have a query."""
    if isinstance(source, Path):
        return source.name
    return PurePosixPath(unquote(source.partition("?")[0])).name or "picture"


def _remote_name(below: Path, kind: str | None) -> str:
    """The name of an object, with the suffix of the format: the server goes by it."""
    if kind is None:
        return below.as_posix()
    return below.with_suffix(suffix_of(JSON if kind == "json" else type_named(kind))).as_posix()


def _local(paths: list[Path], output: str | None) -> Plan:
    """The plan for files and folders of this machine."""
    many = len(paths) > 1 or any(path.is_dir() for path in paths)
    if output == "-" or output is None or not (many or _is_folder(output)):
        return Plan(_distinct([_plain_job(path, output, many=many) for path in paths]))
    folder = Path(output)
    if not _is_folder(output) and (folder.exists() or type_of(folder)):
        raise UsageError(plain(f"{output} is a file, but several pictures need a folder: end its name with /."))
    return _into_folder(paths, folder)


def plan_detections(inputs: Sequence[str], drawn: str | None) -> Plan:
    """Which pictures to send, and where the drawn ones go: nowhere, a file, a folder, or a name with {stem} in it."""
    if drawn == "-" or is_address(drawn):
        raise UsageError("stdout is for the findings, and an address for what `run` makes: give --draw a file.")
    if "-" in inputs and drawn and STEM in drawn:
        raise UsageError("a picture from stdin has no name: give --draw a file.")
    if "-" in inputs or (drawn is not None and STEM not in drawn):
        return plan(inputs, drawn, "--draw")
    sources = [text if is_address(text) else _existing(text) for text in inputs]
    found = [entry for source in sources for entry in _places(source, only_input=True)]
    files = [file for file, below in found if below is not None]
    if not files:
        raise UsageError(plain(f"there are no pictures in {', '.join(inputs)}."))
    if drawn is None:
        return Plan([Job(file, Where.STDOUT) for file in files], len(found) - len(files))
    jobs = [Job(file, Where.FILE, Path(drawn.replace(STEM, Path(_name_of(file)).stem))) for file in files]
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
