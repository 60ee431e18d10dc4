"""The Open Inference Protocol over HTTP: by its own client, beside our own results, and under hostile bodies."""

import base64
import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
import pytest
import tritonclient.http as triton
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tritonclient.utils import InferenceServerException

from core import codecs
from core.limits import Deadline
from core.models.fit import fitted
from functions.http import Darkroom
from tests.functions.conftest import COMMANDS
from tests.functions.openapi.test_document import check
from tests.functions.support import app_with, client_of, served
from tests.waiting import PATIENCE

NETS = ("shapes", "yolox_nano", "yunet", "road-segmentation-adas-0001", "mobilenet_v2", "face-detection-retail-0005")
JSON_LENGTH = "Inference-Header-Content-Length"


@pytest.fixture(scope="module")
def people(data: Path) -> bytes:
    return (data / "images" / "photos" / "ovms_people1.jpeg").read_bytes()


@pytest.fixture(scope="module")
def app(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Darkroom:
    return app_with(auth="none", models_from=str(data / "models"), data=str(tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="module")
def client(app: Darkroom) -> httpx.Client:
    return client_of(app)


@pytest.fixture(scope="module", params=["gunicorn", "functions-framework"])
def server(request: pytest.FixtureRequest, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with the real models."""
    environment = {"DARKROOM_MODELS_FROM": str(data / "models"), "DARKROOM_DATA": str(tmp_path_factory.mktemp("data"))}
    with served(COMMANDS[request.param], environment) as url:
        yield url


@pytest.fixture(scope="module")
def tritonian(server: str) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(server.removeprefix("http://"), network_timeout=PATIENCE) as client:
        yield client


def truth(app: Darkroom, name: str, picture: bytes) -> tuple[NDArray[np.uint8], dict[str, NDArray[Any]]]:
    """The network's input for a picture, and what it gives, without any door."""
    model, limits = app.service.manifest[name], app.service.processor.limits
    pixels = next(codecs.decode(picture, codecs.probe(picture, limits), limits=limits)).pixels
    image = fitted(pixels, model.input)[0][np.newaxis]
    return image, app.service.models.tensors(model, image, Deadline(60))


def same(result: triton.InferResult, true: dict[str, NDArray[Any]]) -> None:
    got = {output["name"]: result.as_numpy(output["name"]) for output in result.get_response()["outputs"]}
    assert got.keys() == true.keys()
    for name, tensor in true.items():
        assert got[name].dtype == tensor.dtype
        assert np.array_equal(got[name], tensor), name


# --- its own client ------------------------------------------------------------------------------------------------


def test_triton_finds_its_way(tritonian: triton.InferenceServerClient) -> None:
    assert tritonian.is_server_live()
    assert tritonian.is_server_ready()
    assert tritonian.get_server_metadata()["name"] == "darkroom"
    listed = {row["name"]: row for row in tritonian.get_model_repository_index()}
    assert listed.keys() >= set(NETS)
    assert listed["yolox_x"]["state"] == "UNAVAILABLE"
    tritonian.unload_model("yolox_nano")
    assert not tritonian.is_model_ready("yolox_nano")
    tritonian.load_model("yolox_nano")
    assert tritonian.is_model_ready("yolox_nano")
    assert tritonian.is_model_ready("yolox_nano", "1")
    told = tritonian.get_model_metadata("yolox_nano")
    assert told["inputs"] == [{"name": "image", "datatype": "UINT8", "shape": [1, 416, 416, 3]}]
    assert told["outputs"] == [{"name": "output", "datatype": "FP32", "shape": [1, 3549, 85]}]


WAYS = [
    *((name, True, None) for name in NETS),
    ("shapes", True, "gzip"), ("shapes", True, "deflate"), ("shapes", False, None), ("shapes", False, "gzip"),
    ("mobilenet_v2", False, "deflate"), ("yunet", False, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "binary", "coding"), WAYS, ids=lambda way: {True: "binary", False: "json"}.get(way, way)
)
def test_triton_infers_what_we_do(
    app: Darkroom, tritonian: triton.InferenceServerClient, people: bytes, name: str, binary: bool, coding: str | None
) -> None:
    image, true = truth(app, name, people)
    pixels = triton.InferInput("image", [*image.shape], "UINT8")
    pixels.set_data_from_numpy(image, binary_data=binary)
    outputs = [triton.InferRequestedOutput(output, binary_data=binary) for output in true]
    result = tritonian.infer(
        name,
        [pixels],
        outputs=outputs,
        model_version="1",
        request_id="seven",
        request_compression_algorithm=coding,
        response_compression_algorithm=coding,
    )
    same(result, true)
    assert result.get_response()["id"] == "seven"


@pytest.mark.parametrize("name", NETS)
def test_triton_sends_an_encoded_picture(
    app: Darkroom, tritonian: triton.InferenceServerClient, people: bytes, name: str
) -> None:
    given = triton.InferInput("image", [1], "BYTES")
    given.set_data_from_numpy(np.array([people], np.object_))
    same(tritonian.infer(name, [given]), truth(app, name, people)[1])


def test_triton_hears_why(tritonian: triton.InferenceServerClient) -> None:
    given = triton.InferInput("image", [1, 2, 2, 3], "UINT8")
    given.set_data_from_numpy(np.zeros((1, 2, 2, 3), np.uint8))
    with pytest.raises(InferenceServerException, match=r"\[400\].*416") as caught:
        tritonian.infer("yolox_nano", [given])
    assert caught.value.status() == "400"
    with pytest.raises(InferenceServerException, match=r'\[404\] There is no model "yolox_nana".*"yolox_nano"'):
        tritonian.load_model("yolox_nana")
    with pytest.raises(InferenceServerException, match=r"\[503\].*make models NAMES=yolox_x"):
        tritonian.get_model_metadata("yolox_x")
    with pytest.raises(InferenceServerException, match=r"\[404\].*only version"):
        tritonian.get_model_metadata("yolox_nano", "2")


def test_the_same_boxes_as_v1(app: Darkroom, server: str, people: bytes) -> None:
    """Raw tensors, decoded here, are what /v1/process says."""
    from core.models.decoders import DECODERS
    from core.models.prediction import DetectionOptions
    from core.picture import Size

    model = app.service.manifest["yolox_nano"]
    _, true = truth(app, "yolox_nano", people)
    seen = DECODERS[model.decoder](
        list(true.values()), model, Size(*model.input.size), DetectionOptions(0.3, 0.45, 100)
    )
    told = httpx.post(
        f"{server}/v1/process?pipeline=detect:yolox_nano,score=0.3", content=people, timeout=PATIENCE
    ).json()
    assert len(told["findings"]["objects"]) == len(seen.scores) == 10
    scores = [found["score"] for found in told["findings"]["objects"]]
    assert np.allclose(scores, seen.scores, atol=1e-3)


# --- by hand -------------------------------------------------------------------------------------------------------


def test_curl_sends_a_file(client: httpx.Client, app: Darkroom, people: bytes) -> None:
    response = client.post("/v2/models/mobilenet_v2/infer", content=people, headers={JSON_LENGTH: "0"})
    told = response.json()
    assert told["model_name"] == "mobilenet_v2"
    (true,) = truth(app, "mobilenet_v2", people)[1].values()
    assert np.array_equal(told["outputs"][0]["data"], true.ravel())


def test_a_side_that_varies_is_minus_one(client: httpx.Client) -> None:
    told = client.get("/v2/models/yunet").json()
    assert told["inputs"][0]["shape"] == [1, -1, -1, 3]
    assert {tuple(output["shape"]) for output in told["outputs"]} == {(1, -1, 1), (1, -1, 4), (1, -1, 10)}


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("/v2", "InferenceServer"), ("/v2/health/live", "Live"), ("/v2/health/ready", "Ready"),
        ("/v2/models/yolox_nano", "ModelMetadata"), ("/v2/models/yunet/versions/1", "ModelMetadata"),
    ],
)  # fmt: skip
def test_answers_are_as_described(client: httpx.Client, path: str, schema: str) -> None:
    check(client.get("/openapi.json").json(), schema, client.get(path).json())


def test_inference_is_as_described(client: httpx.Client, people: bytes) -> None:
    document = client.get("/openapi.json").json()
    body = {
        "inputs": [{"name": "image", "datatype": "BYTES", "shape": [1], "data": [base64.b64encode(people).decode()]}]
    }
    check(document, "InferenceRequest", body)
    check(document, "InferenceResponse", client.post("/v2/models/mobilenet_v2/infer", json=body).json())
    check(document, "ModelIndex", client.post("/v2/repository/index").json())


def test_the_index_of_what_is_loaded(client: httpx.Client) -> None:
    client.post("/v2/repository/models/mobilenet_v2/load")
    loaded = client.post("/v2/repository/index", json={"ready": True}).json()
    assert {"name": "mobilenet_v2", "version": "1", "state": "READY", "reason": ""} in loaded
    assert {row["state"] for row in loaded} == {"READY"}
    unloaded = client.post(
        "/v2/repository/models/mobilenet_v2/unload", json={"parameters": {"unload_dependents": True}}
    )
    assert unloaded.json() == {"name": "mobilenet_v2", "version": "1", "state": "UNAVAILABLE", "reason": "cached"}


ERRORS = {
    "no-model": ("GET", "/v2/models/nix", None, 404, "no_such_model"),
    "no-version": ("GET", "/v2/models/yunet/versions/2", None, 404, "no_such_version"),
    "no-route": ("GET", "/v2/nix", None, 404, "not_found"),
    "slashes": ("GET", "/v2/models//ready", None, 404, "not_found"),
    "not-loaded": ("GET", "/v2/models/yolox_x/ready", None, 503, "not_ready"),
    "absent": ("GET", "/v2/models/yolox_x", None, 503, "model_absent"),
    "method": ("DELETE", "/v2/models/yunet", None, 405, "method_not_allowed"),
    "get-infer": ("GET", "/v2/models/yunet/infer", None, 405, "method_not_allowed"),
    "load-config": ("POST", "/v2/repository/models/yunet/load", {"parameters": {"config": "{}"}}, 400, "not_available"),
    "load-list": ("POST", "/v2/repository/models/yunet/load", [], 400, "bad_body"),
    "load-nix": ("POST", "/v2/repository/models/nix/load", None, 404, "no_such_model"),
    "unload-nix": ("POST", "/v2/repository/models/nix/unload", None, 404, "no_such_model"),
    "index-word": ("POST", "/v2/repository/index", {"ready": "yes"}, 400, "bad_tensor"),
    "infer-nothing": ("POST", "/v2/models/yunet/infer", None, 400, "bad_body"),
    "config": ("GET", "/v2/models/yunet/config", None, 404, "not_found"),
    "shared-memory": ("GET", "/v2/systemsharedmemory/status", None, 404, "not_found"),
}


@pytest.mark.parametrize(("method", "path", "body", "status", "code"), ERRORS.values(), ids=ERRORS)
def test_errors_carry_both_forms(
    client: httpx.Client, method: str, path: str, body: Any, status: int, code: str
) -> None:
    response = client.request(method, path, json=body) if body is not None else client.request(method, path)
    told = response.json()
    assert (response.status_code, told["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert told["error"] == told["detail"]


def test_errors_elsewhere_have_one_form(client: httpx.Client) -> None:
    assert "error" not in client.get("/v1/nix").json()
    assert "error" not in client.get("/v2x").json()


def test_pictures_that_are_none(client: httpx.Client, data: Path) -> None:
    told = client.post("/v2/models/yunet/infer", content=b"no picture", headers={JSON_LENGTH: "0"})
    assert (told.status_code, told.json()["code"]) == (415, "not_an_image")
    giant = (data / "images" / "photos" / "giant-image.jpg").read_bytes()
    told = client.post("/v2/models/yunet/infer", content=giant, headers={JSON_LENGTH: "0"})
    assert (told.status_code, told.json()["code"]) == (413, "too_many_pixels")


def test_bodies_that_swell(data: Path) -> None:
    client = client_of(app_with(max_body_bytes="100000", models_from=str(data / "models")))
    for coding, bomb in (("gzip", gzip.compress(bytes(50_000_000))), ("deflate", zlib.compress(bytes(50_000_000)))):
        response = client.post("/v2/models/yunet/infer", content=bomb, headers={"Content-Encoding": coding})
        assert (response.status_code, response.json()["code"]) == (413, "too_many_bytes")


# --- hostile bodies ------------------------------------------------------------------------------------------------

WORDS = ["inputs", "name", "shape", "datatype", "data", "parameters", "outputs", "binary_data_size", "id"]
SHAPES = [[1], [1, 224, 224, 3], [1, 1, 1, 3], [0, 0, 0, 3], [1, 0, 0, 3], [-1]]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(SHAPES)
JSONS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)
SIZES = st.dictionaries(st.just("binary_data_size"), st.integers(-1, 200_000))
INPUTS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["image", "images", ""]),
        "datatype": st.sampled_from(["UINT8", "BYTES", "FP32", "INT8"]),
        "shape": st.sampled_from(SHAPES) | JSONS,
    },
    optional={"data": JSONS, "parameters": SIZES | JSONS},
)
REQUESTS = st.fixed_dictionaries(
    {"inputs": st.lists(INPUTS, max_size=2) | JSONS},
    optional={"outputs": JSONS, "id": JSONS, "parameters": JSONS},
)
LATIN = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=5)
LENGTHS = st.none() | st.just("true") | st.integers(-2, 10**12).map(str) | LATIN
CODINGS = st.sampled_from(["", "gzip", "deflate", "br"])


