"""Running one pipeline over one array, as the tests of filters do."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.limits import Deadline, Limits
from core.picture import Origin, Picture, Size
from core.pipeline import Pipeline
from core.plan import plan
from core.requirements import check_classes
from core.run import Context, Models, Run
from tests.core.fakes import FakeModels


def run(
    text: str,
    pixels: NDArray[np.uint8],
    *,
    origin: Origin | None = None,
    models: Models | None = None,
    **pictures: bytes,
) -> Picture:
    """The picture after a pipeline, planned and run as a door does it; vision sees what fakes are told."""
    models = models or FakeModels()
    height, width, channels = pixels.shape
    origin = origin or Origin(format="png", size=Size(width, height), channels=channels)
    pipeline = Pipeline.parse(text)
    plan(pipeline, origin, Limits(), models=models)
    check_classes(pipeline, models)
    context = Context(Limits(), Deadline(60), pictures.__getitem__, models=models)
    return next(Run(pipeline, context).frames([Picture(pixels=pixels, origin=origin)]))


def apply(text: str, pixels: NDArray[np.uint8], **pictures: bytes) -> NDArray[np.uint8]:
    """The pixels after a pipeline."""
    return run(text, pixels, **pictures).pixels


def measured(text: str, pixels: NDArray[np.uint8], **pictures: bytes) -> Any:
    """What the last measure of a pipeline found."""
    picture = run(text, pixels, **pictures)
    return list(picture.findings.to_json(*picture.size)["measures"].values())[-1]
