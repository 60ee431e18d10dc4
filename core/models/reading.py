"""A network's outputs read where they lie, before its next run overwrites them."""

from typing import Any

import numpy as np

from core.models.decoders import DECODERS
from core.models.model import Model
from core.models.network import Tensors
from core.models.prediction import DetectionOptions, Prediction
from core.picture import Size


def prediction_of(model: Model, size: Size, wanted: DetectionOptions, outputs: Tensors) -> Prediction:
    """What the model's decoder makes of the outputs for an input of this size, in memory of its own.

    To copy a prediction takes less than to copy what it is made of. Errors: ModelMismatchError, ModelOutputError.
    """
    tensors = list(outputs.values())
    found = DECODERS[model.decoder](tensors, model, size, wanted)
    own: dict[str, Any] = {
        name: np.array(part)
        for name, part in found._asdict().items()
        if isinstance(part, np.ndarray) and any(np.may_share_memory(part, tensor) for tensor in tensors)
    }
    return found._replace(**own) if own else found
