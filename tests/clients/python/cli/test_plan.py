from pathlib import Path

import pytest
from darkroom_client.cli.common import UsageError
from darkroom_client.cli.plan import plan, plan_detections

FILES = ["a.jpg", "b.PNG", "notes.txt", "plain", "v1.2", "tree/c.jpg", "tree/c.png", "tree/sub/d.heic", "tree/.h/e.jpg"]
FILES += ["tree/readme.md", "other/tree/c.jpg", "empty/x.txt", "full/f.jpg"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("inputs", "output", "answer", "written"),
    [
        pytest.param(["a.jpg"], None, "image/jpeg", ["a-darkroom.jpg"], id="beside"),
        pytest.param(["tree/c.jpg"], None, "image/webp", ["tree/c-darkroom.webp"], id="beside-other-format"),
        pytest.param(["b.PNG"], None, "image/png", ["b-darkroom.PNG"], id="suffix-as-it-was"),
        pytest.param(["plain"], None, "image/tiff", ["plain-darkroom.tif"], id="no-suffix"),
        pytest.param(["v1.2"], "full/", "image/jpeg", ["full/v1.2.jpg"], id="dot-that-is-no-suffix"),
        pytest.param(["a.jpg"], "out.xyz", "image/png", ["out.xyz"], id="named-file-keeps-its-name"),
        pytest.param(["a.jpg"], "full", "image/png", ["full/a.png"], id="existing-folder"),
        pytest.param(["a.jpg"], "new/", "image/jpeg", ["new/a.jpg"], id="slash-means-folder"),
        pytest.param(["a.jpg", "b.PNG"], "new", "image/jpeg", ["new/a.jpg", "new/b.jpg"], id="several"),
        pytest.param(
            ["notes.txt", "a.jpg"], "new", "x/y", ["new/notes.txt.bin", "new/a.bin"], id="named-files-are-sent"
        ),
        pytest.param(["a.jpg", "b.PNG"], None, "application/json", ["a-darkroom.json", "b-darkroom.json"], id="json"),
        pytest.param(["tree"], "out", "image/jpeg", ["out/c.jpg", "out/c.png.jpg", "out/sub/d.jpg"], id="tree"),
        pytest.param(
            ["tree", "a.jpg"],
            "out",
            "image/png",
            ["out/tree/c.jpg.png", "out/tree/c.png", "out/tree/sub/d.png", "out/a.png"],
            id="tree-and-file",
        ),
        pytest.param(
            ["tree"], "tree/sub", "image/jpeg", ["tree/sub/c.jpg", "tree/sub/c.png.jpg"], id="output-inside-is-left-out"
        ),
        pytest.param(["-"], "out.jpg", "image/jpeg", ["out.jpg"], id="stdin-to-file"),
    ],
)
def test_where_answers_go(inputs: list[str], output: str | None, answer: str, written: list[str]) -> None:
    assert [str(job.path_for(answer)) for job in plan(inputs, output).jobs] == written


@pytest.mark.parametrize(
    ("inputs", "output"),
    [(["-"], None), (["-"], "-"), (["a.jpg"], "-")],
    ids=["pipe", "pipe-said-aloud", "file-to-stdout"],
)
def test_stdout(inputs: list[str], output: str | None) -> None:
    assert [job.where.value for job in plan(inputs, output).jobs] == ["stdout"]


def test_files_passed_over_are_counted() -> None:
    assert plan(["tree"], "out").skipped == 1


