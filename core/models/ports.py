"""What a network takes and gives: names, shapes and kinds of numbers, as OpenVINO tells them."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

Shape = tuple[int, ...]

_DTYPES = {
    "boolean": "bool", "u8": "uint8", "u16": "uint16", "u32": "uint32", "u64": "uint64", "i8": "int8", "i16": "int16",
    "i32": "int32", "i64": "int64", "f16": "float16", "f32": "float32", "f64": "float64",
}  # fmt: skip


TYPES = {
    "bool": "BOOL", "uint8": "UINT8", "uint16": "UINT16", "uint32": "UINT32", "uint64": "UINT64", "int8": "INT8",
    "int16": "INT16", "int32": "INT32", "int64": "INT64", "float16": "FP16", "float32": "FP32", "float64": "FP64",
}  # fmt: skip
"""Datatypes of the Open Inference Protocol by NumPy's names."""


class Port(NamedTuple):
    """An input or output of a network: its name, and its shape, -1 where it is free.

    `kind` is a table's word for its numbers, `dtype` NumPy's; None for what they have no word for.
    """

    name: str
    shape: tuple[int, ...]
    kind: str | None
    dtype: str | None


class Ports(NamedTuple):
    """What a network takes and gives."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def ports_of(network: Any) -> Ports:
    """The inputs and outputs of a network, compiled or not."""
    inputs, outputs = (
        [port_of(port, place) for place, port in enumerate(side)] for side in (network.inputs, network.outputs)
    )
    return Ports(tuple(inputs), tuple(outputs))


def port_of(port: Any, place: int) -> Port:
    """One input or output, at its place among them."""
    shape = port.get_partial_shape()
    sides = () if shape.rank.is_dynamic else tuple(side.get_length() if side.is_static else -1 for side in shape)
    kind = port.get_element_type()
    return Port(output_name(port, place), sides, table_kind(kind), dtype_of(kind))


def takes_shape(shape: Shape, port: Port) -> bool:
    """Whether a tensor of this shape is what an input takes."""
    pairs = zip(shape, port.shape, strict=False)
    return len(shape) == len(port.shape) and all(side > 0 and told in {-1, side} for side, told in pairs)


def runs_counted(given: Mapping[str, Shape], inputs: Sequence[Port], usual: Mapping[str, Shape]) -> float:
    """As how many runs on tensors of the `usual` shapes a run on the given ones counts: by elements.

    The input that has grown most decides. Without a usual shape, free sides are 1 long.
    """
    one = {port.name: usual.get(port.name, tuple(map(abs, port.shape))) for port in inputs}
    return max((prod(given[name]) / max(prod(shape), 1) for name, shape in one.items()), default=1.0)


def dtype_of(kind: Any) -> str | None:
    """NumPy's name of a type of OpenVINO's; None if it has none."""
    return _DTYPES.get(kind.get_type_name())


def table_kind(kind: Any) -> str | None:
    """The word of a table for an input's numbers; None for what no picture is handed as."""
    return "f32" if kind.is_real() else {"u8": "u8", "i8": "u8", "i32": "i32"}.get(kind.get_type_name())


def output_name(port: Any, place: int) -> str:
    """An output's name, or one by its position if it has none."""
    return min(port.get_names(), key=lambda name: (name.isdigit(), name), default=f"output_{place}")
