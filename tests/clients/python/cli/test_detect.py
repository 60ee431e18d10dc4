import json
import os
import pty
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import pytest

from tests.clients.python.fault_server import problem
from tests.clients.python.model_server import ABSENT, DRAWN, FINDINGS, ModelServer, asked
from tests.waiting import PATIENCE

Command = Callable[..., int]
Spawn = Callable[..., Popen[bytes]]
PICTURE = b"\xff\xd8 a picture"

TABLE = """\
label   score    x   y  width  height
person   0.91   12  30    100     221
dog      0.50    0   0     10      10
person   0.41  200  32     90     200
person 2, dog 1
"""


@pytest.fixture
def server(seer: ModelServer) -> ModelServer:
    """What `darkroom` and `spawn` reach in this file."""
    return seer


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ["a.jpg", "sub/b.png", "sub/notes.txt"]:
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PICTURE + name.encode())
    return tmp_path / "tree"


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def stripped(text: str) -> str:
    """The text without what pads its lines."""
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


# --- tables --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "said"),
    [
        pytest.param("detect", TABLE, id="detect"),
        pytest.param(
            "faces", "label  score  x  y  width  height\nface    0.99  1  2      3       4\nface 1\n", id="faces"
        ),
        pytest.param("persons", "Nothing was found.\n", id="nothing"),
        pytest.param("segment", "label  share\nvoid   50.0%\nroad   48.0%\nmark    2.0%\n", id="segment"),
        pytest.param("classify", "label  score\nzebra   0.87\n", id="classify"),
    ],
)
def test_a_table(darkroom: Command, photo: Path, capsys: pytest.CaptureFixture[str], task: str, said: str) -> None:
    assert darkroom("detect", photo, "--task", task) == 0
    out, err = capsys.readouterr()
    assert stripped(out) == f"{photo}, 640 × 480\n{said}"
    assert err == ""


def test_a_table_a_picture(darkroom: Command, tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert darkroom("detect", tree, "-j", 2) == 0
    out, err = capsys.readouterr()
    assert stripped(out) == f"{tree}/a.jpg, 640 × 480\n{TABLE}\n{tree}/sub/b.png, 640 × 480\n{TABLE}"
    assert err == "1 other file was skipped, by suffix not a picture.\n"


def test_frames_are_told_apart(
    darkroom: Command, seer: ModelServer, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    person, dog, _ = FINDINGS["detect"]["objects"]
    frames = [[person, person], [person], [dog]]
    seer.findings["detect"] = {"frames": [{"index": i, "ms": 40 * i, "objects": f} for i, f in enumerate(frames)]}
    assert darkroom("detect", photo) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[:2] for line in lines[1:6]] == [
        ["frame", "label"], ["0", "person"], ["0", "person"], ["1", "person"], ["2", "dog"]
    ]  # fmt: skip
    assert " ".join(lines[6]) == "person 2, dog 1 (most in one of 3 frames)"


def test_in_a_terminal(spawn: Spawn, photo: Path) -> None:
    mine, theirs = pty.openpty()
    process = spawn("detect", photo, stdout=theirs)
    os.close(theirs)
    _, err = process.communicate(timeout=PATIENCE)
    seen = os.read(mine, 65536).decode()
    os.close(mine)
    assert (process.returncode, err) == (0, b"")
    assert "person   0.91" in seen
    assert "person 2, dog 1" in seen


def test_labels_cannot_steer_the_terminal(
    darkroom: Command, seer: ModelServer, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wild = {**FINDINGS["detect"]["objects"][0], "label": "[bold]a\x1b[2J"}
    seer.findings["detect"] = {"objects": [wild]}
    assert darkroom("detect", photo) == 0
    assert "[bold]a?[2J" in capsys.readouterr().out


# --- what is asked -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "pipeline"),
    [
        pytest.param([], "detect", id="usual"),
        pytest.param(["--task", "faces", "--model", "yunet"], "faces:model=yunet", id="task-and-model"),
        pytest.param(
            ["--classes", "person, hot dog", "--score", "0.4"], "detect:classes=person+hot_dog,score=0.4", id="classes"
        ),
    ],
)
def test_what_is_asked(darkroom: Command, seer: ModelServer, photo: Path, words: list[str], pipeline: str) -> None:
    assert darkroom("detect", photo, *words, "--json") == 0
    assert seer.seen[0].query == {"pipeline": pipeline, "format": "json"}
    assert seer.seen[0].parts == {"file": PICTURE}


def test_stdin(spawn: Spawn, seer: ModelServer) -> None:
    process = spawn("detect", "-")
    out, err = process.communicate(PICTURE, timeout=PATIENCE)
    assert (process.returncode, err) == (0, b"")
    assert stripped(out.decode()) == f"-, 640 × 480\n{TABLE}"
    assert seer.seen[0].parts["file"] == PICTURE


# --- JSON ----------------------------------------------------------------------------------------------------------


def test_json_of_one(darkroom: Command, photo: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert darkroom("detect", photo, "--json") == 0
    assert json.loads(capfdbinary.readouterr().out) == {
        "input": str(photo), "width": 640, "height": 480, **FINDINGS["detect"]
    }  # fmt: skip


def test_json_is_a_line_a_picture_in_their_order(spawn: Spawn, tree: Path) -> None:
    process = spawn("detect", tree / "sub/b.png", tree / "a.jpg", "--json", "--task", "segment")
    out, err = process.communicate(timeout=PATIENCE)
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["input"] for line in lines] == [f"{tree}/sub/b.png", f"{tree}/a.jpg"]
    assert all(line["segments"] == FINDINGS["segment"]["segments"] for line in lines)
    assert (process.returncode, err) == (0, b"")


# --- drawn ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("drawn", "written", "kinds", "told"),
    [
        pytest.param("out", ["out/a.jpg", "out/sub/b.jpg"], {None}, "2 pictures in out", id="folder"),
        pytest.param("x/{stem}+.webp", ["x/a+.webp", "x/b+.webp"], {"webp"}, "2 pictures as x/{stem}+.webp", id="stem"),
    ],
)  # fmt: skip
def test_drawn_pictures_go_where_they_are_told(
    darkroom: Command, seer: ModelServer, tree: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], drawn: str, written: list[str], kinds: set[str | None], told: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tree.parent)
    assert darkroom("detect", "tree", "--draw", drawn) == 0
    assert [name for name in files(tree.parent) if not name.startswith("tree")] == written
    assert {asked(request).get("format") for request in seer.seen} == kinds
    out, err = capsys.readouterr()
    assert f"Saved {told}\n" in err
    assert out.count("person 2, dog 1") == 2


