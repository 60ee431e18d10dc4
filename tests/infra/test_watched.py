"""The dashboard and the alerts: their names are those of the code, and a real Prometheus finds data and trouble."""

import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psutil
import pytest
import yaml

from service.admission import Admission
from service.machine import Memory
from tests.conftest import ROOT
from tests.functions.conftest import COMMANDS
from tests.functions.support import app_with, picture, served
from tests.infra.prometheus import RULES, Prometheus, panels, prometheus
from tests.waiting import PATIENCE, until

DASHBOARD = ROOT / "infra" / "grafana" / "darkroom.json"
RUNBOOK = ROOT / "docs" / "operations.md"
NAME = re.compile(r"\bdarkroom_[a-z0-9_]+")
RULE = '[[rule]]\nwhen = "file://in/*.png"\nto = "file://out/{name}.webp"\npipeline = "resize:16"\n'
BROKEN = """
from core.picture import Pixels
from core.registry import image_filter


@image_filter(cost=1.0, example="break_down")
def break_down(pixels: Pixels) -> Pixels:
    \"\"\"Break down.\"\"\"
    raise RuntimeError("nobody foresaw this")


@image_filter(cost=1.0, example="run_out")
def run_out(pixels: Pixels) -> Pixels:
    \"\"\"Run out of memory.\"\"\"
    raise MemoryError
"""
LOST = '[[rule]]\nwhen = "file://in/*.gif"\nto = "file://gone/{name}.webp"\npipeline = "resize:16"\n'


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> dict[str, dict[str, Any]]:
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def metric_names() -> set[str]:
    """Every name of a series that the server may have."""
    app = app_with()
    assert app.service.metrics
    told = app.service.metrics.exposition(Admission(1, 1, 1.0, Memory(2**30)), "0").decode()
    types = dict(re.findall(r"^# TYPE (darkroom_\S+) (\S+)$", told, re.MULTILINE))
    names = {name for family in vars(app.service.metrics.of).values() for name in series(family._name, family._type)}
    return names | {name for family, kind in types.items() for name in series(family, kind)}


def series(name: str, kind: str) -> set[str]:
    endings = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "summary": ["_sum", "_count"]}
    plain = name.removesuffix("_total") if kind == "counter" else name
    return {plain + ending for ending in endings.get(kind, [""])}


def test_the_names_are_those_of_the_code() -> None:
    known = metric_names()
    assert len(known) > 30
    used = {file: set(NAME.findall(file.read_text())) for file in (DASHBOARD, RULES)}
    assert {file.name: names - known for file, names in used.items()} == {DASHBOARD.name: set(), RULES.name: set()}


def test_the_dashboard_shows_everything() -> None:
    shown = NAME.findall(DASHBOARD.read_text())
    families = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in metric_names()}
    assert {name for name in families if not any(one.startswith(name) for one in shown)} == set()


def test_the_runbook_tells_of_every_metric_and_alert() -> None:
    text = RUNBOOK.read_text()
    told = set(NAME.findall(text))
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in metric_names()}
    assert families - told == set()
    assert told - families == set()
    headings = {f"#{heading.lower()}" for heading in re.findall(r"^### (\w+)$", text, re.MULTILINE)}
    linked = {rule["annotations"]["runbook"] for rule in alerts().values()}
    assert linked == {f"docs/operations.md{heading}" for heading in headings}
    assert set(re.findall(r"\]\((#\w+)\)", text)) <= headings


