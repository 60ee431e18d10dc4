"""Traces as an OTLP receiver gets them: the tree of spans, its times, and the ids that come in and go out."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from PIL import Image

from functions.handlers import lambda_handler
from functions.http import Darkroom
from functions.server import log
from service.events.event import ObjectEvent
from service.watch.recording import MOST_SPANS
from service.watch.trace_context import of_w3c
from service.watch.traces import called_by
from storage.address import Address
from tests.conftest import ROOT, made_picture
from tests.functions.conftest import COMMANDS
from tests.functions.support import app_with, client_of, picture, served
from tests.otlp import Receiver, receiving
from tests.waiting import PATIENCE

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
RULES = '[[rule]]\nwhen = "file://in/**"\nto = "file://out/{name}.webp"\npipeline = "resize:16"\n'


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiving() as one:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", one.endpoint)
        yield one
    while made:
        traces: Any = made.pop().service.traces
        if traces._exporting:
            traces._exporting._exporter.shutdown()


made: list[Darkroom] = []
"""Applications whose connections to the receiver are to be closed."""


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the log has said: the next application's handler writes to what is captured."""
    logger = logging.getLogger("darkroom")
    kept = [one for one in logger.handlers if isinstance(one, log.OutputHandler)]
    for one in kept:
        logger.removeHandler(one)
    yield lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for one in [one for one in logger.handlers if isinstance(one, log.OutputHandler)]:
        logger.removeHandler(one)
    for one in kept:
        logger.addHandler(one)


def traced(**settings: str) -> httpx.Client:
    """A client of an application whose traces come before its answers."""
    return client_of(made_with(traces_flush="true", **settings))


def made_with(**settings: str) -> Darkroom:
    made.append(app_with(traces="true", **settings))
    return made[-1]


def test_the_tree(receiver: Receiver) -> None:
    client = traced()
    answer = client.post(
        "/v1/process?pipeline=resize:32/sepia&format=webp", content=picture(), headers={"X-Request-Id": "abc"}
    )
    assert answer.status_code == 200
    root = receiver.root(answer.headers["traceparent"].split("-")[1])
    assert root.name == "POST /v1/process"
    assert [span.name for span in receiver.inside(root)] == ["read", "queue", "decode", "resize", "sepia", "encode"]
    assert root.attributes.items() >= {
        "http.request.method": "POST", "http.route": "/v1/process", "http.response.status_code": "200",
        "darkroom.pipeline": "resize:32/sepia", "darkroom.request_id": "abc",
    }.items()  # fmt: skip
    assert root.resource["service.name"] == "darkroom"
    assert (root.parent_id, root.error) == ("", "")


def animation(frames: int) -> bytes:
    file = io.BytesIO()
    first, *rest = (Image.fromarray(made_picture(3) ^ number) for number in range(frames))
    first.save(file, "gif", save_all=True, append_images=rest, duration=100)
    return file.getvalue()


def test_an_animation_has_its_frames_inside_the_encoding(receiver: Receiver) -> None:
    """All but the first, which tells how to begin; and no more than there is room for."""
    answer = traced().post("/v1/process?pipeline=invert&format=gif", content=animation(200))
    assert answer.status_code == 200, answer.text
    root = receiver.root(answer.headers["traceparent"].split("-")[1])
    stages = receiver.inside(root)
    assert [span.name for span in stages] == ["read", "queue", "decode", "invert", "encode"]
    assert [span.name for span in receiver.inside(stages[-1])[:4]] == ["decode", "invert"] * 2
    assert len(receiver.spans) == MOST_SPANS + 1
    assert int(root.attributes["darkroom.spans_left_out"]) == 4 + 2 * 200 - MOST_SPANS


def test_the_stages_are_the_request(receiver: Receiver, data: Path) -> None:
    """Within a tenth, of a picture of two megapixels and more: at least once in ten, since others interrupt us."""
    photo = max((data / "images" / "photos").glob("*.jpg"), key=lambda path: path.stat().st_size).read_bytes()
    client = traced()
    client.post("/v1/process?pipeline=resize:800", content=photo)  # imports what the first one needs
    shares = []
    for _ in range(10):
        answer = client.post("/v1/process?pipeline=resize:800", content=photo)
        root = receiver.root(answer.headers["traceparent"].split("-")[1])
        stages = sum(span.seconds for span in receiver.inside(root))
        total = float(answer.headers["Server-Timing"].rpartition("total;dur=")[2]) / 1000
        assert stages <= root.seconds
        shares.append((stages / root.seconds, root.seconds / total))
        if shares[-1][0] >= 0.9 and shares[-1][1] == pytest.approx(1, rel=0.1):
            return
    pytest.fail(f"the stages' share of the request, and its span's of what it was told: {shares}")


