"""Requests and answers of the Open Inference Protocol: JSON, and tensors in binary behind it.

One input, `image`: BYTES [1], an encoded picture, or UINT8 [1, H, W, 3], BGR at the network's size. Sources:
https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md and, for binary
tensors, https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md.
"""

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from functions.errors import BadBodyError, BadTensorError, NotAvailableError
from functions.requests.body import base64_bytes

INPUT = "image"
JSON_LENGTH = "Inference-Header-Content-Length"
BINARY_TYPE = "application/octet-stream"
_TYPES = {
    "bool": "BOOL", "uint8": "UINT8", "uint16": "UINT16", "uint32": "UINT32", "uint64": "UINT64", "int8": "INT8",
    "int16": "INT16", "int32": "INT32", "int64": "INT64", "float16": "FP16", "float32": "FP32", "float64": "FP64",
}  # fmt: skip
DATATYPES = tuple(_TYPES.values())
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**31)]
_Byte = Annotated[int, msgspec.Meta(ge=0, le=255)]
_Parameters = Mapping[str, Any] | None
_OTHERS = ("shared_memory_region", "classification")
"""Parameters that change what is asked; one that is ignored in silence would give a wrong answer."""


class _Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    shape: tuple[_Count, ...]
    datatype: str
    parameters: dict[str, Any] | None = None
    data: msgspec.Raw = msgspec.Raw()


