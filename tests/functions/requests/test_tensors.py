"""The Open Inference Protocol as text and bytes: what is read, what is refused, what is written."""

import base64
import json
from typing import Any

import numpy as np
import pytest

from core.errors import DarkroomError
from functions.requests.tensors import TensorRequest, read_tensors
from functions.responses.tensors import write_tensors

PIXELS = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(1, 2, 3, 3)
FLAT = PIXELS.ravel().tolist()
SHAPE = [1, 2, 3, 3]


ROWS = b", ".join(json.dumps(PIXELS[0, row].tolist()).encode() for row in (0, 1))
SPACED = b' { "inputs" : [ {"shape":[1,2,3,3],"name":"image","datatype":"UINT8","data": \n [ [' + ROWS + b" ] ] } ] }"
DEEP = json.dumps({"inputs": [{"name": "image", "datatype": "UINT8", "shape": SHAPE, "data": "@"}]})
DEEP = DEEP.replace('"@"', "[" * 99_999 + "]" * 99_999)


def image(**members: Any) -> dict[str, Any]:
    return {"name": "image", "datatype": "UINT8", "shape": SHAPE, **members}


def encoded(**members: Any) -> dict[str, Any]:
    return {"name": "image", "datatype": "BYTES", "shape": [1], **members}


def body(given: dict[str, Any], tail: bytes = b"", **members: Any) -> tuple[bytes, str | None]:
    """A request's body, and its header where something binary follows."""
    head = json.dumps({"inputs": [given], **members}).encode()
    return head + tail, str(len(head)) if tail else None


def wanting(**parameters: Any) -> tuple[bytes, str | None]:
    return body(image(data=FLAT), outputs=[{"name": "a", "parameters": parameters}])


@pytest.mark.parametrize(
    "given",
    [
        body(image(data=FLAT)),
        body(image(data=PIXELS.tolist())),
        body(image(data=FLAT, parameters={})),
        body(image(data=FLAT, parameters=None), parameters=None, outputs=None, id=None),
        body(image(data=FLAT), parameters={"priority": 3, "timeout": 5}),
        body(image(parameters={"binary_data_size": 18}), PIXELS.tobytes()),
        (SPACED, None),
    ],
    ids=["flat", "nested", "parameters", "nulls", "unused", "binary", "white-space"],
)  # fmt: skip
def test_pixels_are_read(given: tuple[bytes, str | None]) -> None:
    asked = read_tensors(*given)
    assert isinstance(asked.image, np.ndarray)
    assert np.array_equal(asked.image, PIXELS)
    assert (asked.outputs, asked.binary, asked.id) == ({}, False, None)


LONG = (5).to_bytes(4, "little")


@pytest.mark.parametrize(
    "given",
    [
        body(encoded(data=[base64.b64encode(b"a JPG").decode()])),
        body(encoded(data=["data:image/jpeg;base64," + base64.b64encode(b"a JPG").decode()])),
        body(encoded(parameters={"binary_data_size": 9}), LONG + b"a JPG"),
        (b"a JPG", "0"),
    ],
    ids=["base64", "data-url", "binary", "raw"],
)
def test_an_encoded_picture_is_read(given: tuple[bytes, str | None]) -> None:
    assert read_tensors(*given).image == b"a JPG"


def test_what_is_wanted() -> None:
    outputs = [{"name": "a"}, {"name": "b", "parameters": {"binary_data": False}}]
    asked = read_tensors(*body(image(data=FLAT), outputs=outputs, id="7", parameters={"binary_data_output": True}))
    assert asked[1:4] == ({"a": True, "b": False}, True, "7")


