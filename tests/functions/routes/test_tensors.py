"""The Open Inference Protocol for networks that take no picture: any inputs, any outputs, by their own names."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from core.models import graph
from functions.http import Darkroom
from tests.core.models.making import sums
from tests.functions.conftest import COMMANDS
from tests.functions.openapi.test_document import check
from tests.functions.support import app_with, client_of, picture, served
from tests.waiting import PATIENCE

JSON_LENGTH = "Inference-Header-Content-Length"
TABLE = """[{name}]
title = "Made"
task = "detect"
decoder = "raw"
licence = "Apache-2.0"
source = "made"
revision = "1"
memory = 1_000_000
cost = 0.01
{more}
"""
FILE = """[[{name}.files]]
file = "{file}"
bytes = {bytes}
sha256 = "{sha256}"
"""
DTYPES = ("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "float32",
          "float64")  # fmt: skip


VALUES = {"b": [True, False], "f": [0.5, -2.0], "i": [-7, 100], "u": [7, 100]}


def saved(folder: Path, name: str, inputs: list[Any], outputs: dict[str, Any], more: str = "") -> str:
    """A network with these inputs and outputs on disk; its table."""
    from openvino import opset13 as ops

    results = []
    for called, output in outputs.items():
        result = ops.result(output)
        result.output(0).set_names({called})
        results.append(result)
    path = folder / f"{name}.xml"
    graph.openvino().save_model(graph.openvino().Model(results, inputs, name), path, compress_to_fp16=False)
    rows = [FILE.format(name=name, file=one.name, bytes=(told := sums(one)).bytes, sha256=told.sha256)
            for one in (path, path.with_suffix(".bin"))]  # fmt: skip
    return TABLE.format(name=name, more=more) + "".join(rows)


def parameter(name: str, shape: list[int], dtype: Any) -> Any:
    from openvino import opset13 as ops

    made = ops.parameter(shape, dtype, name=name)
    made.output(0).set_names({name})
    return made


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`simple` is Triton's example of that name, `mymodel` the protocol's; the others are of our own."""
    graph.openvino()
    from openvino import opset13 as ops

    folder = tmp_path_factory.mktemp("tensors")
    one, other = (parameter(f"INPUT{n}", [-1, 16], np.int32) for n in (0, 1))
    same = ops.maximum(other, ops.constant(np.arange(-99, -83, dtype=np.int32)))  # without weights its .bin is empty
    both = {"OUTPUT0": ops.add(one, same), "OUTPUT1": ops.subtract(one, same)}
    texts = [saved(folder, "simple", [one, other], both)]
    numbers, truths = parameter("input0", [2, 2], np.uint32), parameter("input1", [3], np.bool_)
    row = ops.reduce_sum(ops.convert(numbers, "f32"), ops.constant(np.array([0])), True)
    column = ops.unsqueeze(ops.convert(truths, "f32"), ops.constant(np.array([1])))
    texts.append(saved(folder, "mymodel", [numbers, truths], {"output0": ops.add(column, row)}))
    every = [parameter(f"in_{dtype}", [1, 2], np.dtype(dtype)) for dtype in DTYPES]
    twice = {}
    for dtype, port in zip(DTYPES, every, strict=True):
        again = ops.constant(np.array([VALUES[np.dtype(dtype).kind]], dtype))
        twice[f"out_{dtype}"] = ops.concat([port, again], 1)
    texts.append(saved(folder, "every", every, twice))
    x, y = parameter("x", [2], np.float32), parameter("y", [2], np.float32)
    ones = ops.constant(np.ones(2, np.float32))
    quotient = {"quotient": ops.divide(x, y), "product": ops.multiply(x, ops.multiply(y, ones))}
    texts.append(saved(folder, "ratio", [x, y], quotient))
    a, b = parameter("a", [2], np.float32), parameter("b", [2], np.float32)
    more = 'constants = { b = [1, 2] }\noutputs = ["sum"]'
    texts.append(
        saved(folder, "bound", [a, b], {"sum": ops.add(a, ops.multiply(b, ones)), "rest": ops.subtract(a, b)}, more)
    )
    for name, more in (("free", ""), ("usual", "cost_at = { x = [1, 1000] }")):
        x = parameter("x", [-1, -1], np.float32)
        again = ops.add(x, ops.constant(np.ones(1, np.float32)))
        texts.append(saved(folder, name, [x], {"sum": ops.reduce_sum(again, ops.constant(np.array([0, 1])))}, more))
    (folder / "models.toml").write_text("\n".join(texts))
    return folder / "models.toml"