class _Output(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    parameters: dict[str, Any] | None = None


class _Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    inputs: list[_Input]
    id: str | None = None
    parameters: dict[str, Any] | None = None
    outputs: list[_Output] | None = None


class InferenceRequest(NamedTuple):
    """What a request asks: the picture (encoded, or pixels), and each wanted output with whether it comes in binary.

    No output named means all of them, in binary where `binary` says so.
    """

    image: bytes | NDArray[np.uint8]
    outputs: dict[str, bool]
    binary: bool = False
    id: str | None = None


def read_tensors(body: bytes, json_length: str | None) -> InferenceRequest:
    """A request's body; `json_length` is the header that says where its binary part begins.

    Errors: BadBodyError, BadTensorError, NotAvailableError, BadBase64Error, all 400.
    """
    end = _end_of_json(body, json_length)
    if json_length is not None and end == 0:
        return InferenceRequest(body, {})  # the protocol's raw form: nothing but the content of the only input
    try:
        request = msgspec.json.decode(body[:end], type=_Request)
    except msgspec.ValidationError as error:
        raise BadBodyError(f"The request is no inference request: {error}.") from None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise BadBodyError("The request's JSON cannot be read.") from None
    image = _image(request, memoryview(body)[end:])
    binary = _switch(request.parameters, "binary_data_output", default=False)
    outputs = {output.name: _wanted(output, binary=binary) for output in request.outputs or ()}
    return InferenceRequest(image, outputs, binary, request.id)


def _end_of_json(body: bytes, json_length: str | None) -> int:
    if json_length is None:
        return len(body)
    if not (json_length.isascii() and json_length.isdigit() and len(json_length) < 12):
        raise BadTensorError(JSON_LENGTH, "a number of bytes", json_length)
    if int(json_length) > len(body):
        raise BadTensorError(JSON_LENGTH, f"at most the body's {len(body)} bytes", json_length)
    return int(json_length)


def _wanted(output: _Output, *, binary: bool) -> bool:
    _refuse_others(output.parameters, f"outputs.{output.name[:64]}")
    return _switch(output.parameters, "binary_data", default=binary)


def _refuse_others(parameters: _Parameters, where: str) -> None:
    for name in _OTHERS:
        if name in (parameters or {}):
            raise NotAvailableError(f"«{name}» is not available here.", parameter=f"{where}.{name}")


def _switch(parameters: _Parameters, name: str, *, default: bool) -> bool:
    value = (parameters or {}).get(name, default)
    if not isinstance(value, bool):
        raise BadTensorError(f"parameters.{name}", "true or false", value)
    return value


def _image(request: _Request, binary: memoryview) -> bytes | NDArray[np.uint8]:
    """The content of the only input."""
    if len(request.inputs) != 1 or request.inputs[0].name != INPUT:
        names = ", ".join(entry.name[:20] for entry in request.inputs[:5])
        raise BadTensorError("inputs", f"one, named {INPUT}", names)
    (given,) = request.inputs
    _refuse_others(given.parameters, INPUT)
    if given.datatype == "BYTES" and given.shape == (1,):
        return _one_of_bytes(given, binary)
    if given.datatype == "UINT8" and len(given.shape) == 4 and (given.shape[0], given.shape[3]) == (1, 3):
        return _pixels(given, binary)
    raise BadTensorError(INPUT, "BYTES [1] or UINT8 [1, height, width, 3]", f"{given.datatype[:20]} {[*given.shape]}")


def _one_of_bytes(given: _Input, binary: memoryview) -> bytes:
    """An encoded picture: base64 in JSON (text cannot hold bytes), or a length and the bytes in binary."""
    part = _binary(given, binary)
    if part is None:
        texts = _decoded(given.data, list[str])
        if len(texts) != 1:
            raise BadTensorError(f"{INPUT}.data", "one text of base64", f"{len(texts)} texts")
        return base64_bytes(texts[0], f"{INPUT}.data")
    length = int.from_bytes(part[:4], "little")
    if len(part) < 4 or length != len(part) - 4:
        raise BadTensorError(f"{INPUT}.data", "one element: four bytes of length, then so many bytes", len(part))
    return bytes(part[4:])


def _pixels(given: _Input, binary: memoryview) -> NDArray[np.uint8]:
    """The pixels, (1, height, width, 3); in JSON a flat list or a nested one."""
    expected = math.prod(given.shape)
    part = _binary(given, binary)
    # copied: OpenVINO refuses memory that it could not write to
    flat = np.frombuffer(part, np.uint8).copy() if part is not None else _numbers(given)
    if len(flat) != expected:
        raise BadTensorError(f"{INPUT}.data", f"{expected} bytes for the shape {[*given.shape]}", f"{len(flat)} bytes")
    return flat.reshape(given.shape)


def _numbers(given: _Input) -> NDArray[np.uint8]:
    """All numbers of a list, flat or nested as the shape is."""
    if not re.match(rb"\s*\[\s*\[", given.data):
        return np.asarray(_decoded(given.data, list[_Byte]), np.uint8)
    nested = _decoded(given.data, list[list[list[list[_Byte]]]])
    try:
        pixels = np.asarray(nested, np.uint8)
    except ValueError:
        raise BadTensorError(f"{INPUT}.data", "nested as its shape is", "lists of different lengths") from None
    if pixels.shape != given.shape:
        raise BadTensorError(f"{INPUT}.data", f"nested as the shape {[*given.shape]}", [*pixels.shape])
    return pixels.reshape(-1)


def _decoded(data: msgspec.Raw, kind: Any) -> Any:
    if not bytes(data):
        raise BadTensorError(f"{INPUT}.data", "there, in JSON or in binary", "missing")
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise BadBodyError(f"«{INPUT}.data» is wrong: {error}.") from None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise BadBodyError(f"«{INPUT}.data» cannot be read.") from None


def _binary(given: _Input, binary: memoryview) -> memoryview | None:
    """The input's part of what is behind the JSON, or None where it is in the JSON."""
    size = (given.parameters or {}).get("binary_data_size")
    if size is None:
        if len(binary):
            raise BadBodyError(f"{len(binary)} bytes follow the JSON that no input claims by «binary_data_size».")
        return None
    if isinstance(size, bool) or not isinstance(size, int) or size != len(binary):
        raise BadTensorError(f"{INPUT}.parameters.binary_data_size", f"the {len(binary)} bytes behind the JSON", size)
    if bytes(given.data):
        raise BadTensorError(f"{INPUT}.data", "absent where the tensor is binary", "there")
    return binary


class EncodedTensors(NamedTuple):
    """An answer's body, and how many bytes of it are JSON where binary tensors follow."""

    body: bytes
    json_length: int | None


def write_tensors(model: str, asked: InferenceRequest, tensors: Mapping[str, NDArray[Any]]) -> EncodedTensors:
    """The answer with the wanted ones of these tensors; BadTensorError (400) where one that is wanted is not there."""
    wanted = asked.outputs or dict.fromkeys(tensors, asked.binary)
    for name in wanted:
        if name not in tensors:
            raise BadTensorError("outputs", f"among {', '.join(tensors)}", name)
    shown: list[dict[str, Any]] = []
    behind: list[bytes] = []
    for name, binary in wanted.items():
        told, data = tensor_json(name, tensors[name]), tensors[name]
        if binary:
            behind.append(np.ascontiguousarray(data).tobytes())
            shown.append({**told, "parameters": {"binary_data_size": len(behind[-1])}})
        else:
            shown.append({**told, "data": data.ravel().tolist()})
    answer = {"model_name": model, "model_version": "1", "outputs": shown}
    head = msgspec.json.encode(answer if asked.id is None else {**answer, "id": asked.id})
    return EncodedTensors(b"".join([head, *behind]), len(head) if behind else None)


def tensor_json(name: str, tensor: NDArray[Any]) -> dict[str, Any]:
    """A tensor's name, type and shape."""
    return {"name": name, "datatype": _TYPES[tensor.dtype.name], "shape": [*tensor.shape]}
