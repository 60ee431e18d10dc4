"""The numbers of a tensor in JSON, a flat list or a nested one: a band at a time, since a list takes 32 bytes each."""

import math
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from functions.errors import BadBodyError, BadTensorError

_BAND = 1 << 20
_WHITESPACE = b" \t\r\n"
_INT64 = np.iinfo(np.int64)


def numbers_of(name: str, data: msgspec.Raw, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """The numbers of a list, flat or nested like the shape, as a flat array.

    `name` is the tensor's, for errors: BadBodyError, BadTensorError.
    """
    where, text = f"{name}.data", memoryview(data)
    start = bytes(text[:_BAND]).translate(None, _WHITESPACE)
    if start[:1] != b"[":
        parsed(where, data, _kind(dtype))
    if start[:2] == b"[[":
        text = memoryview(_unnested(where, text, shape, dtype))
    bands = (bytes(text[place : place + _BAND]) for place in range(0, len(text), _BAND))
    check_length(where, 1 + sum(band.count(b",") for band in bands), shape)
    return np.concatenate([np.zeros(0, dtype), *_bands(where, text, dtype)])


def check_length(where: str, length: int, shape: tuple[int, ...]) -> None:
    """BadTensorError if a tensor has not as many elements as its shape."""
    expected = math.prod(shape)
    if length != expected:
        raise BadTensorError(where, f"{expected} elements for the shape {[*shape]}", f"{length} elements")


def parsed(where: str, data: msgspec.Raw, kind: Any) -> Any:
    """JSON of a known kind; BadTensorError if it is missing, BadBodyError if it is another."""
    if not bytes(data):
        raise BadTensorError(where, "there, in JSON or in binary", "missing")
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise BadBodyError(f'"{where}" is invalid: {error}.') from None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise BadBodyError(f'"{where}" cannot be read.') from None


def _kind(dtype: np.dtype[Any]) -> Any:
    """The type of a list of such numbers in JSON."""
    if dtype.kind == "b":
        return list[bool]
    if dtype.kind == "f":
        return list[float]
    bounds = np.iinfo(dtype)
    return list[Annotated[int, Meta(ge=int(bounds.min), le=int(min(bounds.max, _INT64.max)))]]


def _marks(dtype: np.dtype[Any]) -> bytes:
    """The characters of such numbers."""
    return {"b": b"truefals", "f": b"0123456789+-.eE", "i": b"0123456789-"}.get(dtype.kind, b"0123456789")


def _told(dtype: np.dtype[Any]) -> str:
    if dtype.kind not in "iu":
        return "true or false" if dtype.kind == "b" else "numbers"
    return f"whole numbers from {np.iinfo(dtype).min} to {np.iinfo(dtype).max}"


def _unnested(where: str, data: memoryview, shape: tuple[int, ...], dtype: np.dtype[Any]) -> bytearray:
    """A list of numbers nested like the shape as a flat one: its brackets and commas are compared as a whole."""
    marks, flat = bytearray(), bytearray(b"[")
    for place in range(0, len(data), _BAND):
        band = bytes(data[place : place + _BAND])
        marks += band.translate(None, _marks(dtype) + _WHITESPACE)
        flat += band.translate(None, b"[]")
    if marks.translate(None, b"[],") or len(marks) - len(marks.lstrip(b"[")) != len(shape):
        raise BadBodyError(f'"{where}" is invalid: it must be {_told(dtype)}, flat or nested.')
    expected = b""
    if math.prod(shape) <= len(data):  # no list is longer than its text
        for length in reversed(shape):
            expected = b"[" + (expected + b",") * (length - 1) + expected + b"]"
    if marks != expected:
        raise BadTensorError(where, f"{_told(dtype)} nested as the shape {[*shape]}", "nested otherwise")
    flat += b"]"
    return flat


def _bands(where: str, numbers: memoryview, dtype: np.dtype[Any]) -> Iterator[NDArray[Any]]:
    """The numbers of a flat list: each band ends before a comma, and the next one begins behind it."""
    place, more = 0, True
    while more:
        band = bytes(numbers[place : place + _BAND])
        comma = band.rfind(b",") if place + _BAND < len(numbers) else -1
        more = comma >= 0
        band = band[:comma] if more else bytes(numbers[place:])
        plain = _plain(band[0 if place else 1 : None if more else -1]) if dtype == np.uint8 else None
        if plain is None:
            text = msgspec.Raw(b"".join((b"[" if place else b"", band, b"]" if more else b"")))
            found = parsed(where, text, _kind(dtype))
            if not found and (place or more):
                raise BadBodyError(f'"{where}" cannot be read.')
            plain = _converted(where, found, dtype)
        yield plain
        place += comma + 1


def _converted(where: str, found: list[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    with np.errstate(over="ignore"):
        numbers = np.array(found, dtype)
    if dtype.kind == "f" and not np.isfinite(numbers).all():
        raise BadTensorError(where, f"numbers that fit {dtype.name}", "a larger one")
    return numbers


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
