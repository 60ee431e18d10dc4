"""What is declared: that it is counted once, whole, and in proportion to what it takes."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from bench.cost import examples, measured, open_models, scaled
from core import codecs
from core.codecs import EncodeOptions
from core.cost import IDLE, Cost, Estimate
from core.detail import Detail
from core.errors import TooManyPixelsError, TooMuchWorkError, UnknownPictureError
from core.estimate import estimate
from core.filters import toning
from core.limits import Deadline, Limits
from core.models.vision import Models
from core.output import Output
from core.picture import Origin, Size
from core.pipeline import Pipeline
from core.plan import plan
from core.process import process
from core.registry import filters
from core.run import Context
from tests.conftest import made_picture
from tests.core.fakes import FakeModels
from tests.core.filters.support import run
from tests.core.filters.test_conventions import assets, bare

FREE = Limits(work=1e9, memory=1 << 50)
HUGE = Origin(format="jpeg", size=Size(8000, 8000), nbytes=20_000_000)
PHOTOGRAPH = Origin(format="jpeg", size=Size(4000, 3000), nbytes=3_000_000)
CUBE = b"LUT_3D_SIZE 2\n" + b"0 0 0\n1 0 0\n0 1 0\n1 1 0\n0 0 1\n1 0 1\n0 1 1\n1 1 1\n"
MIB = 2**20


def encoded(pixels: Any, ending: str = ".png") -> bytes:
    """The pixels as a file."""
    return bytes(cv2.imencode(ending, pixels)[1])


def outputs(*texts: str, name: str = "jpeg", **options: Any) -> list[Output]:
    """Wanted results in one format."""
    return [Output(pipeline=Pipeline.parse(text), format=name, options=EncodeOptions(**options)) for text in texts]


def told(text: str, origin: Origin = PHOTOGRAPH, name: str = "jpeg", times: int = 1, **options: Any) -> Estimate:
    """The estimate of so many alike outputs, without limits."""
    return estimate(outputs(*[text] * times, name=name, **options), origin, Context(FREE, Deadline(60)))


@pytest.mark.parametrize(
    ("cost", "channels", "seconds"),
    [
        (Cost(pixel=10), 3, 0.01), (Cost(pixel=10), 1, 0.004), (Cost(pixel=9), 4, 0.012), (Cost(made=5), 3, 0.01),
        (Cost(fixed=100), 1, 1e-4), (Cost(each=100), 3, 3e-4), (Cost(byte=2), 3, 2e-3), (Cost(alpha=7), 4, 0.007),
        (Cost(alpha=7), 3, 0), (Cost(sampled=4, samples=1000), 3, 4e-6), (Cost(pixel=10, grey=1), 1, 0.01),
        (Cost(second=3), 3, 1.5e-3), (Cost(pixel=10, flat=0.2), 3, 0.006),
        (Cost(sampled=4, samples=1000, flat=0.2), 3, 2.4e-6), (Cost(sampled=4, samples=1000, grey=0.5), 1, 2e-6),
    ],
)  # fmt: skip
def test_the_parts_of_a_cost(cost: Cost, channels: int, seconds: float) -> None:
    taken = cost.seconds(1_000_000, channels, made=2_000_000, objects=3, nbytes=1_000_000, second=500_000, detail=0.5)
    assert taken == pytest.approx(seconds * IDLE)


def changed(**fields: Any) -> Origin:
    """The photograph's origin with other fields."""
    return Origin(**{"format": "jpeg", "size": Size(4000, 3000), "nbytes": 3_000_000, **fields})


@pytest.mark.parametrize(
    ("dear", "cheap"),
    [
        (changed(progressive=True), changed()),
        (changed(nbytes=9_000_000), changed()),
        (changed(orientation=6), changed()),
        (changed(format="png", depth=16), changed(format="png")),
        (changed(format="png", progressive=True), changed(format="png")),
        (changed(format="gif", frames=1), changed(format="gif", size=Size(400, 300))),
        (changed(format="png"), changed(format="png", channels=1)),
    ],
    ids=["progressive", "bytes", "turned", "16 bits", "interlaced", "pixels", "channels"],
)
def test_decoding_is_counted(dear: Origin, cheap: Origin) -> None:
    assert told("sepia", dear).work > told("sepia", cheap).work


def test_decoding_luma_only_is_cheaper() -> None:
    assert told("grayscale").work < told("sepia/grayscale").work


