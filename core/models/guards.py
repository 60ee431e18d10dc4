"""Guards of a network's outputs: shapes that are not the decoder's, and numbers that are none."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelMismatchError, ModelOutputError
from core.models.model import Model
from core.models.prediction import Floats

Outputs = Sequence[NDArray[Any]]
Shape = tuple[int | None, ...]


def mismatch(model: Model, expected: str, got: object) -> ModelMismatchError:
    """The error to raise: the model's decoder and what it expected beside what came."""
    return ModelMismatchError(f"«{model.name}»: its decoder «{model.decoder}» expects {expected}, not {got}.")


def many(outputs: Outputs, count: int, model: Model) -> None:
    """Raise ModelMismatchError unless there are so many outputs."""
    if len(outputs) != count:
        raise mismatch(model, f"{count} output{'s' * (count > 1)}", len(outputs))


def shaped(output: NDArray[Any], shape: Shape, model: Model) -> None:
    """Raise ModelMismatchError unless the output has this shape; None is any length."""
    if not _fits(output.shape, shape):
        raise mismatch(model, f"an output of {_words(shape)}", _words(output.shape))


def _fits(got: Shape, shape: Shape) -> bool:
    return len(got) == len(shape) and all(want in {None, have} for want, have in zip(shape, got, strict=True))


def _words(shape: Shape) -> str:
    return "×".join("n" if side is None else str(side) for side in shape) or "a single number"


def floats(output: NDArray[Any], shape: Shape, model: Model) -> Floats:
    """The output as f32, not copied where it is that already.

    Raises ModelMismatchError where the shape is another or the numbers are no floats, ModelOutputError on NaN and Inf.
    """
    shaped(output, shape, model)
    made = as_f32(output, model)
    finite(made, model)
    return made


def as_f32(output: NDArray[Any], model: Model) -> Floats:
    """Floats as f32; what is too large for it is Inf. ModelMismatchError where the numbers are no floats."""
    if not np.issubdtype(output.dtype, np.floating):
        raise mismatch(model, "floats", output.dtype)
    with np.errstate(over="ignore"):
        return np.asarray(output, np.float32)


def finite(values: NDArray[Any], model: Model) -> None:
    """Raise ModelOutputError where a value is NaN or Inf."""
    if not np.isfinite(values).all():
        raise ModelOutputError(f"«{model.name}» gives numbers that are none (NaN or infinite).")


def probabilities(scores: Floats, model: Model) -> Floats:
    """Scores cut to 0 to 1; ModelOutputError where one is further outside than rounding explains.

    A network whose last activation was left out gives such scores, and no threshold would mean anything.
    """
    if scores.size and (scores.max() > 1.01 or scores.min() < -0.01):
        raise ModelOutputError(f"«{model.name}» gives scores outside 0 to 1.")
    return np.clip(scores, 0, 1)


def named_outputs(classes: int, model: Model) -> None:
    """Raise ModelMismatchError where the table itself lists its labels and the network has more or fewer classes."""
    if isinstance(model.labels, tuple) and model.labels and classes + model.label_offset != len(model.labels):
        raise mismatch(model, f"{len(model.labels) - model.label_offset} classes", max(classes, 0))


def known_outputs(classes: NDArray[np.intp], model: Model) -> None:
    """Raise ModelMismatchError where the table itself lists its labels and a class, moved already, is past them."""
    if isinstance(model.labels, tuple) and model.labels and classes.size and classes.max() >= len(model.labels):
        raise mismatch(model, f"{len(model.labels)} labels", f"class {classes.max()}")
