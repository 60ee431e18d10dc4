"""What the first steps let out need not be decoded: colours, or their full resolution."""

from core import codecs
from core.codecs import DecodeHints
from core.picture import Origin
from core.pipeline import Step
from core.plan import averages
from core.planner.executable import Executable, Rewrite
from core.planner.moves import are_smooth, growth, is_settled, is_smooth


def _header(executable: Executable, _origin: Origin) -> Executable:
    """Nothing, where measures alone answer that look at no pixel."""
    steps = executable.pipeline.steps
    if executable.image or not steps or not all(step.filter.makes == "measure" and step.reach == 0 for step in steps):
        return executable
    return executable.after("header", "nothing is decoded, because the header answers", header=True)


def _luma(executable: Executable, origin: Origin) -> Executable:
    """Only the brightness, where nothing but moves stands before a step that reads nothing else.

    It is the grey of the colours but for a level here and there, of which nothing after it may make much.
    """
    steps = executable.pipeline.steps
    read = next((index for index, step in enumerate(steps) if not _moves(step)), None)
    if read is None or not (steps[read].filter.luma and codecs.effective(DecodeHints(luma=True), origin).luma):
        return executable
    rest = steps[read + 1 :]
    if not all(is_smooth(step) or step.filter.by_value or step.filter.makes == "measure" for step in rest):
        return executable
    if growth(rest) > _MOST_GROWN:
        return executable
    read_by = steps[read].filter.name
    return executable.after("luma", f"decoded without colours, because {read_by} reads none", luma=True)


_MOST_GROWN = 4.0
"""By how many times tables behind it may raise a difference of a level."""


def _moves(step: Step) -> bool:
    """Whether a step moves pixels and adds no colour."""
    ground = step.arguments.get("background") or step.arguments.get("color")
    return is_settled(step) and (ground is None or ground.neutral)


def _chroma(executable: Executable, origin: Origin) -> Executable:
    """Colours at their stored resolution, where the first step averages anyway, and every later one is smooth."""
    size = executable.decoded(origin.size)
    hints = codecs.effective(DecodeHints(luma=executable.luma, averaged=True), origin)
    smooth = are_smooth(executable.pipeline.steps[1:])
    if not (hints.averaged and smooth and averages(executable.pipeline, size)):
        return executable
    return executable.after(
        "chroma", "colours repeated, not interpolated, because the next step averages", averaged=True
    )


HEADER = Rewrite("header", "Nothing is decoded for measures that look at no pixel.", _header, exact=True)
LUMA = Rewrite(
    "luma",
    "Of a JPEG only the brightness is decoded, where `grayscale` reads nothing else.",
    _luma,
    exact=False,
    revision=2,
)
CHROMA = Rewrite(
    "chroma",
    "A JPEG's colours are repeated, not interpolated, where the first step averages and all are smooth.",
    _chroma,
    exact=False,
    revision=2,
)
