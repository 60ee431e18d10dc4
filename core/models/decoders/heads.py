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
    if not model.heads:
        raise mismatch(model, 'what its outputs tell ("heads" in the table)', "none")
    if len(outputs) != len(model.heads):
        raise mismatch(model, f'{len(model.heads)} outputs, as many as "heads" names', len(outputs))
    return AttributeValues(
        tuple(_value(output, head, model) for output, head in zip(outputs, model.heads, strict=True))
    )


def _value(output: NDArray[Any], head: Head, model: Model) -> ValueOf:
    wanted = max(1, len(head.labels))
    if output.size != wanted or max(output.shape, default=1) != wanted:
        told = f"{wanted} labels" if head.labels else "a number"
        raise mismatch(model, f'{told} for "{head.name}"', list(output.shape))
    made = as_f32(output, model)
    values = made.ravel().tolist()
    if not all(map(math.isfinite, values)):
        require_finite(made, model)
    if not head.labels:
        return ValueOf(head.name, number=values[0] * head.times)
    scores = _probabilities(values)
    best = max(range(wanted), key=scores.__getitem__)
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
