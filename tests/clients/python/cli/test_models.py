import os
import pty
from collections.abc import Callable
from subprocess import Popen

import pytest

from tests.clients.python.fault_server import problem
from tests.clients.python.model_server import ABSENT, ModelServer
from tests.waiting import PATIENCE

Command = Callable[..., int]
Spawn = Callable[..., Popen[bytes]]


@pytest.fixture
def server(seer: ModelServer) -> ModelServer:
    """What `darkroom` and `spawn` reach in this file."""
    return seer


def test_a_table(spawn: Spawn) -> None:
    process = spawn("models")
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, b"")
    assert [line.split() for line in out.decode().splitlines()[:5]] == [
        ["name", "task", "state", "MiB", "licence"],
        ["shapes", "detect", "ready", "0.3", "Apache-2.0"],
        ["yolox_nano", "detect", "absent", "3.6", "Apache-2.0"],
        ["yunet", "faces", "cached", "3.6", "MIT"],
        ["broken", "segment", "failed", "3.6", "Apache-2.0"],
    ]
    assert "darkroom models NAME" in out.decode()


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        pytest.param("shapes", ["shapes (detect)", "The model shapes", "state    ready",
                                "size     0.3 MiB (1.0 in memory)", "latency  4.2 ms (12 runs)",
                                "labels   circle, square (2)",
                                "try:  darkroom detect photo.jpg --model shapes"], id="ready"),
        pytest.param("yolox_nano", ["state    absent", "size     3.6 MiB", "source   https://example.com/it",
                                    "fetch it:  darkroom models load yolox_nano"], id="absent"),
        pytest.param("yunet", ["licence  MIT",
                               "try:  darkroom detect photo.jpg --task faces --model yunet"], id="task"),
        pytest.param("broken", ["state    failed", "reason   an operator is not known"], id="failed"),
    ],
)  # fmt: skip
def test_one_in_full(
    darkroom: Command, seer: ModelServer, capsys: pytest.CaptureFixture[str], name: str, lines: list[str]
) -> None:
    assert darkroom("models", name) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if line in lines] == lines
    assert "None" not in "".join(said)
    assert len(seer.seen) == 1


@pytest.mark.parametrize(
    ("verb", "said"),
    [("load", "yunet is ready (3.6 MiB).\n"), ("unload", "yunet is cached (3.6 MiB).\n")],
    ids=["load", "unload"],
)
def test_a_model_is_told(
    darkroom: Command, seer: ModelServer, capsys: pytest.CaptureFixture[str], verb: str, said: str
) -> None:
    assert darkroom("models", verb, "yunet") == 0
    assert capsys.readouterr() == ("", said)
    assert [(request.command, request.path) for request in seer.seen] == [("POST", f"/v1/models/yunet/{verb}")]


def test_a_person_sees_that_something_goes_on(spawn: Spawn) -> None:
    mine, theirs = pty.openpty()
    process = spawn("models", "load", "yunet", stderr=theirs)
    os.close(theirs)
    process.communicate(timeout=PATIENCE)
    seen = os.read(mine, 65536).decode()
    os.close(mine)
    assert process.returncode == 0
    assert "loading yunet" in seen
    assert "yunet is ready" in seen


@pytest.mark.parametrize(
    ("fault", "code", "said", "tries"),
    [
        pytest.param(problem(503, code="model_absent", detail=ABSENT), 4, ABSENT, 1, id="absent"),
        pytest.param(problem(503, code="model_checksum", detail="Another file."), 4, "Another file.", 1, id="checksum"),
        pytest.param(
            problem(429, {"Retry-After": "0"}, code="model_busy", detail="Busy."), 0, "is ready", 2, id="busy"
        ),
    ],
)
def test_a_load_that_fails(
    darkroom: Command, seer: ModelServer, capsys: pytest.CaptureFixture[str],
    fault: object, code: int, said: str, tries: int,
) -> None:  # fmt: skip
    seer.script = [fault]  # type: ignore[list-item]
    assert darkroom("models", "load", "yunet") == code
    assert said in capsys.readouterr().err
    assert len(seer.seen) == tries


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(["nobody"], 4, 'There is no model "nobody". [404 unknown_model]', id="unknown"),
        pytest.param(["load", "nobody"], 4, 'There is no model "nobody".', id="unknown-to-load"),
        pytest.param(["load"], 2, "darkroom models load NAME", id="load-what"),
        pytest.param(["shapes", "yunet"], 2, "one model at a time", id="two"),
        pytest.param(["load", "shapes", "yunet"], 2, "one model at a time", id="load-two"),
    ],
)
def test_says(darkroom: Command, capsys: pytest.CaptureFixture[str], words: list[str], code: int, said: str) -> None:
    assert darkroom("models", *words) == code
    assert said in capsys.readouterr().err


def test_a_model_cannot_steer_the_terminal(
    darkroom: Command, seer: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    seer.models["wild"] = {**seer.models["shapes"], "name": "w\x1b[2J", "title": "t\x1b[2J", "labels": ["l\x1b[2J"]}
    for words in ([], ["wild"], ["load", "wild"]):
        assert darkroom("models", *words) == 0
        said = "".join(capsys.readouterr())
        assert "w?[2J" in said
        assert "\x1b" not in said