@pytest.mark.parametrize("alert", alerts().values(), ids=alerts())
def test_an_alert_says_what_it_is(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["annotations"]["runbook"] == f"docs/operations.md#{alert['alert'].lower()}"
    assert len(alert["annotations"]["summary"]) > 20


def promtool(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["promtool", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_promtool_lets_each_alert_fire() -> None:
    file = ROOT / "tests" / "infra" / "alerts.yml"
    tested = promtool("test", "rules", str(file))
    assert tested.returncode == 0, tested.stdout + tested.stderr
    expected = {
        case["alertname"] for test in yaml.safe_load(file.read_text())["tests"] for case in test["alert_rule_test"]
        if case["exp_alerts"]
    }  # fmt: skip
    assert expected == set(alerts())


class _Fails(BaseHTTPRequestHandler):
    """A store that is always busy."""

    def do_GET(self) -> None:
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, Prometheus, Path]]:
    """A server that has had all kinds of requests and events, some of them bad, under the eyes of a Prometheus."""
    folder = tmp_path_factory.mktemp("watched")
    (folder / "rules.toml").write_text(RULE + LOST)
    for name in ("in", "out", "own", "prometheus"):
        (folder / name).mkdir()
    (folder / "in" / "a.png").write_bytes(picture())
    with ThreadingHTTPServer(("127.0.0.1", 0), _Fails) as busy:
        threading.Thread(target=busy.serve_forever, daemon=True).start()
        settings = {
            "FILES": str(folder), "RESULTS": "file://own", "RULES": str(folder / "rules.toml"), "WATCH": "file://in",
            "SOURCES": "file://in/ gs://busy/", "GS_ENDPOINT": f"http://127.0.0.1:{busy.server_address[1]}",
            "GS_PROJECT": "test", "WORKERS": "2", "CATALOG": "none", "DATA": str(folder / "data"),
            "EVENT_ATTEMPTS": "1", "FILTERS": "broken_filters",
        }  # fmt: skip
        (folder / "broken_filters.py").write_text(BROKEN)
        environment = {f"DARKROOM_{name}": value for name, value in settings.items()} | {"PYTHONPATH": str(folder)}
        with (
            served(COMMANDS["python-main"], environment) as url,
            prometheus(url.partition("//")[2], folder / "prometheus") as found,
            httpx.Client(base_url=url, timeout=PATIENCE) as client,
        ):
            until(lambda: bool(found.query("darkroom_info")), "the first scrape")
            use(client, folder)
            yield client, found, folder
        busy.shutdown()


def use(client: httpx.Client, folder: Path) -> None:
    """Have the server do everything that it counts."""
    assert client.post("/v1/process?pipeline=resize:32/detect", content=picture()).status_code == 200
    assert client.post("/v1/process?pipeline=blur&format=webp", content=picture()).status_code == 200
    assert client.post("/v1/process", content=b"x").status_code == 415
    for _ in range(2):
        assert client.get("/v1/render/blur/-/file/in/a.png").status_code == 200
    late = client.post("/v1/process", json={"source": "gs://busy/a.png"}, headers={"X-Request-Timeout": "2"})
    assert late.status_code >= 500, late.text
    assert client.post("/v1/process?pipeline=faces", content=picture()).status_code == 503, "its weights are absent"
    assert client.post("/v1/process?pipeline=break_down", content=picture()).status_code == 500
    assert client.post("/v1/process?pipeline=run_out", content=picture()).status_code == 503
    (folder / "in" / "b.png").write_bytes(picture()[:100])  # poison
    for dead in range(5):
        # One that dies before it serves is not counted among those that began to.
        until(lambda: started(client) >= 2 + dead, "a process in its place")  # noqa: B023
        worker = workers_of(client)[0]
        worker.kill()
        worker.wait(PATIENCE)
    for number in count():
        shutil.rmtree(folder / "gone", ignore_errors=True)  # which each new process makes again, and may write to
        (folder / "in" / f"{number}.gif").write_bytes(picture())  # nowhere to put what it makes
        time.sleep(0.5)
        if 'outcome="gave_up"} 0.0' not in client.get("/metrics").text:
            return


def started(client: httpx.Client) -> float:
    """How many processes have begun to serve."""
    return float(client.get("/metrics").text.partition("\ndarkroom_processes_started_total ")[2].partition("\n")[0])


def workers_of(client: httpx.Client) -> list[psutil.Process]:
    """The workers of the server that this test has started."""
    port = str(client.base_url.port)
    alive = (one for one in psutil.Process().children() if one.status() != psutil.STATUS_ZOMBIE)  # of other tests
    (server,) = (one for one in alive if one.environ().get("PORT") == port)
    until(lambda: len(server.children()) == 2, "both workers")
    return server.children()


PANELS = panels()


@pytest.mark.parametrize("panel", PANELS, ids=[f"{panel.title}: {panel.expression[:60]}" for panel in PANELS])
def test_each_query_finds_data(watched: tuple[httpx.Client, Prometheus, Path], panel: Any) -> None:
    client, found, _ = watched
    values: list[Any] = []

    def came() -> bool:
        client.get("/v1/version")
        values[:] = [one["value"][1] for one in found.query(panel.expression)]
        return bool(values)

    until(came, f"data for {panel.expression}")
    assert all(re.fullmatch(r"[0-9.e+-]+|NaN", value) for value in values)


CAUSED = sorted(name for name, rule in alerts().items() if "for" not in rule)


@pytest.mark.parametrize("alert", CAUSED)
def test_what_is_caused_fires(watched: tuple[httpx.Client, Prometheus, Path], alert: str) -> None:
    """All that need no time; promtool sees the others fire."""
    _, found, _ = watched
    until(lambda: alert in found.firing(), alert)


def test_the_json_of_the_dashboard_is_of_grafana() -> None:
    dashboard = msgspec.json.decode(DASHBOARD.read_bytes())
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    assert {one["name"] for one in dashboard["templating"]["list"]} == {"datasource", "instance"}
