"""Random requests, with what each declares beside what it takes."""

import ctypes
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import cv2
import msgspec
import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from bench import pictures
from bench.cost import open_models
from core import codecs
from core.codecs import EncodeOptions
from core.errors import DarkroomError
from core.estimate import estimate
from core.explain import Explanation, explain
from core.imaging.pixels import three_axes
from core.language.values import FileName, ModelName, PictureName
from core.limits import Deadline, Limits
from core.models.vision import Models
from core.output import Output
from core.picture import Origin, Picture, Pixels, Size
from core.pipeline import Pipeline, Step
from core.process import process
from core.registry import filters
from core.run import Context
from tests.core.strategies import fed, steps

SLACK = 256 * 2**20
"""Bytes that a request may take beside what it declares."""
_SECONDS = 6.0
"""Pipelines that would take longer are not run."""
_RUNS, _LONG = 3, 1.0
"""How often a request is run, the least is what it takes; what takes so many seconds is run no more."""
_CHOSEN = ("quality", "effort", "lossless", "progressive", "chroma")
_ROOT = Path(__file__).resolve().parents[3]
_READ = ("jpeg", "jpeg", "jpeg", "png", "png", "webp", "avif", "gif", "tiff", "bmp", "pnm")


class Case(NamedTuple):
    """One request: a picture and an output."""

    data: bytes
    output: Output


class Measured(NamedTuple):
    """A request with what it declares and takes: seconds of one core, bytes at the peak; `parts` are for people."""

    text: str
    declared: float
    taken: float
    memory: int
    peak: int
    parts: str = ""

    @property
    def ratio(self) -> float:
        """Declared beside taken."""
        return self.declared / self.taken

    def within(self, tolerance: float) -> bool:
        """Whether the work is as declared, but for such a share of what it took."""
        return abs(self.ratio - 1) <= tolerance


def nearest(ratios: Sequence[float]) -> float:
    """The speed of a machine at which what is declared is off by the least, in the mean, as a share of what is taken.

    A median would count what is declared twice as high as as far off as what is declared half as high, and a machine
    would be told slower than what it takes.
    """
    return min(ratios, key=lambda speed: sum(abs(ratio / speed - 1) for ratio in ratios))


def measured(count: int, number: int, megapixels: float = 12.0) -> Iterator[Measured]:
    """So many requests of this seed, of pictures up to this size."""
    cv2.setNumThreads(1)
    models = open_models()
    random, sources = Random(number), pictures.sources()
    _warm(models)
    done = 0
    for pipeline in _pipelines(12 * count, number):
        case = Case(_source(random, sources, megapixels), _output(random, pipeline))
        found = _measure(case, _context(random, sources, models))
        if found:
            yield found
            done += 1
        if done == count:
            return


