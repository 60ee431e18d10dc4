"""Pictures through pipelines, by some rules and by none."""

from collections.abc import Collection

import cv2
import numpy as np
from numpy.typing import NDArray

from core import codecs
from core.codecs import EncodeOptions
from core.limits import Deadline, Limits
from core.output import Output
from core.picture import Origin, Pixels
from core.pipeline import Pipeline
from core.planner.executable import Executable
from core.planner.rules import NAMES, executable
from core.process import Result, process
from core.run import Context

LIMITS = Limits(work=600)
FAST = EncodeOptions(effort=0)


def context(rules: Collection[str] = NAMES) -> Context:
    """A context with the rules of these names."""
    return Context(LIMITS, Deadline(600), rules=frozenset(rules))


def planned(text: str, origin: Origin, rules: Collection[str] = NAMES) -> Executable:
    """How a pipeline is run."""
    return executable(Pipeline.parse(text), origin, rules)


def fired(text: str, origin: Origin) -> list[str]:
    """The names of the rules that fire."""
    return [one.rule for one in planned(text, origin).fired]


def made(data: bytes, *texts: str, rules: Collection[str] = NAMES) -> list[Result]:
    """The results, as PNG."""
    outputs = [Output(pipeline=Pipeline.parse(text), format="png", options=FAST) for text in texts]
    return list(process(data, codecs.probe(data, LIMITS), outputs, context(rules)))


def pixels(result: Result) -> NDArray[np.uint8]:
    """The result's pixels."""
    return np.asarray(cv2.imdecode(np.frombuffer(result.data, np.uint8), cv2.IMREAD_UNCHANGED), np.uint8)


def likeness(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """PSNR in dB; 0 where the shapes differ."""
    return float(cv2.PSNR(one, other)) if one.shape == other.shape else 0.0


def photo(width: int = 800, height: int = 600, channels: int = 3) -> Pixels:
    """Something like a photograph: soft ground, edges, a little texture and noise."""
    random = np.random.default_rng(11)
    ground = cv2.resize(random.integers(30, 220, (12, 16, 3), dtype=np.uint8), (width, height))
    for _ in range(30):
        corner = random.integers(0, (width, height))
        color = [int(value) for value in random.integers(0, 255, 3)]
        cv2.circle(ground, [int(value) for value in corner], int(random.integers(8, 80)), color, -1, cv2.LINE_AA)
    rough = ground + random.normal(0, 4, ground.shape)
    result = np.clip(cv2.GaussianBlur(rough, (0, 0), 0.7), 0, 255).astype(np.uint8)
    return result if channels == 3 else cv2.cvtColor(result, cv2.COLOR_BGR2GRAY)[:, :, None]


def jpeg(picture: Pixels, quality: int = 92) -> bytes:
    """A JPEG of it."""
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])