@pytest.mark.parametrize(
    ("dear", "cheap"),
    [
        ({"name": "avif", "chroma": "444"}, {"name": "avif"}),
        ({"name": "avif", "effort": 10}, {"name": "avif"}),
        ({"name": "avif", "lossless": True}, {"name": "avif"}),
        ({"name": "webp", "effort": 10}, {"name": "webp"}),
        ({"name": "jxl", "effort": 10}, {"name": "jxl"}),
        ({"name": "jxl", "lossless": True}, {"name": "jxl"}),
        ({"name": "webp", "lossless": True, "effort": 8}, {"name": "webp", "lossless": True}),
        ({"name": "webp", "max_bytes": 1000}, {"name": "webp"}),
        ({"name": "jpeg", "progressive": True}, {"name": "jpeg"}),
        ({"name": "png", "effort": 10}, {"name": "png"}),
    ],
    ids=lambda options: " ".join(map(str, options.values())),
)
def test_encoding_is_counted_by_its_options(dear: dict[str, Any], cheap: dict[str, Any]) -> None:
    assert told("", **dear).work > 1.2 * told("", **cheap).work


def test_what_a_format_does_not_do_is_not_counted() -> None:
    assert told("", name="apng", quality=80).work == told("", name="apng").work, "palettes are of stills only"
    assert told("", name="png", quality=100).work == told("", name="png").work, "that is exact"


# --- detail ----------------------------------------------------------------------------------------------------------

BLURRED = changed(nbytes=300_000)


@pytest.mark.parametrize(
    ("origin", "lossy", "exact"),
    [
        (PHOTOGRAPH, 1.2, 1.1), (BLURRED, 0.12, 0.32), (changed(nbytes=1000), 0.03, 0.15),
        (changed(nbytes=30_000_000), 1.2, 1.1), (changed(nbytes=0), 1, 1),
        (changed(format="pnm", nbytes=36_000_000), 0.4, 0.65),
        (changed(format="png", nbytes=8_400_000), 0.25, 0.47),
        (changed(format="png", nbytes=8_400_000, channels=1), 1.2, 1.1),
        (changed(format="png", nbytes=1_680_000, packing="palette"), 0.5, 0.68),
        (changed(format="gif", size=Size(100, 100), frames=10, nbytes=28_000), 0.25, 0.47),
    ],
    ids=["photograph", "blurred", "flat", "noise", "unknown length", "a format without packing", "exact", "exact grey",
         "palette", "frames"],
)  # fmt: skip
def test_the_length_of_a_file_tells_its_detail(origin: Origin, lossy: float, exact: float) -> None:
    found = codecs.detail(origin)
    assert (found.lossy, found.exact) == pytest.approx((lossy, exact), rel=0.05)


@pytest.mark.parametrize("name", ["avif", "webp", "png", "gif", "tiff", "jxl"])
def test_a_blurred_picture_is_encoded_sooner(name: str) -> None:
    assert told("sepia", BLURRED, name).work < 0.9 * told("sepia", PHOTOGRAPH, name).work


def left(text: str, lossy: float = 1.0, exact: float = 1.0) -> Detail:
    """The detail after a pipeline."""
    return plan(Pipeline.parse(text), PHOTOGRAPH, FREE, detail=Detail(lossy, exact)).detail


@pytest.mark.parametrize(
    ("text", "lossy", "exact"),
    [
        ("sepia", 1, 1), ("invert", 1, 1), ("posterize:2", 1.4, 0.05), ("contrast:0", 0, 0), ("exposure:-8", 0.1, 0.2),
        ("contrast:0/invert", 0, 0), ("threshold", 0.9, 0.2), ("halftone:2", 2.8, 0.9), ("grain", 1.8, 1.3),
        ("blur:69", 0.15, 0.4), ("resize:8000,enlarge=true", 0.25, 0.5), ("canny:30000,20000", 0, 0.3),
    ],
)  # fmt: skip
def test_steps_leave_detail_or_make_their_own(text: str, lossy: float, exact: float) -> None:
    found = left(text)
    assert found.lossy == pytest.approx(min(lossy, 1.8), abs=0.25)
    assert found.exact == pytest.approx(exact, abs=0.2)


def test_a_pattern_is_drawn_on_a_plain_picture_and_noise_is_raised_only_where_there_is_some() -> None:
    assert left("grain:50", 0, 0).lossy > 1
    assert left("equalize", 0, 0).lossy == 0
    assert left("equalize", 0.1, 0.4).lossy > 0.5
    assert left("sharpen:100/sharpen:100/sharpen:100").lossy <= 1.8


def test_avif_of_64_megapixels_in_full_colour_is_declared_and_refused() -> None:
    found = told("", HUGE, "avif", chroma="444")
    assert found.work > 2
    assert found.memory > 792 * MIB
    with pytest.raises(TooMuchWorkError):
        estimate(outputs("", name="avif", chroma="444"), HUGE, Context(Limits(), Deadline(60)))


