"""Request and response bodies of the Open Inference Protocol, apart from tensors."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from functions.openapi.contents import IMAGE
from functions.requests.tensors import Tensor
from functions.routing import JsonObject

_Count = Annotated[int, Meta(ge=0)]
_Byte = Annotated[int, Meta(ge=0, le=255)]
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


class EncodedInput(JsonObject, tag_field="datatype", tag="BYTES"):
    """An encoded picture."""

    name: Literal["image"]
    shape: Annotated[list[int], Meta(extra_json_schema={"const": [1]})]
    data: Annotated[list[Annotated[str, Meta(extra_json_schema=IMAGE)]], Meta(min_length=1, max_length=1)]
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


class PixelsInput(JsonObject, tag_field="datatype", tag="UINT8"):
    """Pixels in the network's input size, in `data` or in binary after the JSON."""

    name: Literal["image"]
    shape: Annotated[
        list[_Count],
        Meta(min_length=4, max_length=4, description="1, height, width, 3, the network's size; BGR"),
    ]
    data: Annotated[list[_Byte | list[Any]] | UnsetType, Meta(description="Flat, or nested as the shape is")] = UNSET
    parameters: BinaryInput | UnsetType = UNSET


class InferenceRequest(JsonObject, kw_only=True):
    """One input, a picture, and the requested outputs; all if none is named."""

    id: str | UnsetType = UNSET
    inputs: Annotated[list[EncodedInput | PixelsInput], Meta(min_length=1, max_length=1)]
    outputs: list[WantedOutput] | UnsetType = UNSET
    parameters: InferenceParameters | UnsetType = UNSET