def _pipelines(count: int, number: int) -> list[Pipeline]:
    """Pipelines of one to five steps, drawn from what signatures allow; models are those that ship."""
    drawn: list[Pipeline] = []
    seen = set[tuple[str, ...]]()
    known = [one for one in filters().values() if one.task in {None, "detect"}]

    @seed(number)
    @settings(max_examples=count, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(st.lists(st.sampled_from(known).flatmap(steps), min_size=1, max_size=5))
    def draw(made: list[Step]) -> None:
        own = [_named(step) for step in made]
        names = tuple(step.filter.name for step in own)
        if names in seen:  # what is drawn later repeats parts of what was drawn before
            return
        seen.add(names)
        try:
            drawn.append(Pipeline.parse(Pipeline(tuple(fed(own))).canonical))
        except DarkroomError:
            return

    draw()
    Random(number).shuffle(drawn)
    return drawn


_OURS: dict[Any, Any] = {ModelName: None, PictureName: PictureName("second"), FileName: FileName("warm.cube")}


def _named(step: Step) -> Step:
    """The step with the model that ships, and with second pictures that are there."""
    kinds: dict[str, Any] = {parameter.name: parameter.kind for parameter in step.filter.parameters}
    arguments = {
        name: value if value is None else _OURS.get(kinds[name], value) for name, value in step.arguments.items()
    }
    if "mask" in arguments:
        arguments["mask"] = PictureName("mask")
    return msgspec.structs.replace(step, arguments=arguments)


def _source(random: Random, photographs: list[Pixels], most: float) -> bytes:
    """A picture of any size and format that is both read and written, or of those that we only read."""
    name = random.choice(_READ)
    pixels = scaled(random.choice(photographs), float(np.exp(random.uniform(np.log(0.05), np.log(most)))))
    kind = random.random()
    if kind < 0.12:
        pixels = three_axes(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY))
    elif kind < 0.27 and name in {"png", "webp", "avif", "tiff"}:
        pixels = see_through(pixels)
    if name in {"bmp", "pnm"}:
        return bytes(cv2.imencode(".bmp" if name == "bmp" else ".ppm", pixels)[1])
    if name == "png" and random.random() < 0.2:
        return bytes(cv2.imencode(".png", pixels.astype(np.uint16) * 257)[1])
    frames = random.randint(2, 8) if name in {"gif", "webp"} and random.random() < 0.3 else 1
    if frames > 1:
        pixels = scaled(pixels, min(1.0, pixels.shape[0] * pixels.shape[1] / 1e6))
    options = EncodeOptions(quality=random.choice([40, 75, 85, 95]), progressive=random.random() < 0.25)
    return codecs.encode((picture_of(np.roll(pixels, 7 * at, 1)) for at in range(frames)), name, options)


def scaled(pixels: Pixels, megapixels: float) -> Pixels:
    """The picture with about so many pixels."""
    height, width = pixels.shape[:2]
    factor = (megapixels * 1e6 / (width * height)) ** 0.5
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return three_axes(cv2.resize(pixels, size, interpolation=how))