@pytest.mark.parametrize("name", ["jpeg", "webp", "png", "avif", "jxl"])
@pytest.mark.parametrize(
    "text", ["", "resize:800", "blur:15", "sepia", "blur/sepia", "grayscale", "rotate:90", "resize:4000/sharpen"]
)
def test_64_megapixels_are_served_by_default(text: str, name: str) -> None:
    estimate(outputs(text, name=name), HUGE, Context(Limits(), Deadline(60)))


def test_outputs_that_share_a_decoding_pay_for_it_once_and_keep_it() -> None:
    amounts = outputs("sepia:10", "sepia:20", "sepia:30", "sepia:40")
    one, four = told("sepia:10"), estimate(amounts, PHOTOGRAPH, Context(FREE, Deadline(60)))
    decoding = codecs.decoding(PHOTOGRAPH).work
    assert four.work == pytest.approx(decoding + 4 * (one.work - decoding))
    assert four.memory >= one.memory


def test_memory_holds_the_source_beside_a_later_step() -> None:
    source = PHOTOGRAPH.size.pixels * 3
    assert told("sepia/box:15").memory - told("box:15").memory == pytest.approx(source, rel=0.3)


def test_frames_that_wait_for_another_try_are_counted() -> None:
    moving = Origin(format="gif", size=Size(1000, 1000), frames=50)
    assert told("", moving, "webp", max_bytes=1000).memory > 50 * 3_000_000


@pytest.mark.parametrize(("field", "limits"), [("work", Limits(work=0.01)), ("MiB", Limits(memory=50 * MIB))])
def test_what_costs_too_much_is_refused(field: str, limits: Limits) -> None:
    with pytest.raises(TooMuchWorkError, match=field):
        estimate(outputs("", name="webp"), PHOTOGRAPH, Context(limits, Deadline(60)))


# --- second pictures and files --------------------------------------------------------------------------------------


def counted(function: Callable[..., Any], calls: list[str]) -> Callable[..., Any]:
    """The function, which notes when it is called."""

    def noting(*arguments: Any, **named: Any) -> Any:
        calls.append(function.__name__)
        return function(*arguments, **named)

    return noting


def results(texts: list[str], frames: int = 1, **brought: bytes) -> list[bytes]:
    """What four outputs of a small picture hold."""
    data = encoded(made_picture(3))
    if frames > 1:
        first = next(codecs.decode(data, codecs.probe(data, FREE), limits=FREE))
        data = codecs.encode([first] * frames, "gif")
    context = Context(
        Limits(), Deadline(60), {name.replace("_", "."): file for name, file in brought.items()}.__getitem__
    )
    made = process(data, codecs.probe(data, FREE), outputs(*texts, name="gif"), context)
    return [result.data for result in made]


def test_a_second_picture_is_decoded_once_for_all_outputs_and_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr("core.second.codecs.decode", counted(codecs.decode, calls))
    texts = ["watermark:logo", "blend:logo", "overlay:logo", "sepia/watermark:logo"]
    assert len(results(texts, 3, logo=encoded(made_picture(4)))) == 4
    assert len(calls) == 3, "by the test for the animation, of the source, and of the logo"


def test_a_table_is_read_once_for_all_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(toning, "read_cube", counted(toning.read_cube, calls))
    results(["lut:a.cube", "lut:a.cube,50", "sepia/lut:a.cube", "lut:a.cube/sepia"], 3, a_cube=CUBE)
    assert calls == ["read_cube"]


def test_a_table_is_counted_by_its_bytes() -> None:
    files = {"small.cube": CUBE, "large.cube": CUBE + b"#" * 4_000_000}
    context = Context(FREE, Deadline(60), files.__getitem__)
    small, large = (estimate(outputs(f"lut:{name}"), PHOTOGRAPH, context) for name in files)
    assert large.work > small.work + 0.1
    assert large.memory > small.memory + 4_000_000


def bomb() -> bytes:
    """A PNG of 64 megapixels in few bytes."""
    return encoded(np.zeros((8000, 8000), np.uint8))


def test_a_second_picture_that_is_a_bomb_is_in_the_budget() -> None:
    data, moving = bomb(), Origin(format="gif", size=Size(200, 200), frames=100)
    assert len(data) < 707_000
    context = Context(Limits(), Deadline(60), lambda _: data)
    once = estimate(outputs("watermark:logo"), PHOTOGRAPH, context)
    assert once.work > told("sepia").work + 0.2, "its decoding and its scaling are counted"
    assert once.memory > 64_000_000
    with pytest.raises(TooMuchWorkError):
        estimate(outputs("watermark:logo", name="gif"), moving, context)
    with pytest.raises(TooManyPixelsError):
        estimate(outputs("watermark:logo/blend:other"), PHOTOGRAPH, context)


def test_second_pictures_of_all_outputs_are_counted_together() -> None:
    data = bomb()
    with pytest.raises(TooManyPixelsError):
        estimate(outputs("watermark:a", "watermark:b"), PHOTOGRAPH, Context(FREE, Deadline(60), lambda _: data))


