"""/v1/models: what there is, loading with a download, unloading; models that are warm before the server is ready."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.errors import ModelAbsentError, ModelBusyError
from functions.http import Darkroom
from service.errors import NotReadyError
from service.models.warmup import Warmup
from tests.functions.conftest import COMMANDS
from tests.functions.openapi.test_document import check
from tests.functions.support import app_with, client_of, picture, served
from tests.service.models.upstream import Upstream, upstream
from tests.waiting import PATIENCE, until

TABLE = """
[mine]
title = "My own"
task = "detect"
decoder = "yolox"
licence = "Apache-2.0"
source = "https://models.example"
revision = "1"
memory = 60_000_000
cost = 4
labels = "coco80"
input = {{ name = "images", size = [416, 416], resize = "letterbox" }}
files = [{{ url = "{url}", bytes = {bytes}, sha256 = "{sha256}" }}]
"""


@pytest.fixture
def server(data: Path) -> Iterator[Upstream]:
    """Upstream, with a true network at /held/mine.onnx."""
    with upstream() as running:
        running.files["/held/mine.onnx"] = (data / "models" / "yolox" / "yolox_nano.onnx").read_bytes()
        running.go.set()
        yield running


@pytest.fixture
def manifest(server: Upstream, tmp_path: Path) -> Path:
    """A manifest of one's own with one model in it."""
    body = server.files["/held/mine.onnx"]
    table = TABLE.format(url=f"{server.url}/held/mine.onnx", bytes=len(body), sha256=hashlib.sha256(body).hexdigest())
    (tmp_path / "mine.toml").write_text(table)
    return tmp_path / "mine.toml"


def app_of(manifest: Path, **settings: str) -> Darkroom:
    return app_with(models=str(manifest), data=str(manifest.parent / "data"), **settings)


# --- what there is -------------------------------------------------------------------------------------------------


def test_every_model_is_listed(app: Darkroom, client: httpx.Client) -> None:
    response = client.get("/v1/models")
    assert response.headers["cache-control"] == "no-store"
    listed = response.json()
    check(client.get("/openapi.json").json(), "Models", listed)
    assert [entry["name"] for entry in listed["models"]] == list(app.service.manifest.names())
    for entry in listed["models"]:
        model = app.service.manifest[entry["name"]]
        assert entry["bytes"] == sum(file.bytes for file in model.files)
        assert (entry["licence"], entry["task"]) == (model.licence, model.task)
        assert client.get(f"/v1/models/{entry['name']}").json() == entry


def test_where_a_model_comes_from(client: httpx.Client, tmp_path: Path) -> None:
    tables = [TABLE.format(url="https://models.example/a.onnx", bytes=9, sha256="0" * 64)]
    tables.append(tables[0].replace("[mine]", "[yunet]").replace('"detect"', '"faces"'))
    (tmp_path / "own.toml").write_text("\n".join(tables))
    own = client_of(app_of(tmp_path / "own.toml"))
    listed = own.get("/v1/models").json()
    check(own.get("/openapi.json").json(), "Models", listed)
    found = {entry["name"]: (entry["origin"], entry["replaces_shipped"]) for entry in listed["models"]}
    assert (found["mine"], found["yunet"], found["yolox_nano"]) == (
        ("operator", False), ("operator", True), ("shipped", False),
    )  # fmt: skip
    shipped = client.get("/v1/models").json()["models"]
    assert {(entry["origin"], entry["replaces_shipped"]) for entry in shipped} == {("shipped", False)}


def test_a_model_before_and_after_it_looks(data: Path, tmp_path: Path) -> None:
    client = client_of(app_with(models_from=str(data / "models"), data=str(tmp_path)))
    before = client.get("/v1/models/yunet").json()
    assert (before["state"], before["runs"], before["latency_ms"]) == ("cached", 0, None)
    assert client.post("/v1/process?pipeline=faces:yunet", content=picture()).status_code == 200
    after = client.get("/v1/models/yunet").json()
    assert (after["state"], after["runs"]) == ("ready", 1)
    assert after["latency_ms"] > 0


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("POST", "/load"), ("POST", "/unload")],
    ids=["get", "load", "unload"],
)
def test_no_such_model(client: httpx.Client, method: str, path: str) -> None:
    response = client.request(method, f"/v1/models/yolox_nan{path}")
    told = response.json()
    assert (response.status_code, told["code"], told["expected"]) == (404, "no_such_model", "yolox_nano")


