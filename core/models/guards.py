"""Checks of a network's outputs: their shapes, and whether their values are valid."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelMismatchError, ModelOutputError
from core.models.model import Model
from core.models.prediction import Floats

Outputs = Sequence[NDArray[Any]]
Shape = tuple[int | None, ...]
_LARGEST_CLASS = 1_000_000


def mismatch(model: Model, expected: str, got: object) -> ModelMismatchError:
    """The error to raise: the model's decoder, what it expects and what it got."""
    return ModelMismatchError(f'"{model.name}": the decoder "{model.decoder}" expects {expected}, not {got}.')


def require_count(outputs: Outputs, count: int, model: Model) -> None:
    """Raise ModelMismatchError unless there are this many outputs."""
    if len(outputs) != count:
        raise mismatch(model, f"{count} output{'s' * (count > 1)}", len(outputs))


def require_shape(output: NDArray[Any], shape: Shape, model: Model) -> None:
    """Raise ModelMismatchError unless the output has this shape; None is any length."""
    if not _fits(output.shape, shape):
        raise mismatch(model, f"an output of {_words(shape)}", _words(output.shape))


def _fits(got: Shape, shape: Shape) -> bool:
    return len(got) == len(shape) and all(want in {None, have} for want, have in zip(shape, got, strict=True))


def _words(shape: Shape) -> str:
    return "×".join("n" if side is None else str(side) for side in shape) or "a single number"


def floats(output: NDArray[Any], shape: Shape, model: Model) -> Floats:
    """The output as f32, not copied where it is that already.

    Raises ModelMismatchError if the shape differs or the values are not floats, ModelOutputError on NaN and Inf.
    """
    require_shape(output, shape, model)
    made = as_f32(output, model)
    require_finite(made, model)
    return made


def as_f32(output: NDArray[Any], model: Model) -> Floats:
    """Floats as f32; what is too large for it is Inf. ModelMismatchError if the values are not floats."""
    if output.dtype == np.float32:
        return output
    if not np.issubdtype(output.dtype, np.floating):
        raise mismatch(model, "floats", output.dtype)
    with np.errstate(over="ignore"):
        return np.asarray(output, np.float32)


def whole_numbers(output: NDArray[Any], shape: Shape, model: Model) -> NDArray[np.intp]:
    """Classes or counts, be they whole numbers or floats that are.

    Raises ModelMismatchError if the shape differs, ModelOutputError where a number is not whole.
    """
    require_shape(output, shape, model)
    if output.dtype.kind in "iu":
        return output.clip(-_LARGEST_CLASS, _LARGEST_CLASS).astype(np.intp)
    values = floats(output, shape, model).clip(-_LARGEST_CLASS, _LARGEST_CLASS)
    nearest = np.rint(values)
    if (np.abs(values - nearest) > 0.01).any():
        raise ModelOutputError(
            f'The output of "{model.name}" holds fractions where the decoder "{model.decoder}" expects classes: '
            'name the outputs in the decoder\'s order ("outputs").'
        )
    return nearest.astype(np.intp)


def require_finite(values: NDArray[Any], model: Model) -> None:
    """Raise ModelOutputError where a value is NaN or Inf."""
    if not np.isfinite(values).all():
        raise ModelOutputError(f'The output of "{model.name}" holds NaN or infinite values.')


def probabilities(scores: Floats, model: Model) -> Floats:
    """Scores clipped to 0 to 1; ModelOutputError if one is further outside than rounding explains.

    A network exported without its last activation returns such scores, and no threshold would apply to them.
    """
    if scores.size and (scores.max() > 1.01 or scores.min() < -0.01):
        raise ModelOutputError(f'The output of "{model.name}" holds scores outside 0 to 1.')
    return np.clip(scores, 0, 1)


def require_class_count(classes: int, model: Model) -> None:
    """Raise ModelMismatchError if the table lists the labels and the network has more or fewer classes."""
    if isinstance(model.labels, tuple) and model.labels and classes + model.label_offset != len(model.labels):
        told = f"{len(model.labels) - model.label_offset} classes"
        raise mismatch(model, told, f'{max(classes, 0)} ("labels" names {len(model.labels)})')


def require_known_classes(classes: NDArray[np.intp], model: Model) -> None:
    """Raise ModelMismatchError if the table lists the labels and a class, offset included, is past them."""
    if isinstance(model.labels, tuple) and model.labels and classes.size and classes.max() >= len(model.labels):
        raise mismatch(
            model, f"{len(model.labels)} labels", f'class {classes.max()}: change "labels" or "label_offset"'
        )
