"""Logits to probabilities, without overflow."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.models.prediction import Floats


def sigmoid(logits: Floats) -> Floats:
    """1 / (1 + e^-x), each for itself; written with tanh, which cannot overflow."""
    half = np.float32(0.5)
    return half + half * np.tanh(half * logits)


def softmax(logits: NDArray[Any]) -> NDArray[Any]:
    """e^x over the sum of all e^x along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    total = powers.sum(axis=-1, keepdims=True)
    return powers / total
