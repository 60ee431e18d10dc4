"""The Open Inference Protocol (v2) of KServe, Triton and their clients, without gRPC and shared memory.

https://github.com/kserve/open-inference-protocol and, for the repository's routes,
https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_model_repository.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from flask import Response, g, request
from msgspec import Meta
from numpy.typing import NDArray

from core import codecs
from core.cost import Estimate
from core.errors import TooMuchWorkError
from core.models.fit import fitted
from core.models.model import Model
from core.models.network import Tensors
from core.models.ports import Port, runs_counted
from functions import VERSION
from functions.app import here
from functions.errors import BadTensorError, NoSuchVersionError, NotAvailableError
from functions.requests.asked import refuse_if_only_presets
from functions.requests.body import json_object
from functions.requests.decompression import read_body
from functions.requests.tensors import INPUT, JSON_LENGTH, read_tensors
from functions.responses import tensors
from functions.responses.results import json_response
from functions.responses.tensors import BINARY_TYPE, InferenceResponse, Tensor
from functions.routes.models import LOADING, ModelName, load_now, model_named, refuse_loading
from functions.routes.protocol import (
    IndexRequest,
    InferenceRequest,
    InferenceServer,
    Live,
    LoadRequest,
    ModelMetadata,
    ModelReady,
    ModelRow,
    Ready,
)
from functions.routing import JSON_TYPE, Reply, Route, Schema, json_reply
from service.errors import NotReadyError

_VERSION: Literal["1"] = "1"
ModelVersion = Annotated[Literal["1"], Meta(description="The version of the model; there is one")]
_COPIES = 8
"""The memory of a run in multiples of the tensors that it is given: what layers pass on to the next."""
_STATES: dict[str, Literal["READY", "LOADING"]] = {"ready": "READY", "loading": "LOADING"}


def server() -> InferenceServer:
    """Show the server's metadata (Open Inference Protocol)."""
    extensions = ["binary_tensor_data", "model_repository"]
    return InferenceServer(name="darkroom", version=VERSION, extensions=extensions)


def live() -> Live:
    """Whether the process is alive."""
    return Live(live=True)


def server_ready() -> Ready:
    """Whether the server is ready."""
    here().service.warmup.check()
    return Ready(ready=True)


def index() -> Response:
    """List the models with their state; with `{"ready": true}`, only the loaded ones."""
    only = _members().get("ready", False)
    if not isinstance(only, bool):
        raise BadTensorError("ready", "true or false", only)
    rows = [_row(here().service.manifest[name]) for name in here().service.manifest.names()]
    return json_response([row for row in rows if not only or row.state == "READY"])


def repository_load(name: ModelName) -> Response:
    """Load a model, fetching its weights if necessary."""
    model = model_named(name)
    if _members().get("parameters", {}) != {}:
        raise NotAvailableError(
            "A model is loaded as configured in the manifest; parameters are not supported.", parameter="parameters"
        )
    load_now(model)
    return json_response(_row(model))


def repository_unload(name: ModelName) -> Response:
    """Unload a model."""
    model = model_named(name)
    here().service.models.unload(model.name)
    return json_response(_row(model))


def metadata(name: ModelName, version: ModelVersion = _VERSION) -> ModelMetadata:
    """Describe the inputs and outputs of a model, which is loaded for that if necessary."""
    model = _named(name, version)
    refuse_loading([model.name])
    if model.takes_tensors:
        ports = here().service.models.ports(model, g.deadline)
        inputs, outputs = ([tensors.port_json(port) for port in side] for side in ports)
        return ModelMetadata(name=model.name, versions=[_VERSION], platform="openvino", inputs=inputs, outputs=outputs)
    width, height = (-1, -1) if model.input.dynamic else model.input.size
    return ModelMetadata(
        name=model.name,
        versions=[_VERSION],
        platform="openvino",
        inputs=[Tensor(name=INPUT, datatype="UINT8", shape=[1, height, width, 3])],
        outputs=_outputs(model),
    )


def model_ready(name: ModelName, version: ModelVersion = _VERSION) -> ModelReady:
    """Whether a model is loaded; 503 if not. Inference loads a model that is not."""
    state = here().service.models.state(_named(name, version).name)
    if state.state != "ready":
        raise NotReadyError(f'"{name}" is not loaded; its state is {state.state}.')
    return ModelReady(name=name, ready=True)


def infer(name: ModelName, version: ModelVersion = _VERSION) -> Response:
    """Run inference on a picture, and return the network's tensors."""
    refuse_if_only_presets(here().service)
    model = _named(name, version)
    ports = here().service.models.ports(model, g.deadline).inputs if model.takes_tensors else None
    with g.timings.span("read"):
        inference = read_tensors(read_body(request), request.headers.get(JSON_LENGTH), ports)
    if ports is not None:
        outputs = _of_tensors(inference.tensors, ports, model)
    else:
        with _admitted(_cost(inference.image, model)):
            outputs = here().service.models.tensors(model, _input(inference.image, model), g.deadline)
    with g.timings.span("encode"):
        encoded = tensors.write_tensors(model.name, inference, outputs)
    if encoded.json_length is None:
        return Response(encoded.body, content_type=JSON_TYPE)
    headers = {JSON_LENGTH: str(encoded.json_length)}
    return Response(encoded.body, content_type=BINARY_TYPE, headers=headers)