REFUSED: dict[str, tuple[tuple[bytes, str | None], str]] = {
    "empty": ((b"", None), "bad_body"),
    "no-json": ((b"\xff\xd8\xff\xe0", None), "bad_body"),
    "half": ((b'{"inputs": [', None), "bad_body"),
    "deep": ((b'{"inputs": ' + b"[" * 200_000, None), "bad_body"),
    "deep-data": ((DEEP.encode(), None), "bad_body"),
    "array": ((b"[]", None), "bad_body"),
    "nothing": ((b"{}", None), "bad_body"),
    "inputs-object": ((b'{"inputs": {}}', None), "bad_body"),
    "no-inputs": ((b'{"inputs": []}', None), "bad_tensor"),
    "two-inputs": ((json.dumps({"inputs": [image(data=FLAT)] * 2}).encode(), None), "bad_tensor"),
    "unknown-member": (body(image(data=FLAT), strange=1), "bad_body"),
    "unknown-of-input": (body(image(data=FLAT, strange=1)), "bad_body"),
    "id-number": (body(image(data=FLAT), id=1), "bad_body"),
    "other-name": (body({**image(data=FLAT), "name": "data"}), "bad_tensor"),
    "other-type": (body({**image(data=FLAT), "datatype": "FP32"}), "bad_tensor"),
    "no-shape": (body({**image(data=FLAT), "shape": []}), "bad_tensor"),
    "flat-shape": (body({**image(data=FLAT), "shape": [18]}), "bad_tensor"),
    "two-pictures": (body({**image(data=FLAT), "shape": [2, 1, 3, 3]}), "bad_tensor"),
    "four-channels": (body({**image(data=FLAT), "shape": [1, 2, 2, 4]}), "bad_tensor"),
    "negative-shape": (body({**image(data=FLAT), "shape": [1, -2, 3, 3]}), "bad_body"),
    "fraction-shape": (body({**image(data=FLAT), "shape": [1, 2.5, 3, 3]}), "bad_body"),
    "huge-shape": (body({**image(data=FLAT), "shape": [1, 2**31, 2**31, 3]}), "bad_tensor"),
    "beyond-shape": (body({**image(data=FLAT), "shape": [1, 10**30, 3, 3]}), "bad_body"),
    "short": (body(image(data=FLAT[:-1])), "bad_tensor"),
    "long": (body(image(data=[*FLAT, 1])), "bad_tensor"),
    "no-data": (body(image()), "bad_tensor"),
    "null-data": (body(image(data=None)), "bad_body"),
    "text-data": (body(image(data="abc")), "bad_body"),
    "256": (body(image(data=[256, *FLAT[1:]])), "bad_body"),
    "minus": (body(image(data=[-1, *FLAT[1:]])), "bad_body"),
    "fraction": (body(image(data=[0.5, *FLAT[1:]])), "bad_body"),
    "true": (body(image(data=[True, *FLAT[1:]])), "bad_body"),
    "ragged": (body(image(data=[[[[0, 1, 2]] * 3, [[0, 1, 2]] * 2]])), "bad_tensor"),
    "nested-otherwise": (body(image(data=np.swapaxes(PIXELS, 1, 2).tolist())), "bad_tensor"),
    "nested-less": (body(image(data=PIXELS[0].tolist())), "bad_body"),
    "two-texts": (body(encoded(data=["YQ==", "YQ=="])), "bad_tensor"),
    "no-base64": (body(encoded(data=["\u00e4"])), "bad_base64"),
    "numbers-as-bytes": (body(encoded(data=[1])), "bad_body"),
    "bytes-shape": (body({**encoded(data=["YQ=="]), "shape": [1, 1]}), "bad_tensor"),
    "length-word": ((b"{}", "abc"), "bad_tensor"),
    "length-minus": ((b"{}", "-1"), "bad_tensor"),
    "length-other-digits": ((b"{}", "\u0662"), "bad_tensor"),
    "length-beyond": ((b"{}", "3"), "bad_tensor"),
    "length-huge": ((b"{}", "9" * 5000), "bad_tensor"),
    "length-in-the-middle": ((body(image(data=FLAT))[0], "20"), "bad_body"),
    "unclaimed": (body(image(data=FLAT), b"more"), "bad_body"),
    "both": (body(image(data=FLAT, parameters={"binary_data_size": 18}), PIXELS.tobytes()), "bad_tensor"),
    "size-lies": (body(image(parameters={"binary_data_size": 17}), PIXELS.tobytes()), "bad_tensor"),
    "size-word": (body(image(parameters={"binary_data_size": "18"}), PIXELS.tobytes()), "bad_tensor"),
    "size-true": (body(image(parameters={"binary_data_size": True}), b"1"), "bad_tensor"),
    "size-without-tail": (body(image(parameters={"binary_data_size": 18})), "bad_tensor"),
    "binary-short": (body(image(parameters={"binary_data_size": 17}), PIXELS.tobytes()[:-1]), "bad_tensor"),
    "element-cut": (body(encoded(parameters={"binary_data_size": 8}), LONG + b"a JP"), "bad_tensor"),
    "element-twice": (body(encoded(parameters={"binary_data_size": 18}), (LONG + b"a JPG") * 2), "bad_tensor"),
    "element-no-length": (body(encoded(parameters={"binary_data_size": 2}), b"\x01\x00"), "bad_tensor"),
    "shared-memory": (body(image(parameters={"shared_memory_region": "x"})), "not_available"),
    "shared-memory-out": (wanting(shared_memory_region="x"), "not_available"),
    "classification": (wanting(classification=3), "not_available"),
    "binary-word": (wanting(binary_data="yes"), "bad_tensor"),
    "binary-output-word": (body(image(data=FLAT), parameters={"binary_data_output": 1}), "bad_tensor"),
    "surrogate": ((b'{"inputs": [{"name": "\\ud800", "shape": [1], "datatype": "BYTES"}]}', None), "bad_body"),
    "no-utf8": ((body(encoded(data=["@"]))[0].replace(b"@", b"\xff"), None), "bad_body"),
}  # fmt: skip


