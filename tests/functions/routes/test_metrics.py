"""`/metrics`: what a request leaves there, and that no caller can make it grow."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import ROOT
from tests.functions.conftest import COMMANDS
from tests.functions.support import app_with, client_of, picture, served
from tests.waiting import PATIENCE, until
from tools.ports import free_port

JPEG = {"Content-Type": "image/jpeg"}
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(text: str) -> Samples:
    return {
        (one.name, frozenset(one.labels.items())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def scraped(client: httpx.Client) -> Samples:
    response = client.get("/metrics")
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return samples(response.text)


def gained(before: Samples, after: Samples) -> Samples:
    return {name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name, 0)}


def key(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


@pytest.fixture(scope="module", params=["test-client", *COMMANDS])
def counted(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    if request.param == "test-client":
        yield client_of(app_with())
    else:
        with (
            served(COMMANDS[request.param], {"DARKROOM_WORKERS": "2"}) as url,
            httpx.Client(base_url=url, timeout=PATIENCE) as client,
        ):
            yield client


def test_a_request(counted: httpx.Client) -> None:
    before = scraped(counted)
    body = picture("jpg")
    for _ in range(8):  # of both processes
        answer = counted.post("/v1/process?pipeline=blur:5&format=webp", content=body)
    found = gained(before, scraped(counted))
    labels = {"route": "/v1/process", "method": "POST", "status": "200", "format": "webp"}
    assert found[key("darkroom_requests_total", **labels)] == 8
    assert found[key("darkroom_request_seconds_count", route="/v1/process")] == 8
    assert found[key("darkroom_request_bytes_sum", route="/v1/process")] == 8 * len(body)
    assert found[key("darkroom_response_bytes_sum", route="/v1/process")] == 8 * len(answer.content)
    for stage in ("read", "queue", "decode", "blur", "encode"):
        assert found[key("darkroom_stage_seconds_count", stage=stage)] == 8
    assert found[key("darkroom_queue_seconds_count")] == 8


def test_an_error(counted: httpx.Client) -> None:
    before = scraped(counted)
    counted.post("/v1/process", content=b"x")
    found = gained(before, scraped(counted))
    assert found[key("darkroom_problems_total", code="not_an_image")] == 1
    labels = {"route": "/v1/process", "method": "POST", "status": "415", "format": "problem"}
    assert found[key("darkroom_requests_total", **labels)] == 1


def test_health_is_counted(counted: httpx.Client) -> None:
    before = scraped(counted)
    counted.get("/health")
    labels = {"route": "/health", "method": "GET", "status": "200", "format": "json"}
    assert gained(before, scraped(counted))[key("darkroom_requests_total", **labels)] == 1


def test_the_state_is_there(counted: httpx.Client) -> None:
    found = scraped(counted)
    assert found[key("darkroom_cores")] >= 1
    assert found[key("darkroom_queue_places")] >= found[key("darkroom_cores")]
    assert {state: found[key("darkroom_queue_requests", state=state)] for state in ("reading", "waiting")} == {
        "reading": 0, "waiting": 0,
    }  # fmt: skip
    assert 0 < found[key("darkroom_memory_used_bytes")] < found[key("darkroom_memory_limit_bytes")]


def test_strangers_cannot_make_it_grow(counted: httpx.Client) -> None:
    def hostile(number: int) -> None:
        counted.get(f"/{number}/no/such/path")
        counted.request(f"M{number}", "/v1/process")
        counted.post(f"/v1/process?pipeline=step{number}&format=f{number}", content=b"x", headers={"Accept": "a/b"})
        counted.get(f"/v1/render/blur/-/file/in/{number}.png", headers={"X-Request-Id": f"id{number}"})
        counted.get(f"/v2/models/m{number}")

    for _ in range(8):  # both processes, that of the scrape itself too
        hostile(0)
        before = scraped(counted)
    for number in range(1, 10):
        hostile(number)
    assert set(scraped(counted)) == set(before)


def test_a_key_with_the_scope_is_needed_from_afar() -> None:
    client = client_of(app_with(auth="none"))
    assert client.get("/metrics", headers={"Host": "example.com"}).status_code == 403
    assert client.get("/metrics").status_code == 200


def test_off() -> None:
    client = client_of(app_with(metrics="false"))
    response = client.get("/metrics")
    assert (response.status_code, response.json()["code"]) == (404, "metrics_off")
    assert "DARKROOM_METRICS=true" in response.json()["detail"]
    assert client.post("/v1/process", content=picture()).status_code == 200


def test_a_read_only_root_without_a_tmpfs(tmp_path: Path) -> None:
    """The server starts, computes, and says what is off."""
    root = ["bwrap", "--ro-bind", "/", "/", "--dev-bind", "/dev", "/dev", "--ro-bind", "/dev/shm", "/dev/shm",
            "--proc", "/proc", "--die-with-parent"]  # fmt: skip
    with served([*root, *COMMANDS["python-main"]], {"DARKROOM_WORKERS": "1"}) as url:
        answer = httpx.get(f"{url}/metrics", timeout=PATIENCE)
        assert (answer.status_code, answer.json()["code"]) == (404, "metrics_off")
        assert "Mount a tmpfs at /dev/shm or /tmp" in answer.json()["detail"]
        assert httpx.post(f"{url}/v1/process", content=picture(), timeout=PATIENCE).status_code == 200


def test_nowhere_to_write_is_logged(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import main"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=PATIENCE,
        env={"PATH": "", "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "none")},
    )  # fmt: skip
    assert "Metrics are off: there is nowhere to write." in done.stdout


@pytest.mark.parametrize(
    ("cloud", "setting", "on"),
    [("K_SERVICE", "", False), ("K_SERVICE", "true", True), ("AWS_LAMBDA_FUNCTION_NAME", "", False), ("X", "", True)],
)
def test_clouds(monkeypatch: pytest.MonkeyPatch, cloud: str, setting: str, on: bool) -> None:
    monkeypatch.setenv(cloud, "darkroom")
    app = app_with(auth="platform", **({"metrics": setting} if setting else {}))
    assert (app.service.metrics is not None) is on


@pytest.mark.parametrize("pipeline", ["invert/gamma:2", "gamma:2/invert", "invert/tint/levels"])
def test_joined_steps_are_one_stage_whatever_they_are(counted: httpx.Client, pipeline: str) -> None:
    """Strangers write them in any number and order: each would be a series that never goes."""
    before = scraped(counted)
    answer = counted.post(f"/v1/process?pipeline={pipeline}", content=picture())
    assert "+" in answer.headers["server-timing"]
    told = gained(before, scraped(counted))
    assert told[key("darkroom_stage_seconds_count", stage="table")] == 1
    assert [value for _, labels in told for label, value in labels if label == "stage" and "+" in value] == []


def test_the_frames_of_a_stream(counted: httpx.Client) -> None:
    good, bad = picture("jpg"), picture("jpg")[:2] + b"\xff\xda\x00\x02\xff\xd9"
    before = scraped(counted)
    answer = counted.post("/v1/stream?pipeline=palette", content=good + bad + good, headers=JPEG)
    assert answer.text.count("\n") == 3
    told = gained(before, scraped(counted))
    assert told[key("darkroom_stream_frames_total", outcome="answered")] == 2
    assert told[key("darkroom_stream_frames_total", outcome="bad")] == 1
    assert told[key("darkroom_stage_seconds_count", stage="palette")] == 2


def test_a_killed_process_loses_nothing() -> None:
    with served(COMMANDS["python-main"], {"DARKROOM_WORKERS": "1"}) as url:
        with httpx.Client(base_url=url, timeout=PATIENCE) as client:
            client.post("/v1/process", content=picture())
        port = url.rpartition(":")[2]
        (server,) = (one for one in psutil.Process().children() if one.environ().get("PORT") == port)
        server.children()[0].kill()
        with httpx.Client(base_url=url, timeout=PATIENCE) as client:
            client.post("/v1/process", content=picture())
            found = scraped(client)
    assert found[key("darkroom_request_seconds_count", route="/v1/process")] == 2
    assert found[key("darkroom_processes_started_total")] == 2


def test_a_port_of_its_own() -> None:
    port = free_port()
    with served(COMMANDS["python-main"], {"DARKROOM_METRICS_PORT": str(port), "DARKROOM_WORKERS": "2"}) as url:
        httpx.post(f"{url}/v1/process", content=picture(), timeout=PATIENCE)
        own = f"http://127.0.0.1:{port}"

        def told() -> Samples:
            return samples(httpx.get(f"{own}/metrics", timeout=PATIENCE).text)

        until(lambda: told()[key("darkroom_processes_started_total")] == 2, "both processes")
        assert told()[key("darkroom_request_seconds_count", route="/v1/process")] == 1
        assert httpx.get(f"{own}/v1/version", timeout=PATIENCE).status_code == 404
        assert httpx.post(f"{own}/metrics", timeout=PATIENCE).status_code == 404
