"""Classification: what the picture as a whole shows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.models import activations
from core.models.guards import Outputs, floats, mismatch, require_class_count, require_count
from core.models.model import Model
from core.models.nms import best_first
from core.models.prediction import Classification, DetectionOptions, Floats
from core.picture import Size


def softmax(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> Classification:  # noqa: ARG001 — a label has no place
    """[1, classes], with any further axes of 1: logits, probabilities, or probabilities quantised to u8.

    Floats from 0 to 1 whose sum is 1 are probabilities; all others are logits, and their softmax is taken. A byte is
    1/256 (https://ai.google.dev/edge/litert/conversion/tensorflow/quantization/quantization_spec, SOFTMAX).
    """
    require_count(outputs, 1, model)
    values = outputs[0].reshape(1, -1)
    if max(outputs[0].shape, default=0) != values.size or values.size < 2:
        raise mismatch(model, "[1, classes]", list(outputs[0].shape))
    require_class_count(values.size, model)
    scores = _probabilities(values, model)
    return _wanted(scores, np.arange(len(scores)) + model.label_offset, options)


def _probabilities(values: NDArray[Any], model: Model) -> Floats:
    if values.dtype == np.uint8:
        return values[0] / np.float32(256)
    scores = floats(values, (1, None), model)[0]
    ready = scores.min() >= 0 and scores.max() <= 1 and abs(float(scores.sum()) - 1) < 0.02  # a sum of f16 roundings
    return scores if ready else activations.softmax(scores)


def _wanted(scores: Floats, classes: NDArray[np.intp], options: DetectionOptions) -> Classification:
    """Best first: over the minimum score, of the requested classes, without the background (below 0)."""
    usable = (scores >= options.score) & (classes >= 0)
    if options.classes is not None:
        usable &= np.isin(classes, sorted(options.classes))
    rows = np.flatnonzero(usable)
    rows = rows[best_first(scores[rows])][: options.most]
    return Classification(classes[rows], scores[rows])
