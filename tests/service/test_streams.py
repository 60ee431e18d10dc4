"""Streams without a door: options that change, memory from frame to frame, and when a stream is broken."""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import pytest

from core.errors import DarkroomError
from service.options import ProcessingOptions
from service.service import Service
from service.streams import Stream
from tests.conftest import ROOT
from tests.functions.support import PATIENT, picture

JPEG = picture("jpg")
WHITE = cv2.imencode(".jpg", np.full((320, 480, 3), 255, np.uint8))[1].tobytes()
SHAPES = cv2.imencode(".jpg", cv2.imread(str(ROOT / "docs/img/shapes.png")))[1].tobytes()


@pytest.fixture(scope="module")
def service() -> Service:
    return Service.open(PATIENT)


def opened(service: Service, **given: Any) -> Stream:
    def parse(options: Mapping[str, Any]) -> ProcessingOptions:
        return service.parser.parse([options], {"format": "jpeg"})

    return Stream(service.processor, parse, "somebody", given)


ANSWERS = {
    "nothing": ({}, "findings"),
    "what only looks": ({"pipeline": "detect/track"}, "findings"),
    "a filter": ({"pipeline": "blur"}, "both"),
    "as asked for": ({"pipeline": "blur", "answer": "findings"}, "findings"),
    "a picture of what looks": ({"pipeline": "detect", "answer": "picture"}, "picture"),
}


@pytest.mark.parametrize(("given", "answer"), ANSWERS.values(), ids=ANSWERS)
def test_what_is_answered(service: Service, given: dict[str, Any], answer: str) -> None:
    assert opened(service, **given).options.answer == answer


def test_options_stay_until_they_are_changed_or_taken_back(service: Service) -> None:
    stream = opened(service, pipeline="square:20", quality=50)
    stream.configure({"format": "webp"})
    assert (stream.options.output.pipeline.canonical, stream.options.output.format) == ("square:20", "webp")
    stream.configure({"format": None, "answer": "picture"})
    assert (stream.options.output.format, stream.options.answer) == ("jpeg", "picture")
    assert stream.options.output.encoding.quality == 50
    with pytest.raises(DarkroomError):
        stream.configure({"pipeline": "blurr"})
    assert stream.options.output.pipeline.canonical == "square:20"


def test_memory_lasts_as_long_as_the_pipeline(service: Service) -> None:
    stream = opened(service, pipeline="detect/track")
    first = stream.answer(1, SHAPES, []).said.findings
    assert stream.answer(2, SHAPES, [1]).said.findings == first
    stream.configure({"quality": 50})
    assert stream.answer(3, SHAPES, []).said.findings["tracks"] == first["tracks"]
    empty = stream.answer(4, WHITE, []).said.findings
    assert empty["tracks"] == first["tracks"], "so far, not now"
    stream.configure({"pipeline": "detect:max=1/track"})
    assert sum(stream.answer(5, SHAPES, []).said.findings["tracks"].values()) == 1


def test_other_streams_have_memories_of_their_own(service: Service) -> None:
    one, other = opened(service, pipeline="detect/track"), opened(service, pipeline="detect/track")
    one.answer(1, SHAPES, [])
    assert one.answer(2, SHAPES, []).said.findings == other.answer(1, SHAPES, []).said.findings


def test_an_animation_is_followed_too(service: Service) -> None:
    """Without a stream: each request begins anew, and remembers from frame to frame."""
    from tests.functions.support import app_with, client_of

    frames = [picture_of_shapes(across) for across in (0, 10, 20)]
    client = client_of(app_with())
    for _ in range(2):
        answer = client.post("/v1/process?pipeline=detect/track&format=json", content=animated(frames)).json()
        shown = answer["findings"]["frames"]
        numbers = [{found["label"]: found["track"] for found in reversed(one["objects"])} for one in shown]
        assert numbers[0] == numbers[1] == numbers[2]
        assert min(numbers[0].values()) == 1


def picture_of_shapes(across: int) -> Any:
    shapes = cv2.imread(str(ROOT / "docs/img/shapes.png"))
    return cv2.copyMakeBorder(shapes, 0, 0, across, 40 - across, cv2.BORDER_REPLICATE)


def animated(frames: list[Any]) -> bytes:
    import io

    from PIL import Image

    made = io.BytesIO()
    first, *rest = [Image.fromarray(frame[:, :, ::-1]) for frame in frames]
    first.save(made, "WEBP", save_all=True, append_images=rest, duration=50, quality=95)
    return made.getvalue()


@pytest.mark.parametrize("bad", [b"", b"x", JPEG[:200]], ids=["empty", "no picture", "cut off"])
def test_three_bad_frames_break_it_and_a_good_one_mends_it(service: Service, bad: bytes) -> None:
    stream = opened(service)
    for seq in range(1, 3):
        with pytest.raises(DarkroomError):
            stream.answer(seq, bad, [])
    stream.answer(3, JPEG, [])
    for seq in range(4, 7):
        assert not stream.is_broken
        with pytest.raises(DarkroomError):
            stream.answer(seq, bad, [])
    assert stream.is_broken


def test_admission_sees_every_frame_and_forgets_it(service: Service) -> None:
    stream = opened(service, pipeline="blur")
    for seq in range(1, 20):
        stream.answer(seq, JPEG, [])
    assert not service.admission.is_full()
    assert service.admission._table.own == 0
