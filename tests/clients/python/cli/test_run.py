import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.python.fault_server import FaultServer, half, other, problem, reset

Command = Callable[..., int]
PICTURE = b"\xff\xd8 a picture"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ["a.jpg", "sub/b.png", "sub/deep/c.webp"]:
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PICTURE + name.encode())
    return tmp_path / "tree"


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_one_picture_beside(darkroom: Command, photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert darkroom("run", "sepia", photo) == 0
    assert _files(photo.parent) == {"photo.jpg": PICTURE, "photo-darkroom.jpg": PICTURE}
    assert capsys.readouterr() == ("", f"Saved {photo.with_name('photo-darkroom.jpg')}\n")


@pytest.mark.parametrize(
    ("words", "query"),
    [
        pytest.param([], {}, id="server-chooses"),
        pytest.param(["-o", "new/out.tif"], {"format": "tiff"}, id="suffix"),
        pytest.param(["-o", "out.JPG"], {"format": "jpeg"}, id="suffix-in-capitals"),
        pytest.param(["-o", "folder.png/"], {}, id="a-folder-has-no-format"),
        pytest.param(["-o", "out.xyz"], {}, id="unknown-suffix"),
        pytest.param(["-o", "out.jpg", "-f", "png"], {"format": "png"}, id="format-wins"),
        pytest.param(
            ["-q", "70", "-O", "keep=exif+icc", "-O", "x="],
            {"quality": "70", "keep": "exif+icc", "x": ""},
            id="options",
        ),
        pytest.param(["--json"], {"format": "json"}, id="json"),
    ],
)
def test_what_is_asked(
    darkroom: Command,
    server: FaultServer,
    photo: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    query: dict[str, str],
) -> None:
    monkeypatch.chdir(photo.parent)
    assert darkroom("run", "sepia", "photo.jpg", *words) == 0
    assert server.seen[0].query == {"pipeline": "sepia", **query}


def test_second_pictures(darkroom: Command, server: FaultServer, photo: Path) -> None:
    assert darkroom("run", "watermark:logo", photo, "--picture", f"logo={photo}") == 0
    assert server.seen[0].parts == {"logo": PICTURE, "file": PICTURE}


def test_a_folder_keeps_its_tree(darkroom: Command, tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert darkroom("run", "sepia", tree, "-o", tree.parent / "out", "-j", 2) == 0
    assert [*_files(tree.parent / "out")] == ["a.jpg", "sub/b.jpg", "sub/deep/c.jpg"]
    assert capsys.readouterr().err == f"Saved 3 pictures in {tree.parent / 'out'}\n"


def test_findings_are_lines_in_the_order_of_the_pictures(
    darkroom: Command, tree: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    inputs = [tree / "sub/deep/c.webp", tree / "a.jpg", tree / "sub/b.png"]
    assert darkroom("run", "palette", *inputs) == 0
    lines = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert [line["input"] for line in lines] == [str(path) for path in inputs]
    assert lines[0]["findings"]["measures"] == {"bytes": len(PICTURE) + 15}


def test_findings_go_to_a_named_folder(darkroom: Command, tree: Path) -> None:
    assert darkroom("run", "sepia", tree, "--json", "-o", tree.parent / "out", "--quiet") == 0
    assert [*_files(tree.parent / "out")] == ["a.json", "sub/b.json", "sub/deep/c.json"]


def test_a_file_that_is_there_stays(
    darkroom: Command, server: FaultServer, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = photo.with_name("out.jpg")
    out.write_bytes(b"dear")
    assert darkroom("run", "sepia", photo, "-o", out) == 5
    assert out.read_bytes() == b"dear"
    assert server.seen == [], "sent for nothing"
    assert "--force" in capsys.readouterr().err
    assert darkroom("run", "sepia", photo, "-o", out, "--force") == 0
    assert out.read_bytes() == PICTURE


def test_what_is_there_is_not_sent_again(
    darkroom: Command, server: FaultServer, tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tree.parent / "out"
    assert darkroom("run", "sepia", tree, "-o", out) == 0
    (tree / "z.jpg").write_bytes(PICTURE)
    server.seen.clear()
    capsys.readouterr()
    assert darkroom("run", "sepia", tree, "-o", out) == 0
    assert len(server.seen) == 1
    assert capsys.readouterr().err == (
        f"Saved {out / 'z.jpg'}\n3 were there already and were skipped; --force makes them anew.\n"
    )
    assert darkroom("run", "sepia", tree, "-o", out, "-f", "webp", "--quiet") == 0, "another format is another file"
    assert len(server.seen) == 5
    assert darkroom("run", "sepia", tree, "-o", out, "--force", "--quiet") == 0
    assert len(server.seen) == 9


def test_files_are_skipped_if_asked(darkroom: Command, server: FaultServer, photo: Path) -> None:
    assert darkroom("run", "sepia", photo) == 0
    assert darkroom("run", "sepia", photo) == 5
    assert darkroom("run", "sepia", photo, "-f", "jpeg") == 5
    assert len(server.seen) == 2, "without a format the server chooses the suffix"
    assert darkroom("run", "sepia", photo, "--skip-existing") == 0
    assert len(server.seen) == 2


def test_json_of_a_folder(darkroom: Command, tree: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    (tree / "notes.txt").write_text("no picture")
    assert darkroom("run", "palette", tree, "--json") == 0
    captured = capfdbinary.readouterr()
    lines = [json.loads(line) for line in captured.out.splitlines()]
    assert [line["input"] for line in lines] == [str(tree / name) for name in ("a.jpg", "sub/b.png", "sub/deep/c.webp")]
    assert captured.err == b"1 other file was skipped, by suffix not a picture.\n"


@pytest.mark.parametrize(
    ("words", "asked", "said"),
    [
        pytest.param(
            ["gs://b/a%20b.jpg", "-o", "out/"],
            [{"source": "gs://b/a%20b.jpg"}],
            "Saved out/a b.jpg",
            id="from",
        ),
        pytest.param(
            ["https://h/x.png?sig=1"], [{"source": "https://h/x.png?sig=1"}], "Saved x-darkroom.jpg", id="beside-here"
        ),
        pytest.param(["a.jpg", "-o", "s3://b/k.webp"], [{"to": "s3://b/k.webp"}], "Saved s3://b/k.webp", id="to"),
        pytest.param(
            ["gs://b/a.jpg", "-o", "s3://b/k.webp"],
            [{"source": "gs://b/a.jpg", "to": "s3://b/k.webp"}],
            "Saved s3://b/k.webp",
            id="from-and-to",
        ),
        pytest.param(
            ["sub", "-o", "gs://b/x/", "-f", "webp", "-j", "1"],
            [{"to": "gs://b/x/b.webp", "format": "webp"}, {"to": "gs://b/x/deep/c.webp", "format": "webp"}],
            "Saved 2 pictures in gs://b/x/",
            id="folder-to",
        ),
    ],
)
def test_addresses(
    darkroom: Command, server: FaultServer, tree: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], words: list[str], asked: list[dict[str, str]], said: str,
) -> None:  # fmt: skip
    """The server reads and writes them; nothing else of them is known here."""
    monkeypatch.chdir(tree)
    server.script = [other(200, "image/jpeg", PICTURE)] * len(asked)
    assert darkroom("run", "sepia", *words) == 0
    assert [request.query for request in server.seen] == [{"pipeline": "sepia", **options} for options in asked]
    assert all((request.body == b"") == ("source" in request.query) for request in server.seen)
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        pytest.param(half, 5, "was cut short", id="half-answer"),
        pytest.param(reset, 5, "connection was lost", id="reset"),
        pytest.param(other(200, "text/html", b"?"), 5, "Is it a Darkroom server", id="no-darkroom"),
        pytest.param(problem(400, code="bad", detail="No \x1b[2J"), 4, "No ?[2J [400 bad]", id="refused"),
        pytest.param(
            problem(503, {"Retry-After": "99"}, code="busy", detail="Full."), 4, "Full. [503 busy]", id="busy"
        ),
    ],
)
def test_a_failure_leaves_no_file(
    darkroom: Command,
    server: FaultServer,
    photo: Path,
    capsys: pytest.CaptureFixture[str],
    fault: object,
    code: int,
    words: str,
) -> None:
    server.script = [fault] * 4  # type: ignore[list-item]
    assert darkroom("run", "sepia", photo, "-o", photo.with_name("out.jpg"), "--retries", 1) == code
    assert _files(photo.parent) == {"photo.jpg": PICTURE}
    assert words in capsys.readouterr().err


def test_some_fail(darkroom: Command, tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "b.jpg").write_bytes(b"text, no picture")
    (tree / "shut.png").symlink_to(tree / "gone")
    assert darkroom("run", "sepia", tree, "-o", tree.parent / "out") == 1
    said = capsys.readouterr().err.splitlines()
    assert said == [
        f"Saved 3 pictures in {tree.parent / 'out'}",
        "2 of 5 failed:",
        f"  {tree / 'b.jpg'}: This is no image we read. [415 not_an_image]",
        f"  {tree / 'shut.png'}: {tree / 'shut.png'}: No such file or directory.",
    ]


def test_all_fail_alike(darkroom: Command, server: FaultServer, tree: Path) -> None:
    server.script = [problem(400, code="bad", detail="No.")] * 3
    assert darkroom("run", "nonsense", tree, "-o", tree.parent / "out") == 4


def test_nobody_there(darkroom: Command, nowhere: str, tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in [f"{tree}/a.jpg", f"{tree} -o {tree.parent}/out"]:
        assert darkroom("run", "sepia", *words.split(), "--server", nowhere, "-j", 1) == 3
        said = capsys.readouterr().err
        assert f"No server answers at {nowhere}" in said
        assert "make run" in said
        assert "DARKROOM_SERVER" in said
    assert "2 were not tried" in said
    assert not (tree.parent / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["photo.jpg", "sepia"], "the pipeline comes first:  darkroom run sepia photo.jpg", id="swapped"),
        pytest.param(["sepia", "none.jpg"], "there is no file none.jpg", id="missing"),
        pytest.param(["sepia", "photo.jpg", "--server", "nonsense"], "must look like http://host:8080", id="address"),
        pytest.param(["sepia"], "required: INPUT", id="no-input"),
        pytest.param(["sepia", "photo.jpg", "--fromat", "png"], 'Did you mean "--format"?', id="option"),
        pytest.param(["sepia", "photo.jpg", "-O", "format=png"], "cannot be set with -O", id="own-option"),
        pytest.param(["sepia", "photo.jpg", "-O", "keep"], "KEY=VALUE", id="no-value"),
        pytest.param(["sepia", "photo.jpg", "--picture", "logo=none"], "there is no file 'none'", id="no-second"),
        pytest.param(["sepia", "photo.jpg", "-j", "0"], "from 1", id="no-jobs"),
        pytest.param(["sepia", "photo.jpg", "--timeout", "nan"], "above 0", id="no-time"),
        pytest.param(["sepia", "photo.jpg", "--json", "-f", "png"], "not allowed with", id="json-and-format"),
    ],
)
def test_usage(
    darkroom: Command,
    server: FaultServer,
    photo: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(photo.parent)
    assert darkroom("run", *words) == 2
    assert said in capsys.readouterr().err
    assert server.seen == []
