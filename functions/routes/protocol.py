"""Request and response bodies of the Open Inference Protocol, apart from tensors."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from functions.responses.tensors import DATATYPES, Tensor
from functions.routing import JsonObject

_Count = Annotated[int, Meta(ge=0)]
_Nothing = Annotated[dict[str, Any], Meta(max_length=0)]


class InferenceServer(JsonObject):
    """The server's metadata."""

    name: str
    version: str
    extensions: list[str]


class Live(JsonObject):
    """Whether the process is alive."""

    live: bool


class Ready(JsonObject):
    """Whether the server is ready."""

    ready: bool


class ModelReady(JsonObject):
    """Whether a model is loaded."""

    name: str
    ready: bool


class ModelRow(JsonObject):
    """A model in the index of the repository."""

    name: str
    version: str
    state: Literal["READY", "LOADING", "UNAVAILABLE"]
    reason: str


class ModelMetadata(JsonObject):
    """The inputs and outputs of a model."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[Tensor]
    outputs: list[Tensor]


class IndexRequest(msgspec.Struct):
    """The models to list."""

    ready: Annotated[bool, Meta(description="Only the loaded models")] = False


class LoadRequest(msgspec.Struct):
    """Options of loading a model; there are none."""

    parameters: _Nothing | UnsetType = UNSET


class BinaryInput(msgspec.Struct):
    """The size of an input that follows the JSON in binary."""

    binary_data_size: _Count | UnsetType = UNSET


class BinaryOutput(JsonObject):
    """Whether an output is binary."""

    binary_data: bool = False


class InferenceParameters(msgspec.Struct):
    """Whether outputs are binary by default."""

    binary_data_output: bool = False


class WantedOutput(JsonObject):
    """A requested output."""

    name: str
    parameters: BinaryOutput | UnsetType = UNSET


class GivenTensor(JsonObject, kw_only=True):
    """An input, as the model's metadata lists it. That of pictures, `image`, is pixels or an encoded picture."""

    name: str
    datatype: Annotated[Literal[(*DATATYPES, "BYTES")], Meta(description="`BYTES` is an encoded picture in base64")]  # type: ignore[valid-type]
    shape: Annotated[
        list[_Count],
        Meta(description="Of pixels 1, height, width, 3, the network's size, BGR; of an encoded picture 1"),
    ]
    data: Annotated[list[Any] | UnsetType, Meta(description="Flat, or nested as the shape is; absent if binary")] = (
        UNSET
    )
    parameters: BinaryInput | UnsetType = UNSET


class InferenceRequest(JsonObject, kw_only=True):
    """The inputs, and the requested outputs; all if none is named."""

    id: str | UnsetType = UNSET
    inputs: Annotated[list[GivenTensor], Meta(min_length=1)]
    outputs: list[WantedOutput] | UnsetType = UNSET
    parameters: InferenceParameters | UnsetType = UNSET
