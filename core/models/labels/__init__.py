"""Names of classes: the lists beside this file, and those that an ONNX file carries."""

import ast
import mmap
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
_METADATA = 14
"""Field of `metadata_props` in ModelProto; in its entries 1 is the key and 2 the value. Source:
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto"""
_LONGEST = 256 * 1024
_MOST = 65536


@cache
def shipped_labels(name: str) -> tuple[str, ...] | None:
    """The list of this name beside this file, or None."""
    path = _HERE / f"{name}.txt"
    return tuple(path.read_text("utf-8").splitlines()) if path.parent == _HERE and path.is_file() else None


def shipped_lists() -> list[str]:
    """The names of the lists beside this file."""
    return sorted(path.stem for path in _HERE.glob("*.txt"))


def read_names(path: Path) -> tuple[str, ...]:
    """Names of classes in an ONNX file's metadata `names`: a list or a dictionary by index, read as a literal.

    Nothing is imported or executed. Empty if the file is damaged, is not ONNX or has no such metadata.
    """
    if path.suffix != ".onnx" or not path.stat().st_size:
        return ()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        entries = [dict(_fields(entry)) for number, entry in _fields(data) if number == _METADATA]
    return next((_names(entry.get(2, b"")) for entry in entries if entry.get(1) == b"names"), ())


def _fields(data: mmap.mmap | bytes) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of each length-delimited field; long ones are skipped. Stops where the data is damaged."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == 0:
            _, at = _varint(data, at)
        elif kind in {1, 5}:
            at += 8 if kind == 1 else 4
        elif kind == 2:
            length, at = _varint(data, at)
            if length <= _LONGEST and at + length <= len(data):
                yield tag >> 3, data[at : at + length]
            at += length
        else:
            return


def _varint(data: mmap.mmap | bytes, at: int) -> tuple[int, int]:
    """A number in base 128, and where the next begins; beyond the end it is 0."""
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        at, value, shift = at + 1, value | (byte & 127) << shift, shift + 7
        if byte < 128:
            return value, at
    return 0, len(data)


def _names(text: bytes) -> tuple[str, ...]:
    try:
        read = ast.literal_eval(text.decode("utf-8"))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ()
    if isinstance(read, dict):
        return _by_index(read)
    return tuple(map(str, read)) if isinstance(read, list | tuple) else ()


def _by_index(names: dict[object, object]) -> tuple[str, ...]:
    """The names of a dictionary from index to name; an index that is left out is named by its number."""
    whole = {index: str(name) for index, name in names.items() if isinstance(index, int) and 0 <= index < _MOST}
    return tuple(whole.get(index, str(index)) for index in range(max(whole) + 1)) if whole else ()
