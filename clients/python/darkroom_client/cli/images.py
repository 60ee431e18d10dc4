"""`darkroom images`: pictures stored on the server."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, cast

from darkroom_client.cli.common import Exit, UsageError, complain, connect, plain, say
from darkroom_client.cli.table import line, table
from darkroom_client.client import Darkroom
from darkroom_client.errors import DarkroomError
from darkroom_client.images import Image

_COLUMNS = ("id", "name", "format", "width", "height", "kB", "taken or added")


def images(args: Namespace) -> int:
    """List, put, get, remove, or find similar pictures."""
    if args.output and args.verb != "get":
        raise UsageError("-o is for `darkroom images get`.")
    with connect(args) as darkroom:
        return _VERBS[args.verb](darkroom, args)


def _list(darkroom: Darkroom, args: Namespace) -> Exit:
    page = darkroom.images(**_query(args.words))
    _show(page.images, args)
    if page.next and not args.json:
        line(f"\nmore:  darkroom images list {' '.join([*args.words, f'cursor={page.next}'])}")
    return Exit.DONE


def _similar(darkroom: Darkroom, args: Namespace) -> Exit:
    first, *rest = args.words or [""]
    if not first or "=" in first:
        raise UsageError("similar to which?  darkroom images similar ID  (`darkroom images list` shows ids)")
    _show(darkroom.images(**_query([f"similar_to={first}", *rest])).images, args)
    return Exit.DONE


def _query(words: Iterable[str]) -> dict[str, str]:
    pairs = [word.partition("=") for word in words]
    for key, equals, value in pairs:
        if not (key.isidentifier() and equals and value):
            raise UsageError(plain(f'"{key}{equals}" is not KEY=VALUE, as in min_width=1920.'))
    return {key: value for key, _, value in pairs}


def _put(darkroom: Darkroom, args: Namespace) -> Exit:
    """Each file on its own: if one is refused, the others are still sent."""
    if not args.words:
        raise UsageError("which pictures?  darkroom images put FILE …")
    stored, worst = [], Exit.DONE
    for path in map(Path, args.words):
        try:
            with path.open("rb") as file, _with_progress(file, path) as tracked:
                stored.append(darkroom.put_image(tracked, name=path.name))
        except (DarkroomError, OSError) as error:
            say(plain(f"{path}:"))
            worst = complain(error)
    if stored:
        _show(stored, args)
    return Exit.SOME_FAILED if worst and stored else worst


@contextmanager
def _with_progress(file: BinaryIO, path: Path) -> Iterator[BinaryIO]:
    """The file, with a progress bar if stderr is a terminal."""
    if not sys.stderr.isatty():
        yield file
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(plain(path.name), total=path.stat().st_size)
        yield cast("BinaryIO", _TrackedFile(file, lambda at: progress.update(task, completed=at)))


class _TrackedFile:
    """A file that reports its position after each read. Its `raw` shows that its length on disk is the true one."""

    def __init__(self, file: BinaryIO, report: object) -> None:
        self._file = file
        self._report = report
        self.raw = getattr(file, "raw", None)

    def read(self, count: int = -1) -> bytes:
        piece = self._file.read(count)
        self._report(self._file.tell())  # type: ignore[operator]
        return piece

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)


def _get(darkroom: Darkroom, args: Namespace) -> Exit:
    if len(args.words) != 1:
        raise UsageError("which one?  darkroom images get ID  (`darkroom images list` shows ids)")
    (wanted,) = args.words
    if args.output == "-":
        sys.stdout.buffer.write(darkroom.original(wanted).data)
    elif args.output:
        darkroom.original(wanted).save(args.output, force=args.force)
    else:
        _explain(darkroom.image(wanted), args)
    return Exit.DONE


def _explain(image: Image, args: Namespace) -> None:
    if args.json:
        _show([image], args)
        return
    for name, value in asdict(image).items():
        if value not in (None, ()):
            line(f"{name:<9}{', '.join(value) if isinstance(value, tuple) else value}")
    line(f"\nits bytes:  darkroom images get {image.id} -o FILE")


def _remove(darkroom: Darkroom, args: Namespace) -> Exit:
    if not args.words:
        raise UsageError("which ones?  darkroom images rm ID …  (`darkroom images list` shows ids)")
    failed = []
    for wanted in args.words:
        try:
            darkroom.delete_image(wanted)
        except DarkroomError as error:
            failed.append(complain(error))
    return Exit.DONE if not failed else Exit.SOME_FAILED if len(failed) < len(args.words) else failed[-1]


def _show(rows: Iterable[Image], args: Namespace) -> None:
    if args.json:
        for row in rows:
            sys.stdout.write(json.dumps(asdict(row)) + "\n")
        return
    rows = list(rows)
    alike = any(row.distance is not None for row in rows)
    columns = (*_COLUMNS, "distance") if alike else _COLUMNS
    table(columns, (_cells(row, alike=alike) for row in rows), {"width", "height", "kB", "distance"})


def _cells(row: Image, *, alike: bool) -> tuple[str, ...]:
    when = (row.taken or row.added)[:16].replace("T", " ")
    cells = (row.id, row.name, row.format, str(row.width), str(row.height), f"{row.bytes / 1000:.0f}", when)
    return (*cells, "" if row.distance is None else str(row.distance)) if alike else cells


_VERBS = {"list": _list, "put": _put, "get": _get, "rm": _remove, "similar": _similar}
