"""`POST /v1/stream`: frames in one body, answered while they come."""

import time
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import HTTP

import cv2
import httpx
import msgspec
import numpy as np
import pytest

from tests.functions.routes.streaming import JPEG, MAIN, ONE, panned
from tests.functions.support import decoded, picture, served
from tests.waiting import PATIENCE


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with served(MAIN, ONE) as url:
        yield url


def test_lines(server: str) -> None:
    body = b"".join(panned(8 * number) for number in range(6))
    response = httpx.post(f"{server}/v1/stream?pipeline=detect/track", content=body, timeout=PATIENCE)
    assert response.headers["content-type"] == "application/x-ndjson"
    lines = [msgspec.json.decode(line) for line in response.content.splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, 7))
    assert {found["track"] for found in lines[0]["findings"]["objects"]} & {
        found["track"] for found in lines[-1]["findings"]["objects"]
    }


def test_parts(server: str) -> None:
    frames = [JPEG, picture("png"), b"no picture", JPEG]
    body = b"".join(b"--x\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(frame), frame) for frame in frames) + b"--x--"
    response = httpx.post(
        f"{server}/v1/stream?pipeline=square:30", content=body, timeout=PATIENCE,
        headers={"Content-Type": "multipart/x-mixed-replace; boundary=x"},
    )  # fmt: skip
    kind = response.headers["content-type"]
    parts = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + response.content, policy=HTTP)
    told = [(part.get_content_type(), part.get_payload(decode=True)) for part in parts.iter_parts()]
    assert [kind for kind, _ in told] == [
        "application/json", "image/jpeg", "application/json", "image/jpeg", "application/json", "application/json",
        "image/jpeg",
    ]  # fmt: skip
    assert [msgspec.json.decode(data)["seq"] for kind, data in told if kind == "application/json"] == [1, 2, 3, 4]  # type: ignore[arg-type]
    assert decoded(told[1][1]).shape == (30, 30, 3)  # type: ignore[arg-type]


def test_a_client_that_reads_only_at_the_end(server: str) -> None:
    """Pictures of several megabytes come back; nobody waits for the other."""
    big, many = (
        cv2.imencode(".jpg", np.random.default_rng(1).integers(0, 255, (400, 500, 3), np.uint8))[1].tobytes(),
        40,
    )
    response = httpx.post(f"{server}/v1/stream?pipeline=flip&quality=95", content=big * many, timeout=PATIENCE)
    assert len(response.content) > many * len(big) / 2 > 4_000_000
    assert response.content.count(b"image/jpeg\r\n") == many


def test_answers_come_while_frames_are_sent(server: str) -> None:
    answered = []

    def body() -> Iterator[bytes]:
        for _ in range(40):
            yield JPEG
            time.sleep(0.01)
        answered.append(time.monotonic())

    with httpx.stream("POST", f"{server}/v1/stream?pipeline=palette", content=body(), timeout=PATIENCE) as response:
        assert response.status_code == 200
        assert sum(1 for _ in response.iter_lines()) == 40


BODIES = {
    "nothing": (b"", "image/jpeg", 400, "empty_body"),
    "no pictures": (b"hello", "image/jpeg", 400, "bad_frame"),
    "no boundary": (b"hello", "multipart/mixed", 400, "bad_frame"),
}


@pytest.mark.parametrize(("body", "kind", "status", "code"), BODIES.values(), ids=BODIES)
def test_bodies_that_are_refused(server: str, body: bytes, kind: str, status: int, code: str) -> None:
    response = httpx.post(f"{server}/v1/stream", content=body, headers={"Content-Type": kind})
    assert (response.status_code, response.json()["code"]) == (status, code)


def test_a_body_that_breaks_off(server: str) -> None:
    response = httpx.post(f"{server}/v1/stream", content=JPEG + JPEG[:100])
    lines = [msgspec.json.decode(line) for line in response.content.splitlines()]
    assert [line["seq"] for line in lines] == [1, 0]
    assert lines[1]["problem"]["code"] == "bad_frame"


def test_three_bad_frames_end_a_body(server: str) -> None:
    body = b"--x\r\n\r\nbad\r\n" * 5 + b"--x--"
    response = httpx.post(
        f"{server}/v1/stream", content=body, headers={"Content-Type": "multipart/mixed; boundary=x"}
    )  # fmt: skip
    lines = [msgspec.json.decode(line) for line in response.content.splitlines()]
    assert [line["seq"] for line in lines] == [1, 2, 3]
    assert {line["problem"]["status"] for line in lines} == {415}
