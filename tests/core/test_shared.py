"""Steps that several outputs have in common."""

import contextlib
import itertools
import random

import msgspec
import pytest

from core import codecs
from core.codecs import DecodeHints
from core.cost import Estimate
from core.decoded import Decoding
from core.errors import BadParameterError
from core.estimate import estimate
from core.limits import Deadline, Limits
from core.output import Output
from core.pipeline import Pipeline
from core.process import process
from core.run import Context
from core.shared import Course, partings
from tests.core.fakes import FakeModels
from tests.core.planner.plans import pictures, pipeline
from tests.core.planner.support import FAST, jpeg, photo
from tests.core.test_process import Watch

DATA = jpeg(photo(400, 300))
WHOLE, LUMA = Decoding(DecodeHints(), False), Decoding(DecodeHints(luma=True), False)


def outputs(*texts: str, written: str = "png") -> list[Output]:
    """Wanted results."""
    return [Output(pipeline=Pipeline.parse(text), format=written, options=FAST) for text in texts]


def made(wanted: list[Output], data: bytes = DATA, watch: Watch | None = None) -> list[bytes]:
    """The results' bytes and findings."""
    context = Context(Limits(), Deadline(60), probe=watch or Watch(), models=FakeModels())
    results = process(data, codecs.probe(data, Limits()), wanted, context)
    return [result.data + msgspec.json.encode(str(result.findings(masks=True))) for result in results]


@pytest.mark.parametrize(
    ("texts", "lengths"),
    [
        (["sepia/flip", "sepia/flop"], [[1], [1]]),
        (["sepia/flip", "sepia/flip"], [[2], [2]]),
        (["sepia", "sepia/flip", "flip"], [[1], [1], []]),
        (["flip/sepia/invert", "flip/sepia/hue", "flip/hue"], [[1, 2], [1, 2], [1]]),
        (["sepia:50", "sepia:51", ""], [[], [], []]),
    ],
)
def test_where_courses_part(texts: list[str], lengths: list[list[int]]) -> None:
    courses = [Course(WHOLE, Pipeline.parse(text).steps) for text in texts]
    assert [[parting.length for parting in each] for each in partings(courses)] == lengths
    others = [Course(decoding, course.steps) for decoding, course in zip((WHOLE, LUMA, WHOLE), courses, strict=False)]
    assert not partings(others)[1]


def test_common_steps_run_once() -> None:
    watch = Watch()
    made(outputs("detect/sepia", "detect/sepia/flip", "detect/sepia/blur:3", "flip"), watch=watch)
    assert [watch.names.count(name) for name in ("detect", "sepia", "flip", "blur", "decode")] == [1, 1, 2, 1, 2]


def test_formats_of_one_pipeline_differ_in_encoding_alone() -> None:
    watch = Watch()
    wanted = [*outputs("resize:90/canny"), *outputs("resize:90/canny", written="webp")]
    made(wanted, watch=watch)
    assert [watch.names.count(name) for name in ("resize", "canny", "encode")] == [1, 1, 2]


@pytest.mark.parametrize("seed", range(6))
def test_each_result_is_what_it_is_alone(seed: int) -> None:
    chance = random.Random(seed)
    name, data = pictures()[seed * 3]
    beginnings = ["", "crop:61p,90p/resize:160", "rotate:90/brightness:120", "sharpness/flip", "detect/blur:3"]
    alone: dict[str, list[bytes]] = {}
    while len(alone) < 5:
        text = f"{chance.choice(beginnings)}/{pipeline(chance)}".strip("/")
        with contextlib.suppress(BadParameterError):  # a box that is larger than the picture then is
            alone[text] = made(outputs(text), data)
    assert made(outputs(*alone), data) == list(itertools.chain.from_iterable(alone.values())), name


def test_it_is_counted() -> None:
    origin = codecs.probe(DATA, Limits())
    context = Context(Limits(), Deadline(60))

    def told(*texts: str) -> Estimate:
        return estimate(outputs(*texts), origin, context)

    one, both, apart = told("median:9"), told("median:9", "median:9/flip"), told("median:9", "median:7/flip")
    assert both.work < one.work + 0.6 * (apart.work - one.work)
    assert both.memory >= one.memory + 400 * 300 * 3
