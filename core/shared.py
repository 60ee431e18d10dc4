"""Steps with which several outputs begin are run once: each result is what it would be alone."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from core.decoded import Decoding
from core.picture import Picture
from core.pipeline import Pipeline, Step
from core.plan import StepPlan
from core.run import Context, Run


class Course(NamedTuple):
    """What one output runs: from which decoding, through which steps."""

    decoding: Decoding
    steps: tuple[Step, ...]


class Parting(NamedTuple):
    """After so many steps the picture is the same as at every parting of the same number."""

    length: int
    number: int


def partings(courses: Sequence[Course]) -> list[list[Parting]]:
    """Where each course has a beginning in common with another one, the shortest first."""
    beginnings: list[Course] = []
    found: list[list[Parting]] = []
    for index, course in enumerate(courses):
        others = (other for place, other in enumerate(courses) if place != index)
        lengths = sorted({_common(course, other) for other in others} - {0})
        cut = [Course(course.decoding, course.steps[:length]) for length in lengths]
        beginnings += [beginning for beginning in cut if beginning not in beginnings]
        found.append([Parting(len(beginning.steps), beginnings.index(beginning)) for beginning in cut])
    return found


def _common(one: Course, other: Course) -> int:
    """How many steps two courses have in common from their beginning."""
    if one.decoding != other.decoding:
        return 0
    pairs = zip(one.steps, other.steps, strict=False)
    return next((index for index, (a, b) in enumerate(pairs) if a != b), min(len(one.steps), len(other.steps)))


class Shared:
    """The pictures at the partings of several courses through a still, kept until the last has passed."""

    def __init__(self, courses: Sequence[Course], context: Context) -> None:
        self._context = context
        self._courses = courses
        self._partings = partings(courses)
        self._readers = Counter(parting.number for each in self._partings for parting in each)
        self._kept: dict[int, Picture] = {}

    def frames(self, index: int, pictures: Iterable[Picture]) -> Iterator[Picture]:
        """The one frame of a course after all steps; `pictures` are read where nothing is there yet."""
        steps, start, frames = self._courses[index].steps, 0, iter(pictures)
        for parting in self._partings[index]:
            if parting.number not in self._kept:
                (self._kept[parting.number],) = self._through(steps[start : parting.length], frames)
            frames, start = iter((self._kept[parting.number],)), parting.length
            self._readers[parting.number] -= 1
            if not self._readers[parting.number]:
                del self._kept[parting.number]
        return self._through(steps[start:], frames)

    def _through(self, steps: tuple[Step, ...], frames: Iterator[Picture]) -> Iterator[Picture]:
        return Run(Pipeline(steps), self._context).frames(frames)


def saving(courses: Sequence[Course], plans: Sequence[tuple[StepPlan, ...]]) -> tuple[float, int]:
    """Seconds that are saved by running common steps once, and bytes of the pictures that are kept for that."""
    seen: set[int] = set()
    seconds, nbytes = 0.0, 0
    for each, steps in zip(partings(courses), plans, strict=True):
        again = max((parting.length for parting in each if parting.number in seen), default=0)
        seconds += sum(step.work for step in steps[:again])
        for parting in each:
            last = steps[parting.length - 1]
            nbytes += last.after.pixels * last.channels * (parting.number not in seen)
            seen.add(parting.number)
    return seconds, nbytes
