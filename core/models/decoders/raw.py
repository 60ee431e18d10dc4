"""Networks that no decoder fits: they run all the same, for who reads tensors."""

from typing import NoReturn

from core.models.guards import Outputs, mismatch
from core.models.model import Model
from core.models.prediction import DetectionOptions
from core.picture import Size


def raw(outputs: Outputs, model: Model, size: Size, options: DetectionOptions) -> NoReturn:  # noqa: ARG001
    """Any outputs: they are for the Open Inference Protocol (/v2), and a pipeline cannot use the model."""
    raise mismatch(model, "to be asked for tensors (/v2)", "for what a picture shows")
