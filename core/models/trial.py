"""A network runs once when it is compiled: a table that does not fit is refused then, and not at the first picture."""

import math
from collections.abc import Iterator
from itertools import permutations
from typing import NamedTuple

import msgspec
import numpy as np

from core.errors import ModelError, ModelMismatchError, ModelOutputError
from core.limits import Deadline
from core.models.checks import RAW, fits_task
from core.models.decoders import DECODERS
from core.models.guards import mismatch
from core.models.model import Input, Model
from core.models.network import Network, Tensors, kept_tensors
from core.models.prediction import DetectionOptions, Detections
from core.picture import Pixels, Size

REVISION = 2
"""Revision of what is tried: compiled networks of another revision are tried anew."""
_PATIENCE = 600.0
_EVERYTHING = DetectionOptions(score=-math.inf, iou=1.0, most=100)
"""Every score is looked at, so that logits in the place of probabilities show."""
_MOST_ORDERS = 4
"""So many outputs are tried in every order."""


class Fitting(NamedTuple):
    """A decoder that takes a network's outputs in this order."""

    decoder: str
    outputs: tuple[str, ...]


def try_out(network: Network, model: Model, labels: tuple[str, ...]) -> None:
    """Run the network on a made picture and decode what it gives; `labels` are the names of its classes, if known.

    Raises ModelMismatchError and ModelOutputError that say what the network gives and which decoders would fit.
    """
    if model.takes_tensors:
        return
    tensors, _ = network.run(trial_picture(model.input)[np.newaxis], Deadline(_PATIENCE), kept_tensors)
    if model.decoder == RAW:
        return
    named = msgspec.structs.replace(model, labels=labels)
    size = Size(*model.input.size)
    try:
        seen = DECODERS[model.decoder](list(tensors.values()), named, size, _EVERYTHING)
        if model.keypoints and isinstance(seen, Detections) and seen.keypoints is None:
            raise mismatch(model, 'no "keypoints", since it gives none', len(model.keypoints))
    except (ModelMismatchError, ModelOutputError) as error:
        raise type(error)(f"{error.detail} {_advice(tensors, named, size)}") from None


def trial_picture(about: Input) -> Pixels:
    """A picture of the network's size, the same each time: gradients and noise, nothing of it black or white."""
    width, height = about.size
    across, down = np.meshgrid(np.linspace(80, 150, width), np.linspace(0, 30, height))
    noise = np.random.default_rng(18).integers(-15, 16, (height, width, 3))
    return (across[:, :, np.newaxis] + down[:, :, np.newaxis] + noise).astype(np.uint8)


def outputs_told(tensors: Tensors) -> str:
    """What a network gives: `"boxes" float32 [1, 100, 4]`."""
    return ", ".join(f'"{name}" {tensor.dtype} {list(tensor.shape)}' for name, tensor in tensors.items())


def fitting(tensors: Tensors, model: Model, size: Size) -> Iterator[Fitting]:
    """The decoders that would take these outputs, each in the first order that does."""
    for name in DECODERS:
        table = msgspec.structs.replace(model, decoder=name)
        order = next((order for order in _orders(tensors) if _decodes(tensors, order, table, size)), None)
        if order is not None:
            yield Fitting(name, order)


def _orders(tensors: Tensors) -> Iterator[tuple[str, ...]]:
    return permutations(tensors) if len(tensors) <= _MOST_ORDERS else iter([tuple(tensors)])


def _decodes(tensors: Tensors, order: tuple[str, ...], model: Model, size: Size) -> bool:
    try:
        DECODERS[model.decoder]([tensors[name] for name in order], model, size, _EVERYTHING)
    except ModelError:
        return False
    return True


def _advice(tensors: Tensors, model: Model, size: Size) -> str:
    """What the network gives, and what to change."""
    gives = f"The network gives {outputs_told(tensors)}."
    fits = list(fitting(tensors, model, size))
    again = next((fit for fit in fits if fit.decoder == model.decoder), None)
    if again is not None:
        names = ", ".join(f'"{name}"' for name in again.outputs)
        return f"{gives} In another order they fit: set outputs = [{names}]."
    if fits:
        return f"{gives} Decoders that fit: {', '.join(_named(fit, tensors, model) for fit in fits)}."
    unnamed = msgspec.structs.replace(model, labels=(), label_offset=0)
    without = [fit for fit in fitting(tensors, unnamed, size) if fits_task(fit.decoder, model.task)]
    if without:
        return f'{gives} With other "labels", {" and ".join(sorted({fit.decoder for fit in without}))} would fit.'
    return f'{gives} No decoder fits: name the outputs that matter ("outputs"), or export the network otherwise.'


def _named(fit: Fitting, tensors: Tensors, model: Model) -> str:
    """A decoder, with the order and the task where they are others."""
    order = "" if fit.outputs == tuple(tensors) else f" with outputs = [{', '.join(map(_quoted, fit.outputs))}]"
    task = "" if fits_task(fit.decoder, model.task) else " (another task)"
    return f'"{fit.decoder}"{order}{task}'


def _quoted(name: str) -> str:
    return f'"{name}"'
