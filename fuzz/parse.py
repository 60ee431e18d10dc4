"""Any text into the grammar, any JSON into the pipeline: refused with a 400, or read and written back the same.

python -m fuzz.parse FILE replays one input.
"""

import sys

import atheris

with atheris.instrument_imports(include=["core"]):
    import msgspec

    from core.errors import DarkroomError
    from core.limits import Limits
    from core.picture import Origin, Size
    from core.pipeline import Pipeline
    from core.plan import plan

from fuzz import cpu

ORIGIN = Origin(format="jpeg", size=Size(640, 480))
PRESETS = {"thumbnail": "blur:3"}


def test_one_input(data: bytes) -> None:
    """One execution: the bytes as text, and as JSON where they are JSON."""
    _read(data.decode("utf-8", "replace"))
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return
    _read(value)


def _read(value: object) -> None:
    try:
        pipeline = Pipeline.from_json(value, presets=PRESETS)
    except DarkroomError as error:
        _refused(error)
        return
    again = Pipeline.parse(pipeline.canonical)
    if again != pipeline or Pipeline.from_json(pipeline.to_json(full=True)) != pipeline:
        raise AssertionError(pipeline.canonical)
    try:
        plan(pipeline, ORIGIN, Limits())
    except DarkroomError as error:
        _refused(error)


def _refused(error: DarkroomError) -> None:
    """A refusal must be a client error that can be encoded."""
    if not 400 <= error.status < 500:
        raise error
    msgspec.json.encode({"detail": error.detail, **error.fields}).decode("utf-8")


if __name__ == "__main__":
    atheris.Setup(sys.argv, cpu.limited(test_one_input))
    atheris.Fuzz()
