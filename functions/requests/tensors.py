"""Requests and responses of the Open Inference Protocol: JSON, followed by binary tensors.

A model of pictures has one input, `image`: BYTES [1], an encoded picture, or UINT8 [1, H, W, 3], BGR at the network's
size. Any other has the inputs of its network. Sources:
https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md and, for binary
tensors, https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.models.ports import TYPES, Port, takes_shape
from functions.errors import BadBodyError, BadTensorError, NotAvailableError
from functions.requests.body import base64_bytes
from functions.requests.members import MAX_MEMBERS, has_more_strings
from functions.requests.numbers import numbers_of, parsed

INPUT = "image"
JSON_LENGTH = "Inference-Header-Content-Length"
_LONGEST_SHAPE = 200
_Scalar = bool | int | float | str | None
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**31)]
_Parameters = Mapping[str, _Scalar] | None
_UNSUPPORTED = ("shared_memory_region", "classification")
"""Parameters that are refused: ignoring them would give a wrong response."""


class _Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    listed: msgspec.Raw = msgspec.field(name="shape")
    datatype: str
    parameters: dict[str, _Scalar] | None = None
    data: msgspec.Raw = msgspec.Raw()

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape: parsed here, because a list of a million dimensions would be."""
        if len(memoryview(self.listed)) > _LONGEST_SHAPE:
            raise BadTensorError(f"{self.called}.shape", "a few dimensions", "a longer list")
        shape: tuple[int, ...] = parsed(f"{self.called}.shape", self.listed, tuple[_Count, ...])
        return shape

    @property
    def called(self) -> str:
        """Its name in an error."""
        return self.name[:64]