def see_through(pixels: Pixels) -> Pixels:
    """The picture in an ellipse with soft edges."""
    height, width = pixels.shape[:2]
    alpha = np.zeros((height, width), np.uint8)
    cv2.ellipse(alpha, (width // 2, height // 2), (width // 2, height // 2), 0, 0, 360, 255, -1)
    color = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR) if pixels.shape[2] == 1 else pixels
    return cv2.merge([*cv2.split(color), cv2.GaussianBlur(alpha, (9, 9), 0)])


def picture_of(pixels: Pixels) -> Picture:
    """Pixels as a picture."""
    height, width, channels = pixels.shape
    return Picture(pixels=pixels, origin=Origin(format="png", size=Size(width, height), channels=channels, duration=40))


def _output(random: Random, pipeline: Pipeline) -> Output:
    written = [name for name, known in codecs.FORMATS.items() if known.writes]
    rest: dict[str, Any] = {
        "quality": random.choice([None, None, 30, 60, 80, 95]), "effort": random.choice([None, None, None, 2, 6]),
        "lossless": random.random() < 0.1, "progressive": random.random() < 0.2,
        "chroma": random.choice([None, None, "422", "444"]),
    }  # fmt: skip
    image = not pipeline.only_looks
    return Output(pipeline=pipeline, format=random.choice(written), options=EncodeOptions(**rest), image=image)


def _context(random: Random, photographs: list[Pixels], models: Models) -> Context:
    """What a request brings beside its picture."""
    other = scaled(random.choice(photographs), random.choice([0.02, 0.2, 1.0]))
    clear = random.random() < 0.5
    data = bytes(cv2.imencode(".png", see_through(other))[1] if clear else cv2.imencode(".jpg", other)[1])
    mask = np.zeros((600, 800), np.uint8)
    cv2.circle(mask, (400, 300), random.randint(60, 180), 255, -1)
    brought = {
        "second": data,
        "mask": bytes(cv2.imencode(".png", mask)[1]),
        "warm.cube": (_ROOT / "service" / "assets" / "warm.cube").read_bytes(),
    }
    return Context(Limits(), Deadline(120), brought.__getitem__, models=models)


def _warm(models: Models) -> None:
    """Import and open what the first request would."""
    random, small = Random(1), [scaled(pictures.sources()[0], 0.02)]
    for name in set(_READ):
        data = codecs.encode([picture_of(small[0])], name) if codecs.FORMATS[name].writes else b""
        for written in (one for one, known in codecs.FORMATS.items() if known.writes and data):
            output = Output(pipeline=Pipeline.parse("detect/draw/text:a/dither:2,blue"), format=written)
            list(process(data, codecs.probe(data, Limits()), [output], _context(random, small, models)))


def _measure(case: Case, context: Context) -> Measured | None:
    """What a case declares and takes; None where it is an error, or would take too long."""
    try:
        origin = codecs.probe(case.data, context.limits)
        told = estimate([case.output], origin, context)
        if told.work > _SECONDS:
            return None
        peak, taken = peak_of(lambda: _run(case, origin, context))
        for _ in range(_RUNS - 1):
            if taken.seconds < _LONG:
                taken = min(taken, _run(case, origin, context), key=lambda run: run.seconds)
        parts = _parts(explain(case.output, origin, context), taken)
    except DarkroomError:
        return None
    return Measured(_text(case, origin), told.work, taken.seconds, told.memory, peak, parts)


def _text(case: Case, origin: Origin) -> str:
    shown = f"{origin.format} {origin.size.width}×{origin.size.height}×{origin.channels}"
    shown += f" ×{origin.frames}" * (origin.frames > 1)
    made = case.output.format if case.output.image else "json"
    plain, options = EncodeOptions(), case.output.options
    chosen = {name: getattr(options, name) for name in _CHOSEN if getattr(options, name) != getattr(plain, name)}
    made += "".join(f",{name}={value}" for name, value in chosen.items()) * case.output.image
    return f"{shown} {case.output.pipeline.canonical} {made}"


def _parts(told: Explanation, taken: "Taken") -> str:
    """What each part of a request declares and takes, milliseconds; a step that is there twice is told once."""
    declared = defaultdict[str, float](float, decode=told.decoding.ms, encode=told.encoding_ms)
    for step in told.steps:
        declared[step.step] += step.ms
    each = {name: (told.frames * declared[name], seconds * 1e3) for name, seconds in taken.parts.items()}
    return " · ".join(f"{name} {ours:.1f}/{its:.1f}" for name, (ours, its) in each.items())


class Taken(NamedTuple):
    """CPU seconds that a run took, and how many of them in each part."""

    seconds: float
    parts: dict[str, float]


class _Stopwatch:
    """A probe that counts the CPU seconds of each span, without those of spans inside it."""

    def __init__(self) -> None:
        self.parts = defaultdict[str, float](float)
        self._inner = [0.0]

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        """Time what runs inside."""
        self._inner.append(0.0)
        began = time.process_time()
        try:
            yield
        finally:
            taken = time.process_time() - began
            self.parts[name] += taken - self._inner.pop()
            self._inner[-1] += taken


def _run(case: Case, origin: Origin, context: Context) -> Taken:
    """One run, second pictures read anew."""
    probe = _Stopwatch()
    fresh = msgspec.structs.replace(context, opened={}, deadline=Deadline(120), probe=probe)
    began = time.process_time()
    for _ in process(case.data, origin, [case.output], fresh):
        pass
    return Taken(time.process_time() - began, dict(probe.parts))


def peak_of(work: Callable[[], Taken]) -> tuple[int, Taken]:
    """Bytes that work takes at its peak above what was resident before, and what it returns."""
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = _high_water()
    value = work()
    return _high_water() - before, value


def _high_water() -> int:
    found = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024
