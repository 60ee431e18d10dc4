"""`darkroom images` against the real application."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from darkroom_client.cli.main import main
from werkzeug.serving import make_server

from tests.functions.routes.images.conftest import kept
from tests.functions.support import picture

Command = Callable[..., int]


@pytest.fixture
def darkroom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """The command in this process, in reach of a server that keeps pictures."""
    server = make_server("127.0.0.1", 0, kept(tmp_path, log_level="error"), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("DARKROOM_SERVER", f"http://127.0.0.1:{server.server_port}")

    def call(*words: object) -> int:
        try:
            return int(main(["images", *map(str, words)]))
        except SystemExit as end:
            return int(end.code or 0)

    yield call
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "wide.jpg", tmp_path / "tall.png"]
    paths[0].write_bytes(picture("jpg", width=200, height=40))
    paths[1].write_bytes(picture("png", width=40, height=200))
    return paths


def rows(darkroom: Command, capsys: pytest.CaptureFixture[str], *words: object) -> list[dict[str, object]]:
    capsys.readouterr()
    assert darkroom(*words, "--json") == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_life(darkroom: Command, photos: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wide, tall = rows(darkroom, capsys, "put", *photos)
    assert (wide["name"], wide["width"], tall["format"]) == ("wide.jpg", 200, "png")
    assert [row["id"] for row in rows(darkroom, capsys, "list", "sort=width")] == [tall["id"], wide["id"]]
    assert [row["id"] for row in rows(darkroom, capsys, "list", "min_height=100")] == [tall["id"]]
    (alike,) = rows(darkroom, capsys, "similar", wide["id"])
    assert alike["id"] == tall["id"]
    assert isinstance(alike["distance"], int)
    assert rows(darkroom, capsys, "get", wide["id"]) == [wide]
    assert darkroom("get", wide["id"], "-o", tmp_path / "back.jpg") == 0
    assert (tmp_path / "back.jpg").read_bytes() == photos[0].read_bytes()
    assert darkroom("get", wide["id"], "-o", tmp_path / "back.jpg") == 5
    assert darkroom("rm", wide["id"]) == 0
    assert darkroom("rm", wide["id"]) == 4
    assert darkroom("rm", wide["id"], tall["id"]) == 1
    assert rows(darkroom, capsys, "list") == []


def test_tables(darkroom: Command, photos: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert darkroom("put", *photos) == 0
    assert darkroom("list", "limit=1") == 0
    out = capsys.readouterr().out
    assert "tall.png" in out
    assert "cursor=" in out
    (row, _) = rows(darkroom, capsys, "list")
    assert darkroom("get", row["id"]) == 0
    assert f"sha256   {row['sha256']}" in capsys.readouterr().out
    assert darkroom("similar", row["id"], "limit=1") == 0
    assert "distance" in capsys.readouterr().out


def test_one_that_is_refused_keeps_none_back(
    darkroom: Command, photos: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    assert darkroom("put", tmp_path / "text.jpg", tmp_path / "missing.jpg", photos[0]) == 1
    said = capsys.readouterr()
    assert "text.jpg:" in said.err
    assert "missing.jpg" in said.err
    assert "wide.jpg" in said.out
    assert darkroom("put", tmp_path / "text.jpg") == 4


WRONG = {
    "no verb": (), "another verb": ("show",), "no file": ("put",), "no id": ("get",), "two ids": ("get", "a", "b"),
    "nothing to remove": ("rm",), "similar to nothing": ("similar",), "no value": ("list", "format"),
    "-o for a list": ("list", "-o", "x"),
}  # fmt: skip


@pytest.mark.parametrize("words", WRONG.values(), ids=WRONG)
def test_what_cannot_be_meant(darkroom: Command, words: tuple[str, ...]) -> None:
    assert darkroom(*words) == 2