def test_scopes(app: Darkroom) -> None:
    """Whoever may process may ask a model; only an administrator loads and unloads."""
    admin = {"load", "unload", "repository_load", "repository_unload"}
    read = {"models", "model", "server", "live", "server_ready", "index", "metadata", "model_ready"}
    assert {name for name, route in app.by_endpoint.items() if route.scope == "admin"} == admin
    assert read <= {name for name, route in app.by_endpoint.items() if route.scope == "read"}
    assert app.by_endpoint["infer"].scope == "process"


@pytest.mark.parametrize(
    "path", ["/v1/models/yunet/load", "/v2/repository/models/yunet/unload", "/v2/models/yunet/infer"]
)
def test_other_sites_may_not(client: httpx.Client, path: str) -> None:
    assert client.post(path, headers={"Origin": "https://evil.example"}).json()["code"] == "cross_site"


# --- loading and unloading -----------------------------------------------------------------------------------------


def test_loading_fetches_and_unloading_keeps(server: Upstream, manifest: Path) -> None:
    client = client_of(app_of(manifest))
    assert client.get("/v1/models/mine").json()["state"] == "absent"
    refused = client.post("/v1/process?pipeline=detect:mine", content=picture()).json()
    assert (refused["status"], refused["code"]) == (503, "model_absent")
    assert "make models NAMES=mine" in refused["detail"]
    assert server.asked == []
    loaded = client.post("/v1/models/mine/load")
    assert (loaded.status_code, loaded.json()["state"]) == (200, "ready")
    assert client.post("/v1/process?pipeline=detect:mine", content=picture()).status_code == 200
    assert client.post("/v1/models/mine/unload").json()["state"] == "cached"
    assert client.post("/v1/models/mine/load").json()["state"] == "ready"
    assert server.asked == ["/held/mine.onnx"]
    assert client_of(app_of(manifest)).get("/v1/models/mine").json()["state"] == "cached"


def test_a_request_fetches_where_it_may(server: Upstream, manifest: Path) -> None:
    client = client_of(app_of(manifest, model_fetch="true"))
    for _ in range(2):
        assert client.post("/v1/process?pipeline=detect:mine", content=picture()).status_code == 200
    told = client.post("/v2/models/mine/infer", content=picture(), headers={"Inference-Header-Content-Length": "0"})
    assert told.status_code == 200
    assert server.asked == ["/held/mine.onnx"]


@pytest.mark.parametrize(
    ("path", "code"),
    [("/endless/a.onnx", "model_checksum"), ("/cut/a.onnx", "model_absent"), ("/absent/a.onnx", "model_absent")],
)
def test_a_download_that_fails(server: Upstream, manifest: Path, path: str, code: str) -> None:
    manifest.write_text(manifest.read_text().replace("/held/mine.onnx", path))
    client = client_of(app_of(manifest))
    response = client.post("/v1/models/mine/load")
    assert (response.status_code, response.json()["code"]) == (503, code)
    assert client.get("/health").status_code == 200
    assert client.get("/v1/models/mine").json()["state"] in {"absent", "failed"}
    assert list(manifest.parent.rglob("*.onnx*")) == []


def test_a_deadline_while_it_is_fetched(server: Upstream, manifest: Path) -> None:
    """Who asks is told in time; the download goes on and serves the next one."""
    server.go.clear()
    client = client_of(app_of(manifest, max_seconds="1"))
    late = client.post("/v1/models/mine/load")
    assert (late.status_code, late.json()["code"]) == (504, "deadline_exceeded")
    assert client.get("/v1/models/mine").json()["state"] == "loading"
    server.go.set()
    until(lambda: client.get("/v1/models/mine").json()["state"] == "ready")
    assert server.asked == ["/held/mine.onnx"]