@pytest.mark.parametrize(
    ("inputs", "output", "words"),
    [
        pytest.param(["none.jpg"], None, "there is no file none.jpg", id="missing"),
        pytest.param(["a\x1b[2J.jpg"], None, r"a\?\[2J", id="missing-with-escapes"),
        pytest.param(["tree"], None, "-o FOLDER", id="folder-without-output"),
        pytest.param(["tree"], "-", "is a folder", id="folder-to-stdout"),
        pytest.param(["a.jpg", "b.PNG"], "-", "one picture", id="several-to-stdout"),
        pytest.param(
            ["a.jpg", "b.PNG"], "notes.txt", "is a file, but several pictures need a folder", id="several-to-file"
        ),
        pytest.param(["tree"], "out.jpg", "is a file, but several pictures need a folder", id="tree-to-file"),
        pytest.param(["-", "a.jpg"], None, "must be the only input", id="stdin-and-file"),
        pytest.param(["-"], "full", "no name", id="stdin-to-folder"),
        pytest.param(["empty"], "out", "no pictures", id="nothing-there"),
        pytest.param(["a.jpg", "a.jpg"], "out", "both be written to out/a.jpg", id="twice"),
        pytest.param(["a.jpg", "b.PNG"], "gs://b/x.png", "end it with /", id="several-to-one-object"),
        pytest.param(["tree"], "gs://b/x.png", "end it with /", id="tree-to-one-object"),
        pytest.param(["tree", "gs://b/a.jpg"], "out", "separately", id="tree-and-address"),
        pytest.param(["gs://b/a.jpg", "s3://c/a.jpg"], "out", "both be written", id="addresses-of-one-name"),
        pytest.param(["tree", "other/tree"], "out", "both be written", id="same-names"),
    ],
)
def test_refused_before_anything_is_sent(inputs: list[str], output: str | None, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        plan(inputs, output)


@pytest.mark.parametrize(
    ("inputs", "drawn", "seen"),
    [
        pytest.param(
            ["tree"], None, {"tree/c.jpg": ".", "tree/c.png": ".", "tree/sub/d.heic": "."}, id="nothing-drawn"
        ),
        pytest.param(["a.jpg", "notes.txt"], None, {"a.jpg": ".", "notes.txt": "."}, id="named-files-are-sent"),
        pytest.param(["a.jpg"], "out.png", {"a.jpg": "out.png"}, id="file"),
        pytest.param(["a.jpg"], "full", {"a.jpg": "full/a.jpg"}, id="folder"),
        pytest.param(["tree/c.jpg"], "x/{stem}-{stem}.png", {"tree/c.jpg": "x/c-c.png"}, id="template"),
        pytest.param(
            ["a.jpg", "tree/sub"], "{stem}/x.png", {"a.jpg": "a/x.png", "tree/sub/d.heic": "d/x.png"}, id="templates"
        ),
        pytest.param(["gs://b/x%20y.jpg"], None, {"gs://b/x%20y.jpg": "."}, id="address"),
        pytest.param(["gs://b/x.jpg"], "{stem}.png", {"gs://b/x.jpg": "x.png"}, id="address-template"),
        pytest.param(["gs://b/x.jpg"], "full/", {"gs://b/x.jpg": "full/x.jpg"}, id="address-to-folder"),
        pytest.param(["-"], None, {"-": "."}, id="stdin"),
        pytest.param(["-"], "out.png", {"-": "out.png"}, id="stdin-to-file"),
    ],
)
def test_what_is_looked_at(inputs: list[str], drawn: str | None, seen: dict[str, str]) -> None:
    assert {job.label: str(job.target) for job in plan_detections(inputs, drawn).jobs} == seen


@pytest.mark.parametrize(
    ("inputs", "drawn", "words"),
    [
        pytest.param(["none.jpg"], None, "there is no file none.jpg", id="missing"),
        pytest.param(["empty"], None, "no pictures in empty", id="nothing-there"),
        pytest.param(["a.jpg"], "-", "give --draw a file", id="to-stdout"),
        pytest.param(["a.jpg"], "gs://b/x.png", "give --draw a file", id="to-an-address"),
        pytest.param(["-"], "full", "give --draw a file", id="stdin-to-folder"),
        pytest.param(["-"], "{stem}.png", "no name", id="stdin-and-template"),
        pytest.param(["-", "a.jpg"], None, "must be the only input", id="stdin-and-file"),
        pytest.param(["tree"], "{stem}.png", "both be written to c.png", id="same-stems"),
        pytest.param(
            ["a.jpg", "b.PNG"], "notes.txt", "is a file, but several pictures need a folder", id="several-to-file"
        ),
    ],
)
def test_looks_refused_before_anything_is_sent(inputs: list[str], drawn: str | None, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        plan_detections(inputs, drawn)