def test_an_id_comes_out_in_log_trace_and_answer(receiver: Receiver, lines: Callable[[], list[dict[str, Any]]]) -> None:
    answer = traced().post("/v1/process", content=picture(), headers=PARENT)
    line = lines()[-1]
    _, trace_id, span_id, flags = answer.headers["traceparent"].split("-")
    root = receiver.root(TRACE)
    assert {trace_id, root.trace_id, line["trace_id"]} == {TRACE}
    assert {span_id, line["span_id"]} == {root.span_id}
    assert (root.parent_id, flags) == (SPAN, "01")


SENT: dict[str, tuple[dict[str, str], str, str]] = {
    "google": ({"X-Cloud-Trace-Context": f"{TRACE}/{int(SPAN, 16)};o=1"}, SPAN, "X-Cloud-Trace-Context"),
    "aws": ({"X-Amzn-Trace-Id": f"Root=1-{TRACE[:8]}-{TRACE[8:]};Parent={SPAN};Sampled=1"}, SPAN, "X-Amzn-Trace-Id"),
    "aws without a parent": ({"X-Amzn-Trace-Id": f"Root=1-{TRACE[:8]}-{TRACE[8:]}"}, "", "X-Amzn-Trace-Id"),
}


@pytest.mark.parametrize(("headers", "parent", "answered"), SENT.values(), ids=SENT)
def test_a_clouds_header(receiver: Receiver, headers: dict[str, str], parent: str, answered: str) -> None:
    answer = traced().get("/v1/version", headers=headers)
    root = receiver.root(TRACE)
    assert root.parent_id == parent
    told = answer.headers[answered]
    assert TRACE in told or f"1-{TRACE[:8]}-{TRACE[8:]}" in told
    assert root.span_id in told or str(int(root.span_id, 16)) in told


def test_a_caller_that_does_not_sample_is_not_traced(receiver: Receiver) -> None:
    client = traced()
    not_sampled = client.get("/v1/version", headers={"traceparent": f"00-{TRACE}-{SPAN}-00"})
    assert not_sampled.headers["traceparent"].startswith(f"00-{TRACE}-")
    assert not_sampled.headers["traceparent"].endswith("-00")
    client.get("/v1/version")
    assert [span.trace_id for span in receiver.spans if span.trace_id == TRACE] == []
    assert len(receiver.spans) == 1


def test_the_sampler_of_the_environment(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "photos")
    client = traced()
    client.get("/v1/version")
    client.get("/v1/version", headers=PARENT)
    assert [(span.trace_id, span.resource["service.name"]) for span in receiver.spans] == [(TRACE, "photos")]


def test_errors(receiver: Receiver) -> None:
    client = traced()
    client.post("/v1/process?pipeline=square:0", content=picture(), headers=PARENT)
    root = receiver.root(TRACE)
    assert (root.attributes["http.response.status_code"], root.error) == ("400", ""), "no error of the server"
    assert root.attributes["error.type"] == "bad_parameter"


def test_a_call_of_a_store_is_inside_its_stage(receiver: Receiver, tmp_path: Path) -> None:
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
    (tmp_path / "in" / "a.png").write_bytes(picture())
    client = traced(files=str(tmp_path), sources="file://in/", targets="file://out/")
    body = {"source": "file://in/a.png", "pipeline": "blur", "to": "file://out/b.png"}
    assert client.post("/v1/process", json=body, headers=PARENT).status_code == 201
    stages = {span.name: span for span in receiver.inside(receiver.root(TRACE))}
    assert [span.name for span in receiver.inside(stages["fetch"])] == ["storage stat", "storage read"]
    assert [span.name for span in receiver.inside(stages["look"])] == ["storage stat"]
    (write,) = receiver.inside(stages["store"])
    assert (write.name, write.attributes) == ("storage write", {"darkroom.storage.scheme": "file"})


