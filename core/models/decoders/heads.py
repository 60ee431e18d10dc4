"""Attributes of one object: how old a face is, which of some kinds it is."""

import math
from typing import Any

from numpy.typing import NDArray

from core.models.guards import Outputs, as_f32, mismatch, require_finite
from core.models.model import Head, Model
from core.models.prediction import AttributeValues, DetectionOptions, ValueOf
from core.picture import Size


def heads(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> AttributeValues:  # noqa: ARG001
    """One output for each of the table's `heads`, with axes of 1 around it: a number, or a score for each label.

    Scores are probabilities or logits, as in `softmax`. Age and gender, emotions, the style of a shape.
    """
    (found,) = heads_of_rows(outputs, model, 1)
    return found


def heads_of_rows(outputs: Outputs, model: Model, rows: int) -> list[AttributeValues]:
    """As `heads` of each row of the outputs' first axis, which all have where there are several rows."""
    if not model.heads:
        raise mismatch(model, 'what its outputs tell ("heads" in the table)', "none")
    if len(outputs) != len(model.heads):
        raise mismatch(model, f'{len(model.heads)} outputs, as many as "heads" names', len(outputs))
    each = [_values(output, head, model, rows) for output, head in zip(outputs, model.heads, strict=True)]
    return [AttributeValues(row) for row in zip(*each, strict=True)]


def _values(output: NDArray[Any], head: Head, model: Model, rows: int) -> list[ValueOf]:
    wanted = max(1, len(head.labels))
    shape = output.shape[1:] if rows > 1 else output.shape
    if output.size != rows * wanted or max(shape, default=1) != wanted:
        told = f"{wanted} labels" if head.labels else "a number"
        raise mismatch(model, f'{told} for "{head.name}"', list(output.shape))
    made = as_f32(output, model)
    values = made.reshape(rows, wanted).tolist()
    if not math.isfinite(sum(map(sum, values))):  # there are few: this takes less than NumPy
        require_finite(made, model)
    return [_value(row, head) for row in values]


def _value(values: list[float], head: Head) -> ValueOf:
    if not head.labels:
        return ValueOf(head.name, number=values[0] * head.times)
    scores = _probabilities(values)
    best = max(range(len(scores)), key=scores.__getitem__)
    return ValueOf(head.name, label=head.labels[best], score=scores[best])


def _probabilities(values: list[float]) -> list[float]:
    """Values from 0 to 1 whose sum is 1 are probabilities; all others are logits.

    There are few, and the network may be as quick as NumPy is for so many.
    """
    if min(values) >= 0 and max(values) <= 1 and abs(sum(values) - 1) < 0.02:
        return values
    largest = max(values)
    powers = [math.exp(value - largest) for value in values]
    return [power / sum(powers) for power in powers]