@pytest.mark.parametrize(("given", "code"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(given: tuple[bytes, str | None], code: str) -> None:
    with pytest.raises(DarkroomError) as caught:
        read_tensors(*given)
    assert (caught.value.status, caught.value.code) == (400, code)
    assert len(caught.value.detail) <= 500


TENSORS = {
    "boxes": np.array([[0.1, np.nan], [np.inf, -4e20]], np.float32),
    "count": np.array([3], np.int64),
    "map": np.asfortranarray(np.arange(6, dtype=np.uint8).reshape(2, 3)),
    "half": np.array([0.5], np.float16),
    "sound": np.array([True]),
    "empty": np.zeros((0, 7), np.float32),
}
TYPES = {"boxes": "FP32", "count": "INT64", "map": "UINT8", "half": "FP16", "sound": "BOOL", "empty": "FP32"}


@pytest.mark.parametrize("binary", [False, True])
def test_tensors_come_back(binary: bool) -> None:
    written = write_tensors("mine", TensorRequest(b"", {}, binary=binary, id="x"), TENSORS)
    assert (written.json_length is not None) == binary
    told = json.loads(written.body[: written.json_length])
    assert (told["model_name"], told["model_version"], told["id"]) == ("mine", "1", "x")
    tail = written.body[written.json_length :] if binary else b""
    for output in told["outputs"]:
        true = TENSORS[output["name"]]
        assert (output["datatype"], output["shape"]) == (TYPES[output["name"]], [*true.shape])
        if binary:
            size = output["parameters"]["binary_data_size"]
            got, tail = np.frombuffer(tail[:size], true.dtype).reshape(true.shape), tail[size:]
            assert np.array_equal(got, true, equal_nan=true.dtype.kind == "f")
        elif output["name"] != "boxes":
            assert np.array_equal(np.array(output["data"], true.dtype).reshape(true.shape), true)
    assert tail == b""


def test_only_the_wanted_ones_come_back() -> None:
    written = write_tensors("mine", TensorRequest(b"", {"map": True, "count": False}), TENSORS)
    told = json.loads(written.body[: written.json_length])
    assert [output["name"] for output in told["outputs"]] == ["map", "count"]
    assert told["outputs"][1]["data"] == [3]
    assert "id" not in told


def test_an_output_that_is_not_there() -> None:
    with pytest.raises(DarkroomError, match="boxes, count") as caught:
        write_tensors("mine", TensorRequest(b"", {"maps": True}), TENSORS)
    assert caught.value.code == "bad_tensor"


WIDE = np.random.default_rng(5).integers(0, 256, (1, 5, 120_000, 3), np.uint8)
"""So large that its list is read in several bands."""


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")], ids=["tight", "spaced"])
def test_a_long_list_is_read(nested: bool, separators: tuple[str, str]) -> None:
    data = (WIDE if nested else WIDE.ravel()).tolist()
    given = json.dumps({"inputs": [{**image(data=data), "shape": [*WIDE.shape]}]}, separators=separators).encode()
    assert len(given) > 4 << 20
    assert np.array_equal(read_tensors(given, None).image, WIDE)


@pytest.mark.parametrize("spoilt", [b"256", b"01", b"", b" ", b"1 2", b"-1", b"1.0", b"1e1", b"true", b"1234", b"[1]"])
@pytest.mark.parametrize("place", [0.0, 0.5, 1.0], ids=["first", "middle", "last"])
def test_one_wrong_number_in_a_long_list(spoilt: bytes, place: float) -> None:
    numbers = [b"7"] * 900_000
    numbers[int(place * 899_999)] = spoilt
    head = b'{"inputs": [{"name": "image", "datatype": "UINT8", "shape": [1, 1000, 300, 3], "data": ['
    with pytest.raises(DarkroomError) as caught:
        read_tensors(head + b",".join(numbers) + b"]}]}", None)
    assert caught.value.code == "bad_body"