class _Output(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    parameters: dict[str, _Scalar] | None = None


class _Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    inputs: list[_Input]
    id: str | None = None
    parameters: dict[str, _Scalar] | None = None
    outputs: list[_Output] | None = None


class TensorRequest(NamedTuple):
    """An inference request: the picture (encoded, or pixels), and the requested outputs with whether each is binary.

    Without `outputs`, all are returned, in binary if `binary`.
    """

    image: bytes | NDArray[np.uint8]
    outputs: dict[str, bool]
    binary: bool = False
    id: str | None = None
    tensors: Mapping[str, NDArray[Any]] = {}


def read_tensors(body: bytes, json_length: str | None, ports: Sequence[Port] | None = None) -> TensorRequest:
    """Read a request's body; `json_length` is the header that says where its binary part begins.

    `ports` are the inputs of a network that takes `tensors`; without them there is one, the `image`. Errors:
    BadBodyError, BadTensorError, NotAvailableError, BadBase64Error, all 400.
    """
    end = _end_of_json(body, json_length)
    if json_length is not None and end == 0:  # the protocol's raw form: only the content of the single input
        return TensorRequest(body, {}) if ports is None else TensorRequest(b"", {}, tensors=_only(body, ports))
    if has_more_strings(body[:end]):
        raise BadBodyError(f"The request's JSON has more than {MAX_MEMBERS} members.")
    try:
        request = msgspec.json.decode(body[:end], type=_Request)
    except msgspec.ValidationError as error:
        raise BadBodyError(f"The body is not an inference request: {error}.") from None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise BadBodyError("The request's JSON cannot be read.") from None
    rest = memoryview(body)[end:]
    image = _image(request, rest) if ports is None else b""
    tensors = {} if ports is None else _named(request, rest, ports)
    binary = _boolean(request.parameters, "binary_data_output", default=False)
    outputs = {output.name: _is_binary(output, binary=binary) for output in request.outputs or ()}
    return TensorRequest(image, outputs, binary, request.id, tensors)


def _end_of_json(body: bytes, json_length: str | None) -> int:
    if json_length is None:
        return len(body)
    if not (json_length.isascii() and json_length.isdigit() and len(json_length) < 12):
        raise BadTensorError(JSON_LENGTH, "a number of bytes", json_length)
    if int(json_length) > len(body):
        raise BadTensorError(JSON_LENGTH, f"at most the body's {len(body)} bytes", json_length)
    return int(json_length)


def _is_binary(output: _Output, *, binary: bool) -> bool:
    _refuse_unsupported(output.parameters, f"outputs.{output.name[:64]}")
    return _boolean(output.parameters, "binary_data", default=binary)


def _refuse_unsupported(parameters: _Parameters, where: str) -> None:
    for name in _UNSUPPORTED:
        if name in (parameters or {}):
            raise NotAvailableError(f'"{name}" is not available on this server.', parameter=f"{where}.{name}")


def _boolean(parameters: _Parameters, name: str, *, default: bool) -> bool:
    value = (parameters or {}).get(name, default)
    if not isinstance(value, bool):
        raise BadTensorError(f"parameters.{name}", "true or false", value)
    return value


def _image(request: _Request, binary: memoryview) -> bytes | NDArray[np.uint8]:
    """The content of the single input."""
    if len(request.inputs) != 1 or request.inputs[0].name != INPUT:
        names = ", ".join(entry.name[:20] for entry in request.inputs[:5])
        raise BadTensorError("inputs", f"one, named {INPUT}", names)
    (tensor,) = request.inputs
    _refuse_unsupported(tensor.parameters, INPUT)
    if tensor.datatype == "BYTES" and tensor.shape == (1,):
        return _encoded_picture(tensor, binary)
    if tensor.datatype == "UINT8" and len(tensor.shape) == 4 and (tensor.shape[0], tensor.shape[3]) == (1, 3):
        return _pixels(tensor, binary)
    raise BadTensorError(INPUT, "BYTES [1] or UINT8 [1, height, width, 3]", f"{tensor.datatype[:20]} {[*tensor.shape]}")


def _encoded_picture(tensor: _Input, binary: memoryview) -> bytes:
    """An encoded picture: base64 in JSON, or a length and the bytes in binary."""
    part = _binary(tensor, binary)
    if part is None:
        texts = parsed(f"{INPUT}.data", tensor.data, list[str])
        if len(texts) != 1:
            raise BadTensorError(f"{INPUT}.data", "one text of base64", f"{len(texts)} texts")
        return base64_bytes(texts[0], f"{INPUT}.data")
    length = int.from_bytes(part[:4], "little")
    if len(part) < 4 or length != len(part) - 4:
        raise BadTensorError(f"{INPUT}.data", "one element: four bytes of length, then so many bytes", len(part))
    return bytes(part[4:])


def _pixels(tensor: _Input, binary: memoryview) -> NDArray[np.uint8]:
    """The pixels, (1, height, width, 3); in JSON a flat list or a nested one."""
    return _array(tensor, _binary(tensor, binary), np.dtype(np.uint8))


def _array(tensor: _Input, part: memoryview | None, dtype: np.dtype[Any]) -> NDArray[Any]:
    """The elements of a tensor from its binary part, or from JSON where there is none."""
    if part is None:
        return numbers_of(tensor.called, tensor.data, tensor.shape, dtype).reshape(tensor.shape)
    return _elements(f"{tensor.called}.data", part, tensor.shape, dtype)


def _elements(where: str, part: memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    wanted = math.prod(shape) * dtype.itemsize
    if len(part) != wanted:
        raise BadTensorError(where, f"{wanted} bytes for the shape {[*shape]}", f"{len(part)} bytes")
    # copied: OpenVINO refuses read-only memory
    return np.frombuffer(part, dtype.newbyteorder("<")).astype(dtype, copy=True).reshape(shape)


def _named(request: _Request, binary: memoryview, ports: Sequence[Port]) -> dict[str, NDArray[Any]]:
    """The tensors of a network's inputs, each once."""
    known = {port.name: port for port in ports}
    given = [tensor.name for tensor in request.inputs]
    if sorted(given) != sorted(known):
        names = ", ".join(tensor.called for tensor in request.inputs[:8])
        raise BadTensorError("inputs", f"{', '.join(known)}, each once", names)
    tensors = {}
    for tensor in request.inputs:
        _refuse_unsupported(tensor.parameters, tensor.name)
        dtype = _checked(tensor, known[tensor.name])
        part, binary = _next_part(tensor, binary)
        tensors[tensor.name] = _array(tensor, part, dtype)
    if len(binary):
        raise BadBodyError(f'{len(binary)} bytes after the JSON belong to no input; set "binary_data_size".')
    return tensors


def _checked(tensor: _Input, port: Port) -> np.dtype[Any]:
    """What the elements of an input are; BadTensorError if the request says others, or another shape."""
    dtype = np.dtype(port.dtype)
    if tensor.datatype != TYPES[dtype.name]:
        raise BadTensorError(f"{port.name}.datatype", TYPES[dtype.name], tensor.datatype)
    _check_shape(port, tensor.shape)
    return dtype


def _check_shape(port: Port, shape: tuple[int, ...]) -> None:
    if not takes_shape(shape, port):
        raise BadTensorError(f"{port.name}.shape", f"{[*port.shape]}, where -1 is any", [*shape])


def _next_part(tensor: _Input, binary: memoryview) -> tuple[memoryview | None, memoryview]:
    """An input's binary data and what follows it; None if the input is in the JSON."""
    size = (tensor.parameters or {}).get("binary_data_size")
    if size is None:
        return None, binary
    if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= len(binary):
        told = f"at most the {len(binary)} bytes that are left behind the JSON"
        raise BadTensorError(f"{tensor.name}.parameters.binary_data_size", told, size)
    if bytes(tensor.data):
        raise BadTensorError(f"{tensor.name}.data", "absent where the tensor is binary", "there")
    return binary[:size], binary[size:]


def _only(body: bytes, ports: Sequence[Port]) -> dict[str, NDArray[Any]]:
    """The tensor of the single input; one of its sides may be free, and follows from the length."""
    if len(ports) != 1 or ports[0].shape.count(-1) > 1:
        raise BadTensorError("inputs", "in JSON, since only one input whose shape is known can do without", len(ports))
    (port,) = ports
    dtype = np.dtype(port.dtype)
    rest = math.prod(side for side in port.shape if side >= 0) * dtype.itemsize
    shape = tuple(max(1, len(body) // rest) if side < 0 else side for side in port.shape)
    return {port.name: _elements(f"{port.name}.data", memoryview(body), shape, dtype)}


def _binary(tensor: _Input, binary: memoryview) -> memoryview | None:
    """The input's binary data after the JSON, or None if it is in the JSON."""
    size = (tensor.parameters or {}).get("binary_data_size")
    if size is None:
        if len(binary):
            raise BadBodyError(f'{len(binary)} bytes after the JSON belong to no input; set "binary_data_size".')
        return None
    if isinstance(size, bool) or not isinstance(size, int) or size != len(binary):
        raise BadTensorError(f"{INPUT}.parameters.binary_data_size", f"the {len(binary)} bytes behind the JSON", size)
    if bytes(tensor.data):
        raise BadTensorError(f"{INPUT}.data", "absent where the tensor is binary", "there")
    return binary
