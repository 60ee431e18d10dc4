"""A wide blur of a picture that is decoded smaller: when it fires, and what the result is then."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from core import codecs
from core.estimate import estimate
from core.explain import explain
from core.imaging.geometry import Placement
from core.limits import Limits
from core.picture import Origin, Size
from core.run import Run
from tests.core.planner.support import context, fired, jpeg, likeness, made, photo, pixels, planned
from tests.core.test_process import output

CAMERA = Origin(format="jpeg", size=Size(4000, 3000), nbytes=3_000_000)
ODD = Origin(format="jpeg", size=Size(4001, 2999), nbytes=3_000_000)
TURNED = Origin(format="jpeg", size=Size(2999, 4001), nbytes=3_000_000, orientation=6)


@pytest.mark.parametrize(
    ("text", "origin", "scale"),
    [
        ("blur:11", CAMERA, 1), ("blur:13", CAMERA, 2), ("blur:15", CAMERA, 2), ("blur:27", CAMERA, 2),
        ("blur:31,sigma=2.5", CAMERA, 2), ("blur:15,sigma=9", CAMERA, 1),
        ("blur:15,linear=true", CAMERA, 1), ("blur:15", ODD, 2), ("blur:15", TURNED, 1),
        ("crop:1000,800,x=8,y=16/blur:15", CAMERA, 2), ("crop:1000,800,x=9,y=16/blur:15", CAMERA, 1),
        ("crop:1000,800,x=10,y=16/blur:33", CAMERA, 2), ("flip/rotate:90/blur:15", CAMERA, 2),
        ("flop/blur:15", ODD, 1), ("pad:8/blur:15", CAMERA, 1), ("sepia/blur:15", CAMERA, 1),
        ("grayscale/blur:15", CAMERA, 2), ("blur:15/sepia/resize:1500", CAMERA, 2), ("blur:15/canny", CAMERA, 1),
        ("blur:15/sharpness", CAMERA, 1), ("blur:15/detect", CAMERA, 1), ("blur:15/posterize", CAMERA, 1),
        ("blur:15", Origin(format="jpeg", size=Size(17, 300), nbytes=900), 1),
        ("blur:15/crop:50p,50p", CAMERA, 1), ("blur:15/square:90", CAMERA, 1), ("blur:15/flip/pad:9", CAMERA, 2),
        ("blur:15", Origin(format="jpeg", size=CAMERA.size, nbytes=3_000_000, coarse=4), 1),
        ("blur:15", Origin(format="png", size=CAMERA.size, nbytes=9_000_000), 1),
    ],
)  # fmt: skip
def test_when_the_source_is_decoded_smaller(text: str, origin: Origin, scale: int) -> None:
    assert planned(text, origin).scale == scale
    assert ("soften" in fired(text, origin)) == (scale > 1)


@pytest.mark.parametrize(
    "text", ["blur:13", "blur:15", "blur:33", "blur:67", "grayscale/blur:15", "blur:15/sepia/pad:3"]
)
@pytest.mark.parametrize("size", [(800, 600), (799, 601), (803, 605)], ids=str)
@pytest.mark.parametrize("channels", [1, 3])
def test_the_result_is_as_that_of_the_whole_picture(text: str, size: tuple[int, int], channels: int) -> None:
    data = jpeg(photo(*size, channels))
    assert "soften" in fired(text, codecs.probe(data, Limits()))
    whole, smaller = (made(data, text, rules=rules)[0] for rules in ((), ("luma", "soften", "chroma")))
    assert whole.size == smaller.size
    assert likeness(pixels(whole), pixels(smaller)) > 44


@pytest.mark.parametrize("turn", ["rotate:90", "rotate:270", "flip", "crop:640,320,x=16,y=16"])
@pytest.mark.parametrize("order", ["{turn}/grayscale", "grayscale/{turn}", "{turn}/grayscale/rotate:90", "{turn}"])
def test_what_is_cut_or_turned_before_it_keeps_its_size(turn: str, order: str) -> None:
    data, text = jpeg(photo()), order.format(turn=turn) + "/blur:15"
    assert "soften" in fired(text, codecs.probe(data, Limits()))
    whole, smaller = (pixels(made(data, text, rules=rules)[0]) for rules in ((), ("luma", "soften", "chroma")))
    assert whole.shape == smaller.shape
    assert likeness(whole, smaller) > 44


@pytest.mark.parametrize("text", ["blur:15", "blur:33", "blur:67"])
@pytest.mark.parametrize("size", [(320, 328), (321, 329), (323, 332), (327, 335)], ids=str)
def test_it_is_mirrored_at_the_edges_of_the_whole_picture(text: str, size: tuple[int, int]) -> None:
    """What is steep there shows where: mirrored half a smaller pixel further in it was off by 26 levels."""
    across, down = (np.minimum(np.minimum(np.arange(side), np.arange(side)[::-1]) * 9.0, 230) for side in size)
    steep = np.minimum.outer(down, across)
    data = jpeg(np.dstack([steep] * 3).astype(np.uint8))
    assert "soften" in fired(text, codecs.probe(data, Limits()))
    whole, smaller = (pixels(made(data, text, rules=rules)[0]).astype(int) for rules in ((), ("soften", "chroma")))
    assert np.abs(whole - smaller).max() <= 6


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("sampling", [0, 1, 2], ids=["444", "422", "420"])
def test_turned_pictures_of_every_sampling(orientation: int, sampling: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = BytesIO()
    Image.fromarray(photo()).save(buffer, "JPEG", quality=92, exif=exif, subsampling=sampling)
    text = "crop:400,320,x=32,y=16/flop/blur:15"
    assert "soften" in fired(text, codecs.probe(buffer.getvalue(), Limits()))
    whole, smaller = (pixels(made(buffer.getvalue(), text, rules=rules)[0]) for rules in ((), ("soften",)))
    assert likeness(whole, smaller) > 44


def test_a_decoder_that_gives_the_whole_picture_is_welcome() -> None:
    data = jpeg(photo())
    origin = codecs.probe(data, Limits())
    steps = planned("flop/blur:15", origin, ("soften",))
    assert steps.scale == 2
    (whole,) = Run(steps.pipeline, context()).frames(codecs.decode(data, origin, limits=Limits()))
    (plain,) = made(data, "flop/blur:15", rules=())
    assert (whole.pixels == pixels(plain)).all()


@pytest.mark.parametrize(
    "text",
    [
        "square:240/crop:201,181,x=3,y=9",
        "resize:,400,enlarge=true/blur:15/crop:120,300",
        "pad:90/crop:150,130/blur:15",
        "blur:15/pad:90/crop:150,130",
    ],
)
def test_cuts_of_what_earlier_steps_have_made_larger(text: str) -> None:
    data = jpeg(photo(120, 100))
    assert made(data, text)[0].size == made(data, text, rules=())[0].size


def test_it_is_enlarged_to_the_size_that_it_had() -> None:
    steps = planned("blur:15", ODD)
    enlarging = steps.pipeline.steps[-1].filter.function(steps.decoded(ODD.size))
    assert isinstance(enlarging, Placement)
    assert enlarging.size == ODD.size
    assert enlarging.target.width == 4002


def test_the_estimate_follows() -> None:
    whole, smaller = (estimate([output("blur:15")], CAMERA, context(rules)) for rules in ((), ("soften",)))
    assert smaller.work < 0.85 * whole.work
    assert smaller.memory <= whole.memory
    told = explain(output("blur:15"), CAMERA, context())
    assert [(step.step, step.width) for step in told.steps] == [("blur", 2000), ("enlarge", 4000)]
    plain = explain(output("blur:15"), CAMERA, context(()))
    assert told.encoding_ms == pytest.approx(plain.encoding_ms, rel=0.1)