def test_a_second_picture_that_is_missing() -> None:
    with pytest.raises(UnknownPictureError):
        estimate(outputs("watermark:logo"), PHOTOGRAPH, Context(FREE, Deadline(60)))


# --- what the filters declare ---------------------------------------------------------------------------------------

_PLAIN = [known for known in filters().values() if known.makes == "pixels" and not known.findings]


@pytest.mark.parametrize("known", _PLAIN, ids=lambda known: known.name)
def test_channels_that_come_out_are_as_declared(known: Any) -> None:
    text = known.name if bare(known) else known.example
    for channels in (1, 3):
        pixels = made_picture(channels)
        made = run(text, pixels, **assets(known)).pixels.shape[2]
        origin = Origin(format="png", size=Size(pixels.shape[1], pixels.shape[0]), channels=channels)
        assert plan(Pipeline.parse(text), origin, FREE).channels == made


@pytest.mark.parametrize(
    ("text", "lossy", "exact"),
    [
        ("flip", 1, 1), ("rotate:90", 1, 1), ("crop:50p,50p", 1, 1), ("square", 1, 1), ("affine:-1,0,4000", 1, 1),
        ("pad:50p", 0.25, 0.25), ("border:1000", 0.4, 0.4), ("affine:1,0,90000", 0, 0),
        ("affine:1,0,2000", 0.5, 0.5), ("affine:2,0,0,0,2", 0.25, 0.5), ("resize:8000,enlarge=true", 0.25, 0.5),
    ],
)  # fmt: skip
def test_a_move_leaves_the_detail_of_what_it_shows(text: str, lossy: float, exact: float) -> None:
    left = plan(Pipeline.parse(text), PHOTOGRAPH, FREE).detail
    assert (left.lossy, left.exact) == (pytest.approx(lossy, abs=0.01), pytest.approx(exact, abs=0.01))


@pytest.mark.parametrize(
    ("dear", "cheap"),
    [
        ("affine:1,0,2000", "affine:1,0,90000"), ("canny:10,20", "canny"), ("canny", "canny:5000,9000"),
        ("canny:5000,9000,7", "canny:5000,9000"), ("rounded/sobel", "rounded:0/sobel"),
        ("quantize:256", "quantize:17"),
    ],
)  # fmt: skip
def test_a_step_declares_by_its_parameters(dear: str, cheap: str) -> None:
    assert plan(Pipeline.parse(dear), PHOTOGRAPH, FREE).work > 1.02 * plan(Pipeline.parse(cheap), PHOTOGRAPH, FREE).work


@pytest.mark.parametrize(
    ("text", "channels"),
    [
        ("rounded:0", 1),
        ("rounded:1", 4),
        ("border:9,336699", 3),
        ("border:9,808080", 1),
        ("pad:9,background=f00", 3),
        ("rotate:30", 1),
        ("detect", 1),
    ],
)
def test_a_grey_picture_gets_a_coloured_border(text: str, channels: int) -> None:
    origin = Origin(format="png", size=Size(90, 60), channels=1)
    planned = plan(Pipeline.parse(text), origin, FREE, models=FakeModels())
    assert planned.channels == channels


def test_what_takes_anything_for_an_object_finds_as_many_as_it_may() -> None:
    def drawing(text: str) -> float:
        return plan(Pipeline.parse(text), PHOTOGRAPH, FREE, models=FakeModels()).steps[-1].work

    assert drawing("detect:score=0.5/draw") == drawing("detect/draw")
    assert drawing("detect:score=0.001/draw") > drawing("detect:score=0.001,max=50/draw") > drawing("detect/draw")


@pytest.fixture(scope="module")
def models() -> Models:
    """The model that ships, loaded."""
    return open_models()


@pytest.fixture(scope="module")
def machine(models: Models) -> float:
    """How much of what is declared this machine takes, by a step of each kind."""
    found = [measured(text, scaled(1.0), models) for text in ("blur:15", "vignette", "sharpen", "halftone:6")]
    return float(np.median([one.taken / one.declared for one in found]))


_UNIT = 2e-3
"""Seconds below which a clock and a cache decide."""
_FAR = 6.0
_IDLE = ("detect/", "deskew")
"""Steps that find nothing to do in a photograph that shows no drawn shapes and is upright."""


@pytest.mark.parametrize("text", examples())
def test_a_step_takes_about_what_it_declares(text: str, models: Models, machine: float) -> None:
    for megapixels in (0.25, 1.0):
        found = measured(text, scaled(megapixels), models)
        declared = found.declared * machine
        assert found.taken < _FAR * declared + _UNIT, f"{megapixels} megapixels"
        if not text.startswith(_IDLE):
            assert declared < _FAR * found.taken + _UNIT, f"{megapixels} megapixels"
