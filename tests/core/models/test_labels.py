"""Names of classes in an ONNX file's metadata; the files are made here, byte by byte."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models.labels import read_names, shipped_labels


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def onnx(*metadata: tuple[str, str]) -> bytes:
    """A ModelProto: version, producer, a graph of 300 kB of zeros, then metadata."""
    head = (
        varint(1 << 3) + varint(8) + field(2, b"maker") + varint(9 << 3 | 5) + b"1234" + varint(10 << 3 | 1) + b"8" * 8
    )
    tail = b"".join(field(14, field(1, key.encode()) + field(2, value.encode())) for key, value in metadata)
    return head + field(7, bytes(300_000)) + tail


def names_of(tmp_path: Path, data: bytes, name: str = "model.onnx") -> tuple[str, ...]:
    (tmp_path / name).write_bytes(data)
    return read_names(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{0: 'person', 1: 'hot dog'}", ("person", "hot dog")),
        ("{1: 'b', 0: 'a'}", ("a", "b")),
        ("{0: 'a', 3: 'd'}", ("a", "1", "2", "d")),
        ("['a', \"b\"]", ("a", "b")),
        ("('a',)", ("a",)),
        ("{}", ()),
        ("{'a': 'b'}", ()),
        ("{0: __import__('os').system('true')}", ()),
        ("exit()", ()),
        ("{0: 'a'", ()),
        ("{-1: 'a'}", ()),
        ("{999999999: 'a'}", ()),
        ("[" * 5000, ()),
        ("", ()),
        ("7", ()),
    ],
    ids=lambda value: str(value)[:30],
)
def test_names(tmp_path: Path, text: str, names: tuple[str, ...]) -> None:
    assert names_of(tmp_path, onnx(("stride", "32"), ("names", text), ("task", "detect"))) == names


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\xff" * 40, onnx(), onnx(("names", "{0: 'a'}"))[:-3], field(14, b"\x0a\xff")]
)
def test_no_names(tmp_path: Path, data: bytes) -> None:
    assert names_of(tmp_path, data) == ()


def test_only_onnx_is_looked_into(tmp_path: Path) -> None:
    assert names_of(tmp_path, onnx(("names", "{0: 'a'}")), "model.tflite") == ()


@given(data=st.binary(max_size=400))
def test_any_bytes_are_survived(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    assert isinstance(names_of(tmp_path_factory.mktemp("onnx"), data), tuple)


def test_a_real_file_without_names(data: Path) -> None:
    assert read_names(data / "models/yolox/yolox_nano.onnx") == ()


@pytest.mark.parametrize("name", ["nothing", "../labels/coco80", "", "coco80.txt", "/etc/hostname"])
def test_no_such_list(name: Any) -> None:
    assert shipped_labels(name) is None
