"""The Open Inference Protocol (v2) of KServe, Triton and their clients, without gRPC and shared memory.

https://github.com/kserve/open-inference-protocol and, for the repository's routes,
https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_model_repository.md.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from flask import Response, g, request
from numpy.typing import NDArray

from core import codecs
from core.limits import Deadline
from core.models.fit import fitted
from core.models.model import Model
from functions import VERSION
from functions.app import here
from functions.errors import BadTensorError, NoSuchVersionError, NotAvailableError
from functions.requests.body import json_object
from functions.requests.decompression import read_body
from functions.responses.results import json_response
from functions.routes.models import load_now, model_named
from functions.routing import Route
from service.errors import NotReadyError
from service.negotiation import JSON_TYPE

_VERSION = "1"
_STATES = {"ready": "READY", "loading": "LOADING"}


def server() -> dict[str, Any]:
    """Server metadata."""
    return {"name": "darkroom", "version": VERSION, "extensions": ["binary_tensor_data", "model_repository"]}


def live() -> dict[str, bool]:
    """Whether the process is alive."""
    return {"live": True}


def server_ready() -> dict[str, bool]:
    """Whether the server is ready; 503 until it is."""
    here().service.warmup.check()
    return {"ready": True}


def index() -> Response:
    """List the models with their state; with `{"ready": true}`, only the loaded ones."""
    only = _members().get("ready", False)
    if not isinstance(only, bool):
        raise BadTensorError("ready", "true or false", only)
    rows = [_row(here().service.manifest[name]) for name in here().service.manifest.names()]
    return json_response([row for row in rows if not only or row["state"] == "READY"])


def repository_load(name: str) -> Response:
    """Load a model, fetching its weights from the URL in the manifest if necessary."""
    model = model_named(name)
    if _members().get("parameters", {}) != {}:
        raise NotAvailableError(
            "A model is loaded as configured in the manifest; parameters are not supported.", parameter="parameters"
        )
    load_now(model)
    return json_response(_row(model))


def repository_unload(name: str) -> Response:
    """Unload a model."""
    model = model_named(name)
    here().service.models.unload(model.name)
    return json_response(_row(model))


def metadata(name: str, version: str = _VERSION) -> dict[str, Any]:
    """The inputs and outputs of a model, which is loaded for that if necessary."""
    from functions.requests.tensors import INPUT

    model = _named(name, version)
    width, height = (-1, -1) if model.input.dynamic else model.input.size
    shown = {"name": INPUT, "datatype": "UINT8", "shape": [1, height, width, 3]}
    return {
        "name": model.name,
        "versions": [_VERSION],
        "platform": "openvino",
        "inputs": [shown],
        "outputs": _outputs(model),
    }


def model_ready(name: str, version: str = _VERSION) -> dict[str, Any]:
    """Whether a model is loaded; 503 if not. Inference loads a model that is not."""
    state = here().service.models.state(_named(name, version).name)
    if state.state != "ready":
        raise NotReadyError(f'"{name}" is not loaded; its state is {state.state}.')
    return {"name": name, "ready": True}


def infer(name: str, version: str = _VERSION) -> Response:
    """Run inference on a picture, and return the network's tensors."""
    from functions.requests import tensors

    model = _named(name, version)
    with g.timings.span("read"):
        inference = tensors.read_tensors(read_body(request), request.headers.get(tensors.JSON_LENGTH))
    with _admitted() as deadline:
        outputs = here().service.models.tensors(model, _input(inference.image, model), deadline)
    with g.timings.span("encode"):
        encoded = tensors.write_tensors(model.name, inference, outputs)
    if encoded.json_length is None:
        return Response(encoded.body, content_type=JSON_TYPE)
    headers = {tensors.JSON_LENGTH: str(encoded.json_length)}
    return Response(encoded.body, content_type=tensors.BINARY_TYPE, headers=headers)


def _named(name: str, version: str) -> Model:
    """The model of a path; NoSuchModelError or NoSuchVersionError (404)."""
    model = model_named(name)
    if version != _VERSION:
        raise NoSuchVersionError(f'"{name}" has only version {_VERSION}.', expected=_VERSION, got=version)
    return model


def _row(model: Model) -> dict[str, str]:
    """A row of the repository's index."""
    state = here().service.models.state(model.name)
    return {
        "name": model.name,
        "version": _VERSION,
        "state": _STATES.get(state.state, "UNAVAILABLE"),
        "reason": state.reason or ("" if state.state == "ready" else state.state),
    }


def _outputs(model: Model) -> list[dict[str, Any]]:
    """Names, types and shapes of the outputs, determined once with black pictures; a variable dimension is -1."""
    shapes = here().output_shapes
    if model.name not in shapes:
        large = _probe_outputs(model, *model.input.size)
        small = _probe_outputs(model, model.input.multiple, model.input.multiple) if model.input.dynamic else large
        shapes[model.name] = [
            {**tensor, "shape": [a if a == b else -1 for a, b in zip(tensor["shape"], other["shape"], strict=True)]}
            for tensor, other in zip(large, small, strict=True)
        ]
    return shapes[model.name]


def _probe_outputs(model: Model, width: int, height: int) -> list[dict[str, Any]]:
    """The outputs of a model for a black picture of this size."""
    from functions.requests import tensors

    with _admitted() as deadline:
        outputs = here().service.models.tensors(model, np.zeros((1, height, width, 3), np.uint8), deadline)
    return [tensors.tensor_json(name, tensor) for name, tensor in outputs.items()]


@contextmanager
def _admitted() -> Iterator[Deadline]:
    """Hold a core; yields the deadline of the work."""
    processor = here().service.processor
    context = processor.context(probe=g.timings)
    with processor.admitted(context), g.timings.span("infer"):
        yield context.deadline


def _input(image: bytes | NDArray[np.uint8], model: Model) -> NDArray[np.uint8]:
    """The network's input: pixels as received, or an encoded picture after the model's preprocessing."""
    if isinstance(image, bytes):
        limits = here().service.processor.limits
        picture = next(codecs.decode(image, codecs.probe(image, limits), limits=limits))
        return fitted(picture.pixels, model.input)[0][np.newaxis]
    return image


def _members() -> dict[str, Any]:
    """The members of a JSON body, which may be empty."""
    body = read_body(request)
    return json_object(body, "The body") if body else {}


ROUTES = (
    Route("/v2", server, "read"),
    Route("/v2/health/live", live, "read"),
    Route("/v2/health/ready", server_ready, "read"),
    Route("/v2/repository/index", index, "read", ("POST",)),
    Route("/v2/repository/models/<name>/load", repository_load, "admin", ("POST",)),
    Route("/v2/repository/models/<name>/unload", repository_unload, "admin", ("POST",)),
    Route("/v2/models/<name>", metadata, "read"),
    Route("/v2/models/<name>/versions/<version>", metadata, "read"),
    Route("/v2/models/<name>/ready", model_ready, "read"),
    Route("/v2/models/<name>/versions/<version>/ready", model_ready, "read"),
    Route("/v2/models/<name>/infer", infer, "process", ("POST",)),
    Route("/v2/models/<name>/versions/<version>/infer", infer, "process", ("POST",)),
)