def test_a_drawn_picture_and_the_table(
    darkroom: Command, seer: ModelServer, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = photo.with_name("out.png")
    assert darkroom("detect", photo, "--draw", out) == 0
    assert out.read_bytes() == DRAWN
    assert asked(seer.seen[0]) == {"name": "drawn", "pipeline": "detect/draw", "format": "png"}
    said = capsys.readouterr()
    assert TABLE in stripped(said.out)
    assert said.err == f"Saved {out}\n"


def test_a_file_that_is_there_stays(
    darkroom: Command, seer: ModelServer, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert darkroom("detect", photo, "--draw", photo) == 5
    assert photo.read_bytes() == PICTURE
    assert seer.seen == [], "sent for nothing"
    assert "--force" in capsys.readouterr().err
    assert darkroom("detect", photo, "--draw", photo, "--force", "--quiet") == 0
    assert photo.read_bytes() == DRAWN
    assert capsys.readouterr().err == ""


def test_a_file_of_the_folder_that_is_there_stays(darkroom: Command, photo: Path, tmp_path: Path) -> None:
    kept = tmp_path / "out" / photo.name
    kept.parent.mkdir()
    kept.write_bytes(b"dear")
    assert darkroom("detect", photo, "--draw", f"{kept.parent}/") == 5
    assert kept.read_bytes() == b"dear"


# --- what goes wrong -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        pytest.param(problem(503, code="model_absent", detail=ABSENT), f"{ABSENT} [503 model_absent]", id="absent"),
        pytest.param(
            problem(400, code="unknown_class", detail='Did you mean "person"?'), 'Did you mean "person"?', id="unknown"
        ),
    ],
)
def test_the_server_says_what_to_do(spawn: Spawn, seer: ModelServer, photo: Path, fault: object, said: str) -> None:
    seer.script = [fault] * 4  # type: ignore[list-item]
    process = spawn("detect", photo, "--draw", photo.with_name("out.jpg"))
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (4, b"")
    assert said in err.decode()
    assert files(photo.parent) == ["photo.jpg"]
    assert len(seer.seen) == 1


def test_what_fails_alike_is_not_tried_on_every_picture(
    darkroom: Command, seer: ModelServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = [tmp_path / f"{number}.jpg" for number in range(9)]
    for path in pictures:
        path.write_bytes(PICTURE)
    seer.script = [problem(503, code="model_absent", detail=ABSENT)] * 9
    assert darkroom("detect", *pictures, "-j", 1) == 4
    assert len(seer.seen) == 1
    assert capsys.readouterr().err.splitlines() == [
        "1 of 9 failed:", "  and 8 were not tried.", f"darkroom: {ABSENT} [503 model_absent]"
    ]  # fmt: skip


def test_a_busy_model_is_asked_again(darkroom: Command, seer: ModelServer, photo: Path) -> None:
    seer.script = [problem(429, {"Retry-After": "0"}, code="model_busy", detail="Busy.")]
    assert darkroom("detect", photo) == 0
    assert len(seer.seen) == 2


def test_some_fail(darkroom: Command, tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "b.jpg").write_bytes(b"text, no picture")
    assert darkroom("detect", tree, "--json") == 1
    said = capsys.readouterr().err.splitlines()
    assert said[1:] == ["1 of 3 failed:", f"  {tree / 'b.jpg'}: This is no image we read. [415 not_an_image]"]


def test_nobody_there(darkroom: Command, nowhere: str, photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert darkroom("detect", photo, "--server", nowhere) == 3
    assert "make run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param([], "required: INPUT", id="no-input"),
        pytest.param(["none.jpg"], "there is no file none.jpg", id="missing"),
        pytest.param(["photo.jpg", "--score", "40"], "from 0 to 1", id="percent"),
        pytest.param(["photo.jpg", "--score", "nan"], "from 0 to 1", id="no-score"),
        pytest.param(["photo.jpg", "--score=-0.1"], "from 0 to 1", id="below"),
        pytest.param(["photo.jpg", "--classes", "person,,dog"], "separated by commas", id="empty-class"),
        pytest.param(["photo.jpg", "--task", "segmnt"], 'Did you mean "segment"?', id="task"),
        pytest.param(["photo.jpg", "--clases", "dog"], 'Did you mean "--classes"?', id="option"),
        pytest.param(["photo.jpg", "--draw", "-"], "give --draw a file", id="to-stdout"),
    ],
)
def test_usage(
    darkroom: Command, seer: ModelServer, photo: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], words: list[str], said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(photo.parent)
    assert darkroom("detect", *words) == 2
    assert said in capsys.readouterr().err
    assert seer.seen == []
