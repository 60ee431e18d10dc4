"""Responses of the Open Inference Protocol: JSON, followed by binary tensors."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.models.ports import TYPES, Port
from functions.errors import BadTensorError
from functions.routing import JsonObject

BINARY_TYPE = "application/octet-stream"
DATATYPES = tuple(TYPES.values())
Datatype = Literal[DATATYPES]  # type: ignore[valid-type]


class Tensor(JsonObject):
    """A tensor's name, datatype and shape; a variable dimension is -1."""

    name: str
    datatype: Datatype
    shape: list[Annotated[int, msgspec.Meta(ge=-1)]]


class BinaryTensor(JsonObject):
    """A tensor whose elements follow the JSON in binary."""

    binary_data_size: Annotated[int, msgspec.Meta(ge=0, description="Their length in bytes")]


class OutputTensor(Tensor):
    """An output of a network; its elements are in `data`, or follow the JSON in binary."""

    data: list[float | bool | None] | msgspec.UnsetType = msgspec.UNSET
    parameters: BinaryTensor | msgspec.UnsetType = msgspec.UNSET


class InferenceResponse(JsonObject):
    """A network's outputs."""

    model_name: str
    model_version: str
    outputs: list[OutputTensor]
    id: Annotated[str | msgspec.UnsetType, msgspec.Meta(description="The id of the request")] = msgspec.UNSET


class WantedOutputs(Protocol):
    """What a request says of the outputs: each with whether it is binary; all as `binary` says if it names none."""

    @property
    def outputs(self) -> Mapping[str, bool]:
        """The named ones."""
        ...

    @property
    def binary(self) -> bool:
        """Whether those that are not named are binary."""
        ...

    @property
    def id(self) -> str | None:
        """The request's identifier."""
        ...


class EncodedTensors(NamedTuple):
    """A response body, and the length of its JSON if binary tensors follow."""

    body: bytes
    json_length: int | None


def write_tensors(model: str, request: WantedOutputs, tensors: Mapping[str, NDArray[Any]]) -> EncodedTensors:
    """Encode the requested tensors; BadTensorError (400) if one does not exist."""
    requested = request.outputs or dict.fromkeys(tensors, request.binary)
    for name in requested:
        if name not in tensors:
            raise BadTensorError("outputs", f"among {', '.join(tensors)}", name)
    outputs: list[OutputTensor] = []
    buffers: list[bytes] = []
    for name, binary in requested.items():
        described, data = msgspec.structs.asdict(tensor_json(name, tensors[name])), tensors[name]
        if binary:
            buffers.append(np.ascontiguousarray(data).tobytes())
            outputs.append(OutputTensor(**described, parameters=BinaryTensor(binary_data_size=len(buffers[-1]))))
        else:
            outputs.append(OutputTensor(**described, data=data.ravel().tolist()))
    id_ = msgspec.UNSET if request.id is None else request.id
    head = msgspec.json.encode(InferenceResponse(model_name=model, model_version="1", outputs=outputs, id=id_))
    return EncodedTensors(b"".join([head, *buffers]), len(head) if buffers else None)


def tensor_json(name: str, tensor: NDArray[Any]) -> Tensor:
    """A tensor's name, datatype and shape."""
    return Tensor(name=name, datatype=TYPES[tensor.dtype.name], shape=[*tensor.shape])


def port_json(port: Port) -> Tensor:
    """What a network takes or gives: name, datatype and shape."""
    return Tensor(name=port.name, datatype=TYPES[str(port.dtype)], shape=[*port.shape])