@pytest.fixture(scope="module")
def app(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Darkroom:
    return app_with(auth="none", models=str(table), data=str(tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="module")
def client(app: Darkroom) -> httpx.Client:
    return client_of(app)


@pytest.fixture(scope="module")
def tritonian(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[triton.InferenceServerClient]:
    environment = {"DARKROOM_MODELS": str(table), "DARKROOM_DATA": str(tmp_path_factory.mktemp("data"))}
    with (
        served(COMMANDS["gunicorn"], environment) as url,
        triton.InferenceServerClient(url.removeprefix("http://"), network_timeout=PATIENCE) as told,
    ):
        yield told


def given(name: str, datatype: str, shape: list[int], data: Any = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": shape, **({} if data is None else {"data": data}), **more}


def test_a_request_fetches_a_network_of_tensors_where_it_may(table: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "models.toml"
    elsewhere.write_text(table.read_text().replace('file = "', f'url = "{table.parent.as_uri()}/'))
    body = {
        "inputs": [given("x", "FP32", [2], [6, 8]), given("y", "FP32", [2], [2, 4])],
        "outputs": [{"name": "product"}],
    }
    for may, status in (("false", 503), ("true", 200)):
        data = str(tmp_path / may)
        told = client_of(app_with(auth="none", models=str(elsewhere), data=data, model_fetch=may)).post(
            "/v2/models/ratio/infer", json=body
        )
        assert told.status_code == status, told.text


# --- published examples --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
def test_tritons_simple_example(tritonian: triton.InferenceServerClient, binary: bool) -> None:
    """https://github.com/triton-inference-server/client/blob/main/src/python/examples/simple_http_infer_client.py."""
    metadata = tritonian.get_model_metadata("simple")
    ports = [{"name": f"{{}}{n}", "datatype": "INT32", "shape": [-1, 16]} for n in (0, 1)]
    for side in ("input", "output"):
        assert metadata[f"{side}s"] == [{**port, "name": str(port["name"]).format(side.upper())} for port in ports]
    one, other = np.arange(16, dtype=np.int32)[np.newaxis], np.ones((1, 16), np.int32)
    inputs = [triton.InferInput(f"INPUT{n}", [1, 16], "INT32") for n in (0, 1)]
    for tensor, values in zip(inputs, (one, other), strict=True):
        tensor.set_data_from_numpy(values, binary_data=binary)
    outputs = [triton.InferRequestedOutput(f"OUTPUT{n}", binary_data=binary) for n in (0, 1)]
    result = tritonian.infer("simple", inputs, outputs=outputs, request_id="1")
    assert np.array_equal(result.as_numpy("OUTPUT0"), one + other)
    assert np.array_equal(result.as_numpy("OUTPUT1"), one - other)
    alone = tritonian.infer("simple", inputs, outputs=outputs[1:]).get_response()
    assert [output["name"] for output in alone["outputs"]] == ["OUTPUT1"]
    with pytest.raises(InferenceServerException, match=r"\[400\].*OUTPUT7"):
        tritonian.infer("simple", inputs, outputs=[triton.InferRequestedOutput("OUTPUT7")])


@pytest.mark.parametrize("compression", [None, "gzip", "deflate"])
def test_tritons_client_sends_and_reads_every_datatype(
    tritonian: triton.InferenceServerClient, compression: str | None
) -> None:
    """In binary, FP16 too, of twelve inputs and outputs at once; a priority and a time limit are no error."""
    inputs = []
    for dtype in DTYPES:
        values = np.array([VALUES[np.dtype(dtype).kind]], dtype)
        inputs.append(triton.InferInput(f"in_{dtype}", [1, 2], np_to_triton_dtype(values.dtype)))
        inputs[-1].set_data_from_numpy(values)
    result = tritonian.async_infer(
        "every", inputs, priority=1, timeout=1_000_000, request_compression_algorithm=compression,
        response_compression_algorithm=compression,
    ).get_result()  # fmt: skip
    for dtype in DTYPES:
        told = result.as_numpy(f"out_{dtype}")
        assert (told.dtype, told.tolist()) == (np.dtype(dtype), [VALUES[np.dtype(dtype).kind] * 2])


WANTED = [5.0, 7.0, 4.0, 6.0, 5.0, 7.0]


def test_the_protocols_example_in_json(client: httpx.Client) -> None:
    """Inference Request JSON Object of inference_rest.md; of its `input1` it writes one element of three."""
    body = {
        "id": "42",
        "inputs": [
            given("input0", "UINT32", [2, 2], [1, 2, 3, 4]),
            given("input1", "BOOL", [3], [True, False, True]),
        ],
        "outputs": [{"name": "output0"}],
    }
    told = client.post("/v2/models/mymodel/infer", json=body)
    assert told.json() == {
        "model_name": "mymodel", "model_version": "1", "id": "42",
        "outputs": [{"name": "output0", "datatype": "FP32", "shape": [3, 2], "data": WANTED}],
    }  # fmt: skip
    document = client.get("/openapi.json").json()
    check(document, "InferenceRequest", body)
    check(document, "InferenceResponse", told.json())
    check(document, "ModelMetadata", client.get("/v2/models/mymodel").json())


def test_the_binary_extensions_example(client: httpx.Client) -> None:
    """Of extension_binary_data.md: 16 bytes for `input0`, 3 for `input1`; 24 bytes come back."""
    head = json.dumps({
        "inputs": [
            given("input0", "UINT32", [2, 2], parameters={"binary_data_size": 16}),
            given("input1", "BOOL", [3], parameters={"binary_data_size": 3}),
        ],
        "outputs": [{"name": "output0", "parameters": {"binary_data": True}}],
    }).encode()  # fmt: skip
    content = head + np.array([1, 2, 3, 4], "<u4").tobytes() + b"\x01\x00\x01"
    told = client.post("/v2/models/mymodel/infer", content=content, headers={JSON_LENGTH: str(len(head))})
    length = int(told.headers[JSON_LENGTH])
    assert json.loads(told.content[:length])["outputs"][0]["parameters"] == {"binary_data_size": 24}
    assert np.frombuffer(told.content[length:], "<f4").tolist() == WANTED


# --- datatypes and shapes ------------------------------------------------------------------------------------------


def test_every_datatype_in_json_and_binary(client: httpx.Client) -> None:
    metadata = client.get("/v2/models/every").json()
    tail, inputs = b"", []
    for place, port in enumerate(metadata["inputs"]):
        values = np.array([VALUES[np.dtype(DTYPES[place]).kind]], DTYPES[place])
        if place % 2:
            inputs.append(given(port["name"], port["datatype"], [1, 2], values.tolist()))
        else:
            size = {"binary_data_size": values.nbytes}
            inputs.append(given(port["name"], port["datatype"], [1, 2], parameters=size))
            tail += values.astype(values.dtype.newbyteorder("<")).tobytes()
    head = json.dumps({"inputs": inputs}).encode()
    told = client.post("/v2/models/every/infer", content=head + tail, headers={JSON_LENGTH: str(len(head))}).json()
    assert [port["datatype"] for port in metadata["inputs"]] == [output["datatype"] for output in told["outputs"]]
    for dtype, output in zip(DTYPES, told["outputs"], strict=True):
        assert (output["name"], output["shape"]) == (f"out_{dtype}", [1, 4])
        assert output["data"] == VALUES[np.dtype(dtype).kind] * 2


def test_a_table_binds_inputs_and_chooses_outputs(client: httpx.Client) -> None:
    told = client.get("/v2/models/bound").json()
    assert [port["name"] for port in (*told["inputs"], *told["outputs"])] == ["a", "sum"]
    body = np.array([1, 1], "<f4").tobytes()
    outputs = client.post("/v2/models/bound/infer", content=body, headers={JSON_LENGTH: "0"}).json()["outputs"]
    assert [(output["name"], output["data"]) for output in outputs] == [("sum", [2.0, 3.0])]


def simple(first: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    """A request of `simple` whose first input is another."""
    usual = given("INPUT0", "INT32", [1, 16], list(range(16)))
    return {"inputs": [{**usual, **(first or {}), **changed}, given("INPUT1", "INT32", [1, 16], [1] * 16)]}


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "one-missing": ({"inputs": simple()["inputs"][:1]}, "bad_tensor", "INPUT0, INPUT1, each once"),
    "one-twice": ({"inputs": simple()["inputs"][:1] * 2}, "bad_tensor", "each once"),
    "unknown": (simple(name="INPUT7"), "bad_tensor", "INPUT7"),
    "datatype": (simple(datatype="FP32"), "bad_tensor", '"INPUT0.datatype" should be INT32'),
    "no-datatype": (simple(datatype="INT33"), "bad_tensor", "INT33"),
    "bytes": (simple(datatype="BYTES", data=["a"]), "bad_tensor", "INT32"),
    "shape": (simple(shape=[1, 15]), "bad_tensor", "[-1, 16], where -1 is any"),
    "rank": (simple(shape=[16]), "bad_tensor", "[-1, 16]"),
    "no-rows": (simple(shape=[0, 16], data=[]), "bad_tensor", "[-1, 16]"),
    "minus": (simple(shape=[-1, 16]), "bad_body", "shape"),
    "short": (simple(data=[1]), "bad_tensor", "16 elements"),
    "nested-otherwise": (simple(data=[[1] * 8] * 2), "bad_tensor", "nested"),
    "fraction": (simple(data=[0.5] * 16), "bad_body", "INPUT0.data"),
    "beyond": (simple(data=[2**31] * 16), "bad_body", "INPUT0.data"),
    "text": (simple(data=["1"] * 16), "bad_body", "INPUT0.data"),
    "nothing": (simple(data=None), "bad_body", "INPUT0.data"),
    "size-lies": (simple(parameters={"binary_data_size": 64}), "bad_tensor", "binary_data_size"),
    "shared-memory": (simple(parameters={"shared_memory_region": "a"}), "not_available", "shared_memory_region"),
}


@pytest.mark.parametrize(("body", "code", "says"), WRONG.values(), ids=WRONG)
def test_what_does_not_fit_is_told(client: httpx.Client, body: dict[str, Any], code: str, says: str) -> None:
    told = client.post("/v2/models/simple/infer", json=body)
    assert (told.status_code, told.json()["code"]) == (400, code)
    assert says in told.json()["detail"]


def test_what_a_network_refuses_itself_is_no_500(client: httpx.Client) -> None:
    """Each shape is as the metadata say; of both together only the network knows."""
    assert client.post("/v2/models/simple/infer", json=simple(shape=[3, 16], data=[1] * 48)).status_code == 200
    inputs = [given("INPUT0", "INT32", [3, 16], [1] * 48), given("INPUT1", "INT32", [2, 16], [1] * 32)]
    told = client.post("/v2/models/simple/infer", json={"inputs": inputs})
    assert (told.status_code, told.json()["code"]) == (400, "bad_parameter")


@pytest.mark.parametrize(("name", "rows", "columns", "status"), [
    ("free", 10, 100, 200), ("free", 1, 200_000, 413), ("free", 200_000, 1, 413), ("usual", 2, 100_000, 200),
])  # fmt: skip
def test_tensors_count_by_all_of_their_sides(
    client: httpx.Client, name: str, rows: int, columns: int, status: int
) -> None:
    """Of `free` a run of one element takes 0.1 ms of a core, of `usual` one of a thousand."""
    size = 4 * rows * columns
    head = json.dumps({"inputs": [given("x", "FP32", [rows, columns], parameters={"binary_data_size": size})]}).encode()
    told = client.post(
        f"/v2/models/{name}/infer",
        content=head + bytes(size),
        headers={JSON_LENGTH: str(len(head)), "Content-Type": "application/octet-stream"},
    )
    assert (told.status_code, told.json().get("code")) == (status, "too_much_work" if status == 413 else None)


def test_nan_is_null_in_json_and_itself_in_binary(client: httpx.Client) -> None:
    body = {"inputs": [given("x", "FP32", [2], [0, 1]), given("y", "FP32", [2], [0, 0])]}
    told = client.post("/v2/models/ratio/infer", json={**body, "outputs": [{"name": "quotient"}]}).json()
    assert told["outputs"][0]["data"] == [None, None]
    told = client.post("/v2/models/ratio/infer", json={**body, "parameters": {"binary_data_output": True}})
    tail = told.content[int(told.headers[JSON_LENGTH]) :]
    assert np.array_equal(np.frombuffer(tail, "<f4"), [np.nan, np.inf, 0, 0], equal_nan=True)


def test_a_number_beyond_its_datatype(client: httpx.Client) -> None:
    body = {"inputs": [given("x", "FP32", [2], [1e300, 1]), given("y", "FP32", [2], [0, 0])]}
    told = client.post("/v2/models/ratio/infer", json=body).json()
    assert (told["code"], told["parameter"]) == ("bad_tensor", "x.data")


def test_no_pipeline_takes_a_network_of_tensors(client: httpx.Client) -> None:
    told = client.post("/v1/process?pipeline=detect:model=simple", content=picture())
    assert (told.status_code, told.json()["code"]) == (503, "model_mismatch")
    assert client.get("/v1/models/simple").json()["input"] is None
    assert "tensors" in client.get("/models").text