@pytest.mark.fuzz
@given(REQUESTS | JSONS, st.binary(max_size=40), LENGTHS, CODINGS)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_body_gives_a_500(client: httpx.Client, asked: Any, tail: bytes, length: str | None, coding: str) -> None:
    head = json.dumps(asked).encode()
    headers = {"Content-Encoding": coding.encode()} if coding else {}
    if length is not None:
        headers[JSON_LENGTH] = (str(len(head)) if length == "true" else length).encode("latin-1")
    content = {"gzip": gzip.compress, "deflate": zlib.compress}.get(coding, bytes)(head + tail)
    for path in ("/v2/models/mobilenet_v2/infer", "/v2/repository/index", "/v2/repository/models/yunet/load"):
        response = client.post(path, content=content, headers=headers)
        assert response.status_code < 500, response.text
        if response.status_code >= 400:
            assert response.json()["error"]


@pytest.mark.fuzz
@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate", ""]), st.sampled_from(["0", "4", "300", ""]))
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_bytes_give_a_500(client: httpx.Client, content: bytes, coding: str, length: str) -> None:
    headers = {"Content-Encoding": coding, JSON_LENGTH: length}
    response = client.post("/v2/models/yunet/infer", content=content, headers={k: v for k, v in headers.items() if v})
    assert 400 <= response.status_code < 500


ENDINGS = st.sampled_from(["", "/ready", "/infer", "/load", "/unload"])


@pytest.mark.fuzz
@given(st.text(max_size=30), st.text(max_size=5), ENDINGS)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_name_gives_a_500(client: httpx.Client, name: str, version: str, ending: str) -> None:
    name, version = (quote(text.encode("utf-8", "surrogatepass"), safe="") for text in (name, version))
    for path in (f"/v2/models/{name}/versions/{version}{ending}", f"/v1/models/{name}{ending}"):
        for method in ("GET", "POST"):
            assert client.request(method, path).status_code < 500
