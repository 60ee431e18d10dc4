"""Logits to probabilities, without overflow."""

import numpy as np

from core.models.prediction import Floats


def sigmoid(logits: Floats) -> Floats:
    """1 / (1 + e^-x), each for itself; written with tanh, which cannot overflow."""
    half = np.float32(0.5)
    return half + half * np.tanh(half * logits)


def softmax(logits: Floats) -> Floats:
    """e^x over the sum of all e^x along the last axis."""
    powers: Floats = np.exp(logits - logits.max(axis=-1, keepdims=True))
    total: Floats = powers.sum(axis=-1, keepdims=True)
    return powers / total
