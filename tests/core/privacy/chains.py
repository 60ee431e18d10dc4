"""Random chains of steps around a model and `redact`: does anything of what is hidden come through?

The oracle knows nothing of our geometry: the same picture goes through with other contents of the thing, and all that
comes out must be alike.
"""

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core import codecs
from core.errors import DarkroomError, RedactTooLateError
from core.limits import Deadline, Limits
from core.output import Output
from core.picture import Origin, Picture, Pixels, Size
from core.pipeline import Pipeline
from core.plan import plan
from core.process import process
from core.run import Context, Run
from tests.core.privacy.steps import Rng, second, step
from tests.core.privacy.things import HIDES, MODELS, Plane, Scene, Told, scene

ALIKE = 1
"""Levels by which results may differ."""
_LIMITS = Limits(work=1.0, pixels=500_000)
_TRIES = 60


class Chain(NamedTuple):
    """Steps in JSON before the model, between it and `redact`, and after."""

    before: list[Any]
    between: list[Any]
    after: list[Any]
    kind: str
    margin: float

    @property
    def steps(self) -> list[Any]:
        """All of it."""
        hide = {"filter": "redact", "area": HIDES[self.kind], "margin": self.margin}
        return [*self.before, *self.looked, hide, *self.after]

    @property
    def looked(self) -> list[Any]:
        """The model and what comes between."""
        name, _, model = MODELS[self.kind].partition(":")
        return [{"filter": name, "model": model}, *self.between]


class Verdict(NamedTuple):
    """What became of a chain: `refused`, `alike` or `leak`, the levels by which results differ, and the pipeline."""

    what: str
    levels: int
    text: str


def chain(rng: Rng) -> Chain:
    """One to five steps, most of them between the model and `redact`."""
    places: list[list[Any]] = [[], [], []]
    for _ in range(int(rng.integers(1, 6))):
        places[int(rng.choice(3, p=[0.2, 0.55, 0.25]))].append(step(rng))
    return Chain(*places, kind=str(rng.choice(list(MODELS))), margin=float(rng.choice([0, 0, 0.1])))


def judged(number: int, seed: int = 1) -> Verdict:
    """The verdict on a chain of this number: always the same."""
    rng = np.random.default_rng((seed, number))
    for _ in range(_TRIES):
        made, shown = chain(rng), scene(rng)
        try:
            return _judged(made, shown, turned=rng.random() < 0.15, rng=rng)
        except RedactTooLateError:
            return Verdict("refused", 0, str(made.steps))
        except DarkroomError as error:
            assert error.status < 500, error  # values that do not go together: another chain
    raise AssertionError("no chain could be made")


def _judged(made: Chain, shown: Scene, *, turned: bool, rng: Rng) -> Verdict:
    whole = Pipeline.from_json(made.steps)
    origin = Origin(format="png", size=_size(shown.renders[0][0]), channels=shown.renders[0][0].shape[2])
    plan(whole, origin, _LIMITS, frames=len(shown.planes), models=Told([]))
    before = [_ran(made.before, render) for render in shown.renders]
    planes = [_differing(frames) for frames in zip(*before, strict=True)]
    if turned and not made.before and len(planes) == 1:
        orientation = int(rng.integers(2, 9))
        results = [_through_a_file(whole, render[0], shown.planes[0], orientation) for render in before]
    else:
        results = [_results(made, render, planes) for render in before]
    levels = max(_apart(results[0], other) for other in results[1:])
    return Verdict("leak" if levels > ALIKE else "alike", levels, whole.canonical)


def _size(pixels: Pixels) -> Size:
    return Size(pixels.shape[1], pixels.shape[0])


def _ran(steps: list[Any], frames: list[Pixels]) -> list[Pixels]:
    return [picture.pixels for picture in _pictures(Pipeline.from_json(steps), frames, Told([]))]


def _differing(frames: tuple[Pixels, ...]) -> Plane:
    """Where any of the renders differ: there the thing is."""
    if len({frame.shape for frame in frames}) > 1:  # a step cut by what it saw
        raise RedactTooLateError("The steps before the model decide by the thing.")
    first = frames[0].astype(np.int16)
    return np.asarray(np.any([(frame != first).any(axis=2) for frame in frames[1:]], axis=0))


def _pictures(pipeline: Pipeline, frames: list[Pixels], models: Told) -> list[Picture]:
    context = Context(_LIMITS, Deadline(60), second, models=models)
    origins = [
        Origin(format="png", size=_size(pixels), channels=pixels.shape[2], frames=len(frames), frame=number)
        for number, pixels in enumerate(frames)
    ]
    started = [Picture(pixels=pixels, origin=origin) for pixels, origin in zip(frames, origins, strict=True)]
    return list(Run(pipeline, context).frames(started))


class Shown(NamedTuple):
    """A frame's pixels, and what its measures say."""

    pixels: Pixels
    measures: Any


def _results(made: Chain, frames: list[Pixels], planes: list[Plane]) -> list[Shown]:
    steps = Pipeline.from_json(made.steps[len(made.before) :])
    pictures = _pictures(steps, frames, Told(list(planes)))
    return [Shown(picture.pixels, picture.findings.to_json(*picture.size).get("measures")) for picture in pictures]


def _through_a_file(whole: Pipeline, pixels: Pixels, plane: Plane, orientation: int) -> list[Shown]:
    """The same through a file whose pixels lie as EXIF's orientation says."""
    data = _turned_file(pixels, orientation)
    context = Context(_LIMITS, Deadline(60), second, models=Told([plane]))
    (result,) = process(data, codecs.probe(data, _LIMITS), [Output(pipeline=whole, format="png")], context)
    decoded = next(codecs.decode(result.data, codecs.probe(result.data, Limits()), limits=Limits()))
    return [Shown(decoded.pixels, result.findings().get("measures"))]


_UNDO = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
"""For each orientation the transposition that takes an upright picture to how its file holds it."""


def _turned_file(pixels: Pixels, orientation: int) -> bytes:
    import io

    order = [0] if pixels.shape[2] == 1 else [2, 1, 0, 3][: pixels.shape[2]]
    image = Image.fromarray(np.squeeze(pixels[:, :, order]))
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    image.transpose(Image.Transpose(_UNDO[orientation])).save(file, "PNG", exif=exif)
    return file.getvalue()


def _apart(ones: list[Shown], others: list[Shown]) -> int:
    """By how many levels results differ at most; 255 where sizes or measures do."""
    levels = [0]
    for one, other in zip(ones, others, strict=True):
        if one.pixels.shape != other.pixels.shape or one.measures != other.measures:
            return 255
        levels.append(int(np.abs(_handed_out(one.pixels) - _handed_out(other.pixels)).max()))
    return max(levels)


def _handed_out(pixels: Pixels) -> NDArray[np.int16]:
    """Pixels without the colours under alpha 0: no step looks at them and no file holds them, as other tests see."""
    shown = pixels.astype(np.int16)
    if pixels.shape[2] == 4:
        shown[pixels[:, :, 3] == 0] = 0
    return shown


def tally(verdicts: list[Verdict]) -> Counter[str]:
    """How many chains ended how."""
    return Counter(verdict.what for verdict in verdicts)
