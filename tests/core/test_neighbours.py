"""A result's bytes do not depend on its neighbours: what an output gives alone, it gives beside any others.

IDENTITY_REQUESTS says how many requests are drawn.
"""

import os
from functools import cache
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from core import codecs
from core.codecs import EncodeOptions
from core.errors import DarkroomError
from core.limits import Deadline, Limits
from core.output import Output
from core.pipeline import Pipeline
from core.process import process
from core.registry import filters
from core.run import Context
from tests.conftest import made_picture
from tests.core.codecs.test_icc import rgb_profile
from tests.core.fakes import FakeModels

LIMITS = Limits()
PACE = settings(
    max_examples=int(os.environ.get("IDENTITY_REQUESTS", "80")),
    deadline=None,
    derandomize="IDENTITY_REQUESTS" not in os.environ,
    suppress_health_check=list(HealthCheck),
)


def saved(picture: Image.Image, written: str, **how: Any) -> bytes:
    file = BytesIO()
    picture.save(file, written, **how)
    return file.getvalue()


def sources() -> dict[str, bytes]:
    """A picture of each kind that can be decoded in more than one way: coarse noise, whose colours half a resolution
    cannot hold."""
    grains = np.random.default_rng(3).integers(0, 256, (15, 20, 3), np.uint8)
    still = Image.fromarray(cv2.resize(grains, (120, 90), interpolation=cv2.INTER_CUBIC))
    moving = {"save_all": True, "append_images": [still.rotate(90 * turn) for turn in range(1, 4)], "duration": 80}
    exif = Image.Exif()
    exif[0x0112] = 6
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return {
        "jpeg": saved(still, "JPEG", quality=85),
        "jpeg, sideways": saved(still, "JPEG", quality=85, exif=exif),
        "jpeg in sRGB": saved(still, "JPEG", quality=85, icc_profile=srgb),
        "jpeg in another space": saved(still, "JPEG", quality=85, icc_profile=rgb_profile()),
        "grey jpeg": saved(still.convert("L"), "JPEG", quality=85),
        "cmyk jpeg": saved(still.convert("CMYK"), "JPEG", quality=85),
        "png with alpha": cv2.imencode(".png", made_picture(4))[1].tobytes(),
        "gif": saved(still, "GIF", **moving),
        "webp": saved(still, "WEBP", quality=70, **moving),
        "apng": saved(still, "PNG", **moving),
        "apng whose default image is no frame": saved(still, "PNG", default_image=True, **moving),
        "apng of one frame": saved(still, "PNG", save_all=True, default_image=True, append_images=[still.rotate(180)]),
    }


SOURCES = sources()
EXAMPLES = sorted(known.example for known in filters().values() if "pictures" not in known.needs)
HINTED = ("grayscale", "blur:9", "box:9", "resize:40", "square:30")
"""What a JPEG is decoded otherwise for."""
FIRST = st.one_of(st.sampled_from(HINTED), st.sampled_from([*EXAMPLES, "watermark:logo", "histogram:8"]))


def _parsed(steps: list[str]) -> Pipeline | None:
    """None where the steps are refused in this order, such as a `redact` that comes too late."""
    try:
        return Pipeline.parse("/".join(steps))
    except DarkroomError:
        return None


PARSED = st.lists(FIRST, max_size=2).map(_parsed).filter(lambda pipeline: pipeline is not None)
OUTPUTS = st.builds(
    Output,
    pipeline=PARSED,
    format=st.sampled_from(["png", "jpeg", "webp", "gif", "apng"]),
    options=st.sampled_from([frozenset[Any](), frozenset({"icc"}), frozenset({"exif"})]).map(
        lambda kept: EncodeOptions(keep=kept)
    ),
    image=st.booleans(),
    every_frame=st.booleans(),
)


@cache
def logo() -> bytes:
    return cv2.imencode(".png", made_picture(4, 24, 16))[1].tobytes()


def results(data: bytes, *outputs: Output) -> list[tuple[Any, ...]]:
    """All that an answer tells of each output's result."""
    context = Context(LIMITS, Deadline(600), {"logo": logo()}.__getitem__, models=FakeModels())
    made = process(data, codecs.probe(data, LIMITS), outputs, context)
    return [(one.data, one.size, one.frame_count, one.findings(masks=True)) for one in made]


def result_alone(data: bytes, output: Output) -> tuple[Any, ...] | None:
    """None where it cannot be made, such as a `crop_to` of nothing."""
    try:
        return results(data, output)[0]
    except DarkroomError:
        return None


@PACE
@given(st.sampled_from(sorted(SOURCES)), st.lists(OUTPUTS, min_size=2, max_size=4))
def test_alone_and_beside(source: str, outputs: list[Output]) -> None:
    data = SOURCES[source]
    alone = [(output, made) for output in outputs if (made := result_alone(data, output)) is not None]
    beside = results(data, *(output for output, _ in alone))
    for (output, one), other in zip(alone, beside, strict=True):
        assert str(one) == str(other), f"{source}: {output.pipeline.canonical} as {output.format}"


@pytest.mark.parametrize("step", HINTED)
@pytest.mark.parametrize("source", SOURCES)
def test_hints_are_an_outputs_own(source: str, step: str) -> None:
    output, other = (Output(pipeline=Pipeline.parse(text), format="png") for text in (step, "sepia"))
    assert str(results(SOURCES[source], output)) == str(results(SOURCES[source], output, other)[:1])


@pytest.mark.parametrize("example", EXAMPLES)
def test_no_filter_writes_into_what_it_shares(example: str) -> None:
    """Those that begin alike are handed the very same pixels."""
    output = Output(pipeline=Pipeline.parse(example), format="png")
    plain = Output(pipeline=Pipeline.parse("sharpen"), format="png")
    once, before, twice, after = results(SOURCES["jpeg"], output, plain, output, plain)
    assert (str(once), str(before)) == (str(twice), str(after))


@pytest.mark.parametrize("image", [True, False], ids=["picture", "JSON"])
@pytest.mark.parametrize("source", SOURCES)
def test_what_is_found_does_not_depend_on_the_picture(source: str, image: bool) -> None:
    """Neither on whether it is encoded, nor on its format."""
    pipeline = Pipeline.parse("grayscale/histogram:4/detect/count")
    told = {
        written: results(SOURCES[source], Output(pipeline=pipeline, format=written, image=image, every_frame=True))[0][
            3
        ]
        for written in ("png", "jpeg", "webp", "gif")
    }
    reference = results(SOURCES[source], Output(pipeline=pipeline, format="png", image=False, every_frame=True))[0][3]
    assert all(found == reference for found in told.values())
