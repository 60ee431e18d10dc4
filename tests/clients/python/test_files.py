import gzip
import io
import os
from collections.abc import Callable
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import pytest
from darkroom_client.files import Writer, opened


def _pipe() -> Any:
    reader, writer = os.pipe()
    os.write(writer, b"picture")
    os.close(writer)
    return os.fdopen(reader, "rb")


def _moved(path: Path) -> Any:
    path.write_bytes(b"xxpicture")
    file = path.open("rb")
    file.seek(2)
    return file


def _zipped(path: Path) -> Any:
    with gzip.open(path, "wb") as file:
        file.write(b"picture")
    return gzip.open(path)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda _: b"picture", id="bytes"),
        pytest.param(lambda _: bytearray(b"picture"), id="bytearray"),
        pytest.param(lambda path: path.write_bytes(b"picture") and path, id="path"),
        pytest.param(lambda path: path.write_bytes(b"picture") and str(path), id="text-path"),
        pytest.param(lambda _: io.BytesIO(b"picture"), id="bytesio"),
        pytest.param(lambda _: _pipe(), id="pipe"),
        pytest.param(_moved, id="file-in-its-middle"),
        pytest.param(_zipped, id="gzip-file"),
    ],
)
def test_opened_gives_the_whole_picture_twice(make: Callable[[Path], Any], tmp_path: Path) -> None:
    picture = make(tmp_path / "a.jpg")
    with closing(picture) if hasattr(picture, "close") else nullcontext(), opened(picture) as (name, content):
        assert name
        if isinstance(content, bytes):
            assert content == b"picture"
            return
        for _ in range(2):
            content.seek(0)
            assert content.read() == b"picture"


@pytest.mark.parametrize("thing", [None, 3, io.StringIO("text")], ids=["none", "number", "text-file"])
def test_opened_refuses(thing: Any) -> None:
    with pytest.raises(TypeError), opened(thing):
        pass


def test_a_name_that_is_no_text_can_be_sent(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.jpg"))
    path.write_bytes(b"x")
    with opened(path) as (name, _):
        assert name.encode("utf-8") == b"?.jpg"


def test_writes_whole_with_the_usual_permissions(tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.touch()
    Writer().save(tmp_path / "new/out.jpg", b"data")
    assert (tmp_path / "new/out.jpg").read_bytes() == b"data"
    assert (tmp_path / "new/out.jpg").stat().st_mode == usual.stat().st_mode


def test_never_overwrites_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "out.jpg"
    path.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        Writer().save(path, b"new")
    assert path.read_bytes() == b"old"
    Writer(force=True).save(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_special_file_is_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link"):
        for force in (False, True):
            with pytest.raises(OSError, match="special file"):
                Writer(force=force).save(tmp_path / name, b"data")
    assert (tmp_path / "pipe").is_fifo()
    assert sorted(found.name for found in tmp_path.iterdir()) == ["link", "pipe"]


def test_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)  # FAT cannot be mounted in a test
    Writer().save(tmp_path / "out.jpg", b"data")
    with pytest.raises(FileExistsError):
        Writer().save(tmp_path / "out.jpg", b"other")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("out.jpg", b"data")]


def test_stopped_writes_nothing_more(tmp_path: Path) -> None:
    writer = Writer()
    writer.stop()
    with pytest.raises(InterruptedError):
        writer.save(tmp_path / "out.jpg", b"data")
    assert list(tmp_path.iterdir()) == []