def _of_tensors(given: Mapping[str, NDArray[Any]], ports: Sequence[Port], model: Model) -> Tensors:
    """What a network gives for tensors; they count by how many elements they have. TooMuchWorkError (413)."""
    work = model.work * runs_counted({name: tensor.shape for name, tensor in given.items()}, ports, model.cost_at)
    most = here().service.processor.limits.work
    if work > most:
        raise TooMuchWorkError(
            f'Tensors of these shapes are about {work:.0f} s of work for "{model.name}"; {most:g} s are allowed.'
        )
    size = sum(tensor.nbytes for tensor in given.values())
    with _admitted(Estimate(work=work, memory=_COPIES * size)):
        return here().service.models.infer(model, given, g.deadline)


def _named(name: str, version: str) -> Model:
    """The model of a path; NoSuchModelError or NoSuchVersionError (404)."""
    model = model_named(name)
    if version != _VERSION:
        raise NoSuchVersionError(f'"{name}" has only version {_VERSION}.', expected=_VERSION, got=version)
    return model


def _row(model: Model) -> ModelRow:
    """A row of the repository's index."""
    state = here().service.models.state(model.name)
    return ModelRow(
        name=model.name,
        version=_VERSION,
        state=_STATES.get(state.state, "UNAVAILABLE"),
        reason=state.reason or ("" if state.state == "ready" else state.state),
    )


def _outputs(model: Model) -> list[Tensor]:
    """Names, types and shapes of the outputs, determined once with black pictures; a variable dimension is -1."""
    shapes = here().output_shapes
    if model.name not in shapes:
        large = _probe_outputs(model, *model.input.size)
        small = _probe_outputs(model, model.input.multiple, model.input.multiple) if model.input.dynamic else large
        shapes[model.name] = [
            msgspec.structs.replace(
                tensor, shape=[a if a == b else -1 for a, b in zip(tensor.shape, other.shape, strict=True)]
            )
            for tensor, other in zip(large, small, strict=True)
        ]
    return shapes[model.name]


def _probe_outputs(model: Model, width: int, height: int) -> list[Tensor]:
    """The outputs of a model for a black picture of this size."""
    with _admitted(Estimate(work=model.work, memory=model.tensor_bytes)):
        outputs = here().service.models.tensors(model, np.zeros((1, height, width, 3), np.uint8), g.deadline)
    return [tensors.tensor_json(name, tensor) for name, tensor in outputs.items()]


def _cost(image: bytes | NDArray[np.uint8], model: Model) -> Estimate:
    """What a run costs: the network, its tensors, and decoding where the picture came encoded."""
    run = Estimate(work=model.work, memory=model.tensor_bytes)
    if isinstance(image, bytes):
        return run + codecs.decoding(codecs.probe(image, here().service.processor.limits))
    return run + Estimate(memory=image.nbytes)


@contextmanager
def _admitted(cost: Estimate) -> Iterator[None]:
    """Hold a core."""
    processor = here().service.processor
    with processor.admitted(cost, processor.context(g.deadline, g.timings)), g.timings.span("infer"):
        yield


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


_INDEX = Annotated[list[ModelRow], Meta(title="ModelIndex")]
_INFERRING = (404, 413, 415, 422, 429, 503, 504)
_REPOSITORY = "/v2/repository/models/<name>"
_HEADERS: dict[str, Schema] = {
    JSON_LENGTH: {
        "type": "string",
        "pattern": "^[0-9]{1,11}$",
        "description": "Bytes of JSON before the binary tensors; 0 if the body is only an encoded picture",
    },
    "Content-Encoding": {
        "type": "string",
        "enum": ["identity", "gzip", "deflate"],
        "description": "How the body is compressed",
    },
}
_BINARY: Schema = {"type": "string", "format": "binary", "description": "JSON, then tensors"}


_INFERRED = Reply(
    content={JSON_TYPE: InferenceResponse, BINARY_TYPE: _BINARY}, description="The outputs of the network"
)


def _of_model(path: str, ending: str) -> tuple[Route, ...]:
    """The routes of one model, with or without its version."""
    return (
        Route(
            path, metadata, "read",
            operation_id=f"metadata{ending}", answers=(json_reply(ModelMetadata),), refuses=LOADING,
        ),
        Route(
            f"{path}/ready", model_ready, "read",
            operation_id=f"model_ready{ending}", answers=(json_reply(ModelReady),), refuses=(404, 503),
        ),
        Route(
            f"{path}/infer", infer, "process", ("POST",), heavy=True,
            operation_id=f"infer{ending}", headers=_HEADERS, body={JSON_TYPE: InferenceRequest, BINARY_TYPE: _BINARY},
            answers=(_INFERRED,), refuses=_INFERRING,
        ),
    )  # fmt: skip


ROUTES = (
    Route("/v2", server, "read", answers=(json_reply(InferenceServer),)),
    Route("/v2/health/live", live, "read", answers=(json_reply(Live),)),
    Route("/v2/health/ready", server_ready, "read", answers=(json_reply(Ready),), refuses=(404, 503)),
    Route(
        "/v2/repository/index", index, "read", ("POST",),
        body={JSON_TYPE: IndexRequest}, body_required=False,
        answers=(json_reply(_INDEX, "The models with their state"),), refuses=_INFERRING,
    ),
    Route(
        f"{_REPOSITORY}/load", repository_load, "admin", ("POST",),
        body={JSON_TYPE: LoadRequest}, body_required=False, answers=(json_reply(ModelRow),), refuses=LOADING,
    ),
    Route(
        f"{_REPOSITORY}/unload", repository_unload, "admin", ("POST",),
        answers=(json_reply(ModelRow),), refuses=LOADING,
    ),
    *_of_model("/v2/models/<name>", ""),
    *_of_model("/v2/models/<name>/versions/<version>", "_of_version"),
)  # fmt: skip