def test_an_event(receiver: Receiver, tmp_path: Path) -> None:
    for name in ("in", "out", "own"):
        (tmp_path / name).mkdir()
    (tmp_path / "in" / "a.png").write_bytes(picture())
    (tmp_path / "rules.toml").write_text(RULES)
    app = made_with(
        traces_flush="true", files=str(tmp_path), results="file://own", catalog="none",
        rules=str(tmp_path / "rules.toml"),
    )  # fmt: skip
    assert app.service.events
    with called_by(of_w3c(PARENT["traceparent"])):
        app.service.events.process_one(ObjectEvent(address=Address("file", "in", "a.png")))
    (own,) = [span for span in receiver.spans if span.name == "event put"]
    assert (own.trace_id, own.parent_id, own.kind) == (TRACE, SPAN, 5)
    assert own.attributes == {"darkroom.event.source": "file://in/a.png", "darkroom.event.outcome": "done"}
    names = [span.name for span in receiver.inside(own)]
    assert [name for name in names if not name.startswith("storage")] == ["queue", "decode", "resize", "encode"]
    assert {"storage stat", "storage read", "storage write"} <= set(names)


def test_an_event_of_lambda(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """It belongs to the trace that Lambda names, and its lines to Lambda's request."""
    (tmp_path / "rules.toml").write_text(RULES)
    (tmp_path / "own").mkdir()
    app = made_with(
        traces_flush="true", files=str(tmp_path), results="file://own", catalog="none",
        rules=str(tmp_path / "rules.toml"),
    )  # fmt: skip
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root=1-{TRACE[:8]}-{TRACE[8:]};Parent={SPAN};Sampled=1")
    record = {
        "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "eventVersion": "2.1",
        "s3": {"bucket": {"name": "x"}, "object": {"key": "a.png", "size": 1, "eTag": "e", "sequencer": "1"}},
    }  # fmt: skip
    lambda_handler(app)({"Records": [record]}, SimpleNamespace(aws_request_id="lambda-1"))
    (own,) = [span for span in receiver.spans if span.name.startswith("event")]
    assert (own.trace_id, own.parent_id) == (TRACE, SPAN)
    (told,) = [line for line in lines() if "s3://x/a.png" in line["message"]]
    assert told.items() >= {"request_id": "lambda-1", "trace_id": TRACE}.items()


def test_the_answer_waits_for_its_trace_where_the_cpu_stops(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("K_SERVICE", "darkroom")
    client = client_of(made_with(auth="none"))
    client.get("/v1/version", headers=PARENT)
    assert [span.trace_id for span in receiver.spans] == [TRACE]


def test_a_collector_that_is_not_there_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    answer = traced().post("/v1/process", content=picture())
    assert answer.status_code == 200


def test_a_wrong_variable_of_opentelemetry_switches_them_off(
    monkeypatch: pytest.MonkeyPatch, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "1")  # less than a batch
    client = client_of(app_with(traces="true"))
    for _ in range(2):
        answer = client.post("/v1/process", content=picture())
        assert answer.status_code == 200
        assert "traceparent" not in answer.headers
    assert ["Traces are off" in line["message"] for line in lines()].count(True) == 1


def test_batches_go_with_the_process(receiver: Receiver) -> None:
    """A worker that ends sends what it still has."""
    environment = {"DARKROOM_TRACES": "true", "OTEL_BSP_SCHEDULE_DELAY": "600000", "DARKROOM_WORKERS": "1"}
    with served(COMMANDS["python-main"], environment) as url:
        httpx.post(f"{url}/v1/process", content=picture(), headers=PARENT, timeout=PATIENCE)
        assert receiver.spans == []
    assert receiver.root(TRACE).name == "POST /v1/process"


@pytest.mark.parametrize(("setting", "imported"), [("false", False), ("true", True)])
def test_nothing_is_imported_when_off(setting: str, imported: bool) -> None:
    code = (
        "import sys, main\n"
        "main.app.test_client().get('/v1/version')\n"
        "print(sorted(name for name in sys.modules if name.startswith('opentelemetry.sdk')) != [])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=PATIENCE,
        env={"PATH": "", "DARKROOM_TRACES": setting, "OTEL_TRACES_SAMPLER": "always_off"},
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == str(imported)


@pytest.mark.parametrize("hostile", ["00-x", "x" * 10_000, f"00-{TRACE}-{SPAN}-zz", "é", "\t"])
def test_a_hostile_header_begins_a_new_trace(receiver: Receiver, hostile: str) -> None:
    answer = traced().get("/v1/version", headers={"traceparent": hostile.encode("utf-8")})
    assert answer.status_code == 200
    trace_id = answer.headers["traceparent"].split("-")[1]
    assert trace_id != TRACE
    assert receiver.root(trace_id).parent_id == ""