def test_a_busy_model_says_when_to_come_again(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_with(models_from=str(data / "models"), data=str(tmp_path))

    def busy(*_: Any, **__: Any) -> None:
        raise ModelBusyError("«yunet» is busy; try again in a moment.")

    monkeypatch.setattr(app.service.models, "see", busy)
    monkeypatch.setattr(app.service.models, "tensors", busy)
    client = client_of(app)
    for path in ("/v1/process?pipeline=faces:yunet", "/v2/models/yunet/infer"):
        response = client.post(path, content=picture(), headers={"Inference-Header-Content-Length": "0"})
        assert (response.status_code, response.json()["code"]) == (429, "model_busy")
        assert int(response.headers["retry-after"]) >= 1


def test_a_folder_that_cannot_be_written(server: Upstream, manifest: Path) -> None:
    (manifest.parent / "data").write_text("a file, no folder")
    client = client_of(app_of(manifest))
    told = client.post("/v1/models/mine/load").json()
    assert told["code"] == "model_absent"
    assert "DARKROOM_DATA is not writable" in told["detail"]
    (manifest.parent / "from").mkdir()
    (manifest.parent / "from" / "net").write_bytes(server.files["/held/mine.onnx"])
    beside = client_of(app_of(manifest, models_from=str(manifest.parent / "from")))
    assert beside.post("/v1/models/mine/load").json()["state"] == "ready"


# --- warm before ready ---------------------------------------------------------------------------------------------


def test_ready_waits_for_warm_models(server: Upstream, manifest: Path) -> None:
    server.go.clear()
    client = client_of(app_of(manifest, warm="detect", detect_model="mine"))
    for path in ("/ready", "/v2/health/ready"):
        response = client.get(path)
        assert (response.status_code, response.json()["code"]) == (503, "not_ready")
        assert '"mine"' in response.json()["detail"]
    assert client.get("/health").status_code == 200
    server.go.set()
    until(lambda: client.get("/ready").status_code == 200)
    assert client.get("/v2/health/ready").json() == {"ready": True}
    assert client.get("/v1/models/mine").json()["state"] == "ready"
    assert server.asked == ["/held/mine.onnx"]


def test_ready_says_why_not_and_tries_again(server: Upstream, manifest: Path) -> None:
    good = manifest.read_text()
    manifest.write_text(good.replace("/held/mine.onnx", "/late/mine.onnx"))
    client = client_of(app_of(manifest, warm="mine"))
    until(lambda: "answered 404" in client.get("/ready").json()["detail"])
    body = server.files["/held/mine.onnx"]
    (manifest.parent / "data" / "models" / hashlib.sha256(body).hexdigest() / "mine.onnx").write_bytes(body)
    until(lambda: client.get("/ready").status_code == 200)


def test_nothing_to_warm_is_ready_at_once(client: httpx.Client) -> None:
    assert client.get("/ready").json() == {"status": "ready"}


def test_an_unforeseen_failure_is_told(caplog: pytest.LogCaptureFixture) -> None:
    def boom(name: str) -> None:
        raise RuntimeError("secret /path")

    warmth = Warmup(["mine"], boom)

    def told() -> bool:
        with pytest.raises(NotReadyError) as caught:
            warmth.check()
        assert "secret" not in str(caught.value)
        return "see the server's log" in str(caught.value)

    until(told)


def test_warmth_begins_once() -> None:
    asked: list[str] = []

    def load(name: str) -> None:
        asked.append(name)
        raise ModelAbsentError("It is not here.")

    warmth = Warmup(["mine"], load)
    for _ in range(20):
        warmth.start()
    until(lambda: asked == ["mine"])
    for _ in range(20):
        warmth.start()
    assert asked == ["mine"]


@pytest.mark.parametrize("command", ["python-main", "functions-framework"])
def test_a_server_warms_itself(server: Upstream, manifest: Path, command: str) -> None:
    environment = {
        "DARKROOM_MODELS": str(manifest),
        "DARKROOM_DATA": str(manifest.parent / "data"),
        "DARKROOM_WARM": "mine",
        "DARKROOM_WORKERS": "1",
    }
    with served(COMMANDS[command], environment) as url:
        until(lambda: httpx.get(f"{url}/ready", timeout=PATIENCE).status_code == 200)
        assert httpx.get(f"{url}/v1/models/mine", timeout=PATIENCE).json()["state"] == "ready"
    assert server.asked == ["/held/mine.onnx"]


def test_processes_of_a_server_fetch_once(server: Upstream, manifest: Path) -> None:
    environment = {
        "DARKROOM_MODELS": str(manifest),
        "DARKROOM_DATA": str(manifest.parent / "data"),
        "DARKROOM_WARM": "mine",
        "DARKROOM_WORKERS": "3",
    }
    with served(COMMANDS["python-main"], environment) as url:
        until(lambda: all(httpx.get(f"{url}/ready", timeout=PATIENCE).status_code == 200 for _ in range(20)))
    assert server.asked == ["/held/mine.onnx"]
