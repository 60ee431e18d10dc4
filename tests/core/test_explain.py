"""What is told of a pipeline before it is run."""

import msgspec
import pytest

from core.errors import TooMuchWorkError, UnknownPictureError
from core.estimate import estimate
from core.explain import Explanation, explain
from core.limits import Deadline, Limits
from core.picture import Origin, Size
from core.run import Context
from tests.core.test_process import output

CAMERA = Origin(format="jpeg", size=Size(4000, 3000), nbytes=3_000_000)


def told(text: str, origin: Origin = CAMERA, written: str = "jpeg", *, image: bool = True) -> Explanation:
    """The explanation."""
    return explain(output(text, written, image=image), origin, Context(Limits(), Deadline(60)))


def test_all_of_it() -> None:
    found = told("crop:3200,2400,x=0,y=0/resize:600/invert/brightness:110")
    assert found.pipeline == "crop:3200,2400,0,0/resize:600/invert/brightness:110"
    assert [one.rule for one in found.rules] == ["join", "shrink", "chroma", "table"]
    assert (found.decoding.scale, found.decoding.width, found.decoding.height) == (2, 2000, 1500)
    assert [(step.step, step.width, step.height) for step in found.steps] == [
        ("crop+resize", 600, 450), ("invert+brightness", 600, 450)
    ]  # fmt: skip
    parts = found.decoding.ms + sum(step.ms for step in found.steps) + found.encoding_ms
    assert parts == pytest.approx(found.ms, rel=0.05)
    assert found.mib > 0


@pytest.mark.parametrize("text", ["resize:500", "resize:500/canny", "grayscale", ""])
def test_it_tells_what_is_estimated(text: str) -> None:
    whole = estimate([output(text)], CAMERA, Context(Limits(), Deadline(60)))
    assert told(text).ms == pytest.approx(whole.work * 1e3, abs=0.01)
    assert told(text).mib == pytest.approx(whole.memory / 2**20, abs=0.1)


@pytest.mark.parametrize("text", ["oil", "canny:30,60", "equalize"])
def test_its_parts_are_of_the_same_plan_as_the_whole(text: str) -> None:
    plain = msgspec.structs.replace(CAMERA, nbytes=100_000)
    found = told(text, plain, "avif")
    parts = found.decoding.ms + sum(step.ms for step in found.steps) + found.encoding_ms
    assert parts == pytest.approx(found.ms, rel=0.02), "a plain picture is less work for steps and encoders alike"


def test_the_header_answers() -> None:
    found = told("exif", image=False)
    assert ([one.rule for one in found.rules], found.decoding.ms) == (["header"], 0)
    assert found.ms < 1
    assert told("exif").decoding.ms > 1


def test_without_a_picture_nothing_is_encoded() -> None:
    assert told("sharpness", image=False).encoding_ms == 0


def test_frames_are_told() -> None:
    origin = msgspec.structs.replace(CAMERA, format="gif", size=Size(100, 100), frames=12)
    assert told("sepia", origin, "gif").frames == 12
    assert told("sepia", origin, "png").frames == 1


def test_errors_are_those_of_the_estimate() -> None:
    with pytest.raises(UnknownPictureError):
        told("watermark:logo")
    with pytest.raises(TooMuchWorkError):
        explain(output("median:15"), CAMERA, Context(Limits(work=0.001), Deadline(60)))
