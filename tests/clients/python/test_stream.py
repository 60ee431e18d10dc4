"""`darkroom stream` and `darkroom_client.stream` against a real server: a video in, a line for each frame out."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from darkroom_client.errors import BrokenResponseError, NoServerError, RefusedError
from darkroom_client.stream import stream

from bench.camera import shapes
from tests.conftest import ROOT
from tests.functions.routes.streaming import JPEG, MAIN, ONE
from tests.functions.support import clean_environment, served
from tests.waiting import PATIENCE
from tools.ports import free_port

FRAMES = [cv2.imencode(".jpg", frame)[1].tobytes() for frame in shapes(ROOT)][:12]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with served(MAIN, ONE) as url:
        yield url


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "shapes.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, (640, 480))
    for frame in list(shapes(ROOT))[:12]:
        writer.write(frame)
    writer.release()
    return path


def darkroom(server: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "darkroom_client", "stream", *arguments, "--server", server],
        cwd=ROOT, env=clean_environment(PYTHONPATH=str(ROOT / "clients/python")), capture_output=True, text=True,
        timeout=PATIENCE, check=False,
    )  # fmt: skip


def test_each_frame_is_answered_in_order_and_none_left_out(server: str) -> None:
    told = list(stream(server, FRAMES, "detect/track"))
    assert [one.seq for one in told] == list(range(1, 13))
    assert all(one.dropped == () and one.problem is None and one.picture is None for one in told)
    assert told[0].findings["tracks"] == told[-1].findings["tracks"]


def test_pictures(server: str) -> None:
    told = list(stream(server, [JPEG, b"none", JPEG], "square:20", format="png"))
    assert [one.picture is not None and one.picture[:4] for one in told] == [b"\x89PNG", False, b"\x89PNG"]
    assert told[1].problem is not None
    assert (told[0].width, told[0].height) == (20, 20)


def test_refusals(server: str) -> None:
    with pytest.raises(RefusedError, match='Did you mean "blur"') as refused:
        list(stream(server, FRAMES, "blurr"))
    assert (refused.value.status, refused.value.code) == (400, "unknown_filter")
    with pytest.raises(RefusedError) as refused:
        list(stream(server, [b"bad"] * 9))
    assert refused.value.status == 422
    with pytest.raises(NoServerError):
        list(stream(f"http://127.0.0.1:{free_port()}", FRAMES))
    with pytest.raises((RefusedError, BrokenResponseError)) as refused_key:
        list(stream(server, FRAMES, key="dk_" + "a" * 43))
    assert "wrong_key" in str(refused_key.value)


def test_the_command_prints_a_line_a_frame(server: str, video: Path, tmp_path: Path) -> None:
    done = darkroom(server, str(video), "detect/track/draw", "-o", str(tmp_path / "drawn"), "--every", "2")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, 7))
    assert lines[0]["findings"]["objects"]
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == [f"{n:06d}.jpg" for n in range(1, 7)]
    again = darkroom(server, str(video), "detect/track/draw", "-o", str(tmp_path / "drawn"), "--frames", "1")
    assert again.returncode == 5
    assert "already exists" in again.stderr


@pytest.mark.parametrize(
    ("source", "pipeline", "code", "said"),
    [("nowhere.mp4", "blur", 5, "nowhere.mp4"), (None, "blurr", 4, "Did you mean")],
    ids=["no video", "a wrong pipeline"],
)
def test_what_fails_is_said(server: str, video: Path, source: str | None, pipeline: str, code: int, said: str) -> None:
    done = darkroom(server, source or str(video), pipeline)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
