"""Requests and responses of the Open Inference Protocol: JSON, followed by binary tensors.

There is one input, `image`: BYTES [1], an encoded picture, or UINT8 [1, H, W, 3], BGR at the network's size. Sources:
https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md and, for binary
tensors, https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from functions.errors import BadBodyError, BadTensorError, NotAvailableError
from functions.requests.body import base64_bytes
from functions.requests.members import MAX_MEMBERS, has_more_strings
from functions.routing import JsonObject

INPUT = "image"
JSON_LENGTH = "Inference-Header-Content-Length"
BINARY_TYPE = "application/octet-stream"
_TYPES = {
    "bool": "BOOL", "uint8": "UINT8", "uint16": "UINT16", "uint32": "UINT32", "uint64": "UINT64", "int8": "INT8",
    "int16": "INT16", "int32": "INT32", "int64": "INT64", "float16": "FP16", "float32": "FP32", "float64": "FP64",
}  # fmt: skip
DATATYPES = tuple(_TYPES.values())
_BAND = 1 << 20
_LONGEST_SHAPE = 200
_WHITESPACE = b" \t\r\n"
_Scalar = bool | int | float | str | None
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**31)]
_Byte = Annotated[int, msgspec.Meta(ge=0, le=255)]
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
        """The shape: decoded here, because a list of a million dimensions would be."""
        if len(memoryview(self.listed)) > _LONGEST_SHAPE:
            raise BadTensorError(f"{INPUT}.shape", "at most four dimensions", "a longer list")
        shape: tuple[int, ...] = _decoded(self.listed, tuple[_Count, ...], "shape")
        return shape


class _Output(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    parameters: dict[str, _Scalar] | None = None


class _Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    inputs: list[_Input]
    id: str | None = None
    parameters: dict[str, _Scalar] | None = None
    outputs: list[_Output] | None = None


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


class TensorRequest(NamedTuple):
    """An inference request: the picture (encoded, or pixels), and the requested outputs with whether each is binary.

    Without `outputs`, all are returned, in binary if `binary`.
    """

    image: bytes | NDArray[np.uint8]
    outputs: dict[str, bool]
    binary: bool = False
    id: str | None = None


def read_tensors(body: bytes, json_length: str | None) -> TensorRequest:
    """Read a request's body; `json_length` is the header that says where its binary part begins.

    Errors: BadBodyError, BadTensorError, NotAvailableError, BadBase64Error, all 400.
    """
    end = _end_of_json(body, json_length)
    if json_length is not None and end == 0:
        return TensorRequest(body, {})  # the protocol's raw form: only the content of the single input
    if has_more_strings(body[:end]):
        raise BadBodyError(f"The request's JSON has more than {MAX_MEMBERS} members.")
    try:
        request = msgspec.json.decode(body[:end], type=_Request)
    except msgspec.ValidationError as error:
        raise BadBodyError(f"The body is not an inference request: {error}.") from None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise BadBodyError("The request's JSON cannot be read.") from None
    image = _image(request, memoryview(body)[end:])
    binary = _boolean(request.parameters, "binary_data_output", default=False)
    outputs = {output.name: _is_binary(output, binary=binary) for output in request.outputs or ()}
    return TensorRequest(image, outputs, binary, request.id)


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
        texts = _decoded(tensor.data, list[str])
        if len(texts) != 1:
            raise BadTensorError(f"{INPUT}.data", "one text of base64", f"{len(texts)} texts")
        return base64_bytes(texts[0], f"{INPUT}.data")
    length = int.from_bytes(part[:4], "little")
    if len(part) < 4 or length != len(part) - 4:
        raise BadTensorError(f"{INPUT}.data", "one element: four bytes of length, then so many bytes", len(part))
    return bytes(part[4:])


def _pixels(tensor: _Input, binary: memoryview) -> NDArray[np.uint8]:
    """The pixels, (1, height, width, 3); in JSON a flat list or a nested one."""
    part = _binary(tensor, binary)
    # copied: OpenVINO refuses read-only memory
    flat = np.frombuffer(part, np.uint8).copy() if part is not None else _numbers(tensor)
    _check_length(len(flat), tensor)
    return flat.reshape(tensor.shape)


def _check_length(length: int, tensor: _Input) -> None:
    """BadTensorError if a tensor has not as many elements as its shape."""
    expected = math.prod(tensor.shape)
    if length != expected:
        raise BadTensorError(f"{INPUT}.data", f"{expected} bytes for the shape {[*tensor.shape]}", f"{length} bytes")


def _numbers(tensor: _Input) -> NDArray[np.uint8]:
    """The numbers of a list, flat or nested like the shape: a band at a time, since a list takes eight bytes each."""
    data = memoryview(tensor.data)
    start = bytes(data[:_BAND]).translate(None, _WHITESPACE)
    if start[:1] != b"[":
        _decoded(tensor.data, list[_Byte])
    if start[:2] == b"[[":
        data = memoryview(_unnested(data, tensor.shape))
    bands = (bytes(data[place : place + _BAND]) for place in range(0, len(data), _BAND))
    _check_length(1 + sum(band.count(b",") for band in bands), tensor)
    return np.concatenate([np.zeros(0, np.uint8), *_bands(data)])


def _unnested(data: memoryview, shape: tuple[int, ...]) -> bytearray:
    """A list of numbers nested like the shape as a flat one: its brackets and commas are compared as a whole."""
    marks, flat = bytearray(), bytearray(b"[")
    for place in range(0, len(data), _BAND):
        band = bytes(data[place : place + _BAND])
        marks += band.translate(None, b"0123456789" + _WHITESPACE)
        flat += band.translate(None, b"[]")
    if marks.translate(None, b"[],") or len(marks) - len(marks.lstrip(b"[")) != len(shape):
        raise BadBodyError(f'"{INPUT}.data" is invalid: it must be whole numbers from 0 to 255, flat or nested.')
    expected = b""
    if math.prod(shape) <= len(data):  # no list is longer than its text
        for length in reversed(shape):
            expected = b"[" + (expected + b",") * (length - 1) + expected + b"]"
    if marks != expected:
        raise BadTensorError(f"{INPUT}.data", f"whole numbers nested as the shape {[*shape]}", "nested otherwise")
    flat += b"]"
    return flat


def _bands(numbers: memoryview) -> Iterator[NDArray[np.uint8]]:
    """The numbers of a flat list: each band ends before a comma, and the next one begins behind it."""
    place, more = 0, True
    while more:
        band = bytes(numbers[place : place + _BAND])
        comma = band.rfind(b",") if place + _BAND < len(numbers) else -1
        more = comma >= 0
        band = band[:comma] if more else bytes(numbers[place:])
        plain = _plain(band[0 if place else 1 : None if more else -1])
        if plain is None:
            found = _decoded(msgspec.Raw(b"".join((b"[" if place else b"", band, b"]" if more else b""))), list[_Byte])
            if not found and (place or more):
                raise BadBodyError(f'"{INPUT}.data" cannot be read.')
            plain = np.frombuffer(bytes(found), np.uint8)
        yield plain
        place += comma + 1


def _plain(numbers: bytes) -> NDArray[np.uint8] | None:
    """Numbers from 0 to 255 between commas, without white space; None for anything else: faster than an object each."""
    if not numbers or numbers.translate(None, b"0123456789,"):
        return None
    text = np.frombuffer(numbers + b",", np.uint8)
    ends = np.flatnonzero(text == ord(","))
    lengths = np.diff(ends, prepend=-1) - 1
    if not 1 <= lengths.min() <= lengths.max() <= 3 or np.any((text[ends - lengths] == ord("0")) & (lengths > 1)):
        return None
    digits = (text - np.uint8(ord("0"))).astype(np.uint16)
    values = digits[ends - 1]
    for place in range(1, int(lengths.max())):
        values += digits[ends - 1 - place] * (lengths > place) * np.uint16(10**place)
    return values.astype(np.uint8) if values.max() <= 255 else None


def _decoded(data: msgspec.Raw, kind: Any, member: str = "data") -> Any:
    if not bytes(data):
        raise BadTensorError(f"{INPUT}.{member}", "there, in JSON or in binary", "missing")
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise BadBodyError(f'"{INPUT}.{member}" is invalid: {error}.') from None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise BadBodyError(f'"{INPUT}.{member}" cannot be read.') from None


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


class EncodedTensors(NamedTuple):
    """A response body, and the length of its JSON if binary tensors follow."""

    body: bytes
    json_length: int | None


def write_tensors(model: str, request: TensorRequest, tensors: Mapping[str, NDArray[Any]]) -> EncodedTensors:
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
    return Tensor(name=name, datatype=_TYPES[tensor.dtype.name], shape=[*tensor.shape])
