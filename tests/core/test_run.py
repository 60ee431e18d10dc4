"""What the runner promises to filters: alpha and grey as declared, one decision for all frames, a deadline."""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import numpy as np
import pytest

from core.errors import DeadlineExceededError, UnknownPictureError
from core.filter import Filter
from core.imaging.geometry import Box, Geometry, crop_geometry
from core.limits import Deadline, Limits
from core.picture import Origin, Picture, Pixels, Size
from core.pipeline import Pipeline, Step
from core.registry import find_filter
from core.run import Context, Run
from tests.conftest import made_picture
from tests.core.filters.support import apply


def frames(count: int, channels: int = 3) -> Iterator[Picture]:
    """Frames in which a bright square moves to the right."""
    for index in range(count):
        pixels = np.zeros((40, 60, channels), np.uint8)
        pixels[10:20, 5 * index : 5 * index + 10] = 255
        origin = Origin(format="gif", size=Size(60, 40), frames=count, frame=index, duration=100)
        yield Picture(pixels=pixels, origin=origin)


def context(seconds: float = 5) -> Context:
    """An ordinary request without second pictures."""
    return Context(Limits(), Deadline(seconds))


def step(like: str, **changes: object) -> Step:
    """A step of a filter that is not registered."""
    return Step(msgspec.structs.replace(find_filter(like), **changes), {})


def test_geometry_by_content_is_decided_on_the_first_frame() -> None:
    def around_the_square(picture: Picture) -> Geometry:
        left = int(np.argmax(picture.pixels.any(axis=(0, 2))))
        return crop_geometry(Box(left, 10, 10, 10))

    decided = step("flip", function=around_the_square, takes="picture", bound=lambda size: size)
    made = list(Run(Pipeline((decided,)), context()).frames(frames(3)))
    assert [picture.pixels[:, :, 0].mean() for picture in made] == [255, 127.5, 0]


def test_measures_read_the_first_frame_only() -> None:
    seen = []

    def look(picture: Picture) -> int:
        seen.append(picture.origin.frame)
        return 1

    measure = step("flip", name="look", kind="measure", makes="measure", takes="picture", function=look)
    made = list(Run(Pipeline((measure,)), context()).frames(frames(3)))
    assert seen == [0]
    assert [picture.findings.measures for picture in made] == [{"look": 1}, {}, {}]


def test_frames_are_run_one_at_a_time() -> None:
    pulled = 0

    def counted() -> Iterator[Picture]:
        nonlocal pulled
        for picture in frames(5):
            pulled += 1
            yield picture

    run = Run(Pipeline.parse("blur:3"), context()).frames(counted())
    next(run)
    assert pulled == 1


def test_deadline_is_looked_at_between_steps() -> None:
    with pytest.raises(DeadlineExceededError, match='"blur"') as late:
        list(Run(Pipeline.parse("blur"), context(seconds=-1)).frames(frames(1)))
    assert late.value.status == 504


def test_unknown_second_picture() -> None:
    with pytest.raises(UnknownPictureError):
        list(Run(Pipeline.parse("watermark:nothing_of_that_name"), context()).frames(frames(1)))


def test_a_filter_that_changes_the_size_is_a_defect() -> None:
    def smaller(pixels: Pixels) -> Pixels:
        return pixels[1:]

    with pytest.raises(TypeError, match="changed the size"):
        list(
            Run(Pipeline((step("flip", makes="pixels", takes="pixels", function=smaller),)), context()).frames(
                frames(1)
            )
        )


def test_spans_are_named_after_the_steps() -> None:
    names: list[str] = []

    class Watch:
        @contextmanager
        def span(self, name: str) -> Iterator[None]:
            names.append(name)
            yield

    run = Run(Pipeline.parse("blur/flip"), msgspec.structs.replace(context(), probe=Watch()))
    list(run.frames(frames(1)))
    assert names == ["blur", "flip"]


def test_invisible_colour_does_not_bleed() -> None:
    """Straight alpha would mix the invisible green into the red edge."""
    pixels = np.zeros((32, 32, 4), np.uint8)
    pixels[:, :16] = (0, 0, 255, 255)
    pixels[:, 16:] = (0, 255, 0, 0)
    blurred = apply("blur:9", pixels)
    seen = blurred[:, :, 3] > 8
    assert blurred[:, :, 1][seen].max() == 0
    assert blurred[:, :, 2][seen].min() >= 250


@pytest.mark.parametrize("known", ["blur", "flip"])
def test_opaque_alpha_stays_opaque(known: str) -> None:
    pixels = made_picture(4)
    pixels[:, :, 3] = 255
    result = apply(known, pixels)
    assert (result[:, :, 3] == 255).all()
    assert np.array_equal(result[:, :, :3], apply(known, np.ascontiguousarray(pixels[:, :, :3])))


def test_filter_struct_is_whole() -> None:
    assert isinstance(find_filter("blur"), Filter)
    assert find_filter("blur").schema()["properties"]["kernel"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 99,
        "not": {"multipleOf": 2},
        "description": "Side of the square that is averaged, pixels; odd",
        "default": 15,
    }


@pytest.mark.parametrize(
    ("text", "channels"),
    [("border:4,ff0000", 3), ("border:4,808080", 1), ("rotate:30", 1), ("pad:4,background=0000ff", 3)],
)
def test_a_coloured_border_colours_a_grey_picture(text: str, channels: int) -> None:
    assert apply(text, made_picture(1)).shape[2] == channels
