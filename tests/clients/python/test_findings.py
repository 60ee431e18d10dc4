"""The typed methods of vision: what they send, and what they make of the answer."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from darkroom_client import (
    Box,
    BrokenResponseError,
    Darkroom,
    DarkroomError,
    Findings,
    Keypoint,
    Label,
    Model,
    Object,
    RefusedError,
    Segment,
)

from tests.clients.python.fault_server import Answer, FaultServer, other, problem
from tests.clients.python.model_server import ABSENT, DRAWN, JSON, MODELS, ModelServer, asked

PICTURE = b"\xff\xd8 a picture"


@pytest.mark.parametrize(
    ("wanted", "pipeline"),
    [
        pytest.param({}, "detect", id="usual"),
        pytest.param({"task": "faces"}, "faces", id="task"),
        pytest.param({"model": "yolox_nano"}, "detect:model=yolox_nano", id="model"),
        pytest.param({"classes": ["person", "hot_dog"]}, "detect:classes=person+hot_dog", id="classes"),
        pytest.param({"classes": []}, "detect", id="no-classes"),
        pytest.param({"score": 0}, "detect:score=0", id="every-score"),
        pytest.param(
            {"task": "segment", "model": "a/b, c", "score": 0.25},
            "segment:model=a%2Fb%2C%20c,score=0.25",
            id="the-grammar's-own-letters",
        ),
        pytest.param({"classes": ["a+b", "50%"]}, "detect:classes=a%2Bb+50%25", id="in-a-list-too"),
    ],
)
@pytest.mark.parametrize("draw", [False, True], ids=["findings", "drawn"])
def test_what_is_asked(seer: ModelServer, wanted: dict[str, Any], pipeline: str, draw: bool) -> None:
    once = {"classes": iter(wanted["classes"])} if "classes" in wanted else {}
    with Darkroom(seer.url) as darkroom:
        darkroom.detect(PICTURE, draw=draw, **{**wanted, **once})
    (request,) = seer.seen
    assert asked(request)["pipeline"] == pipeline + "/draw" * draw
    assert request.parts["file"] == PICTURE
    assert request.query.get("format") == (None if draw else "json")


def test_objects(seer: ModelServer) -> None:
    with Darkroom(seer.url) as darkroom:
        seen = darkroom.detect(PICTURE)
    first, turned, pointed = seen.first.objects
    assert first == Object("person", 0, 0.91, Box(12.4, 30.0, 100.26, 220.75), "yolox_nano")
    assert first.box.width == 100.26
    assert turned.quad == ((5, -1), (11, 5), (5, 11), (-1, 5))
    assert pointed.keypoints == (Keypoint("nose", 1.5, 2, 0.7),)
    assert (seen.width, seen.height, len(seen.frames), seen.drawn) == (640, 480, 1, None)
    assert [*seen.first.counts.items()] == [("person", 2), ("dog", 1)]
    assert seen.findings == seer.findings["detect"]


def test_counts_begin_with_the_most_frequent(seer: ModelServer) -> None:
    person, dog, _ = seer.findings["detect"]["objects"]
    seer.findings["detect"] = {"objects": [dog, person, person]}
    with Darkroom(seer.url) as darkroom:
        assert [*darkroom.detect(PICTURE).first.counts.items()] == [("person", 2), ("dog", 1)]


def test_labels_and_shares(seer: ModelServer) -> None:
    with Darkroom(seer.url) as darkroom:
        assert darkroom.detect(PICTURE, task="classify").first.labels == (Label("zebra", 340, 0.87, "mobilenet_v2"),)
        (segment,) = darkroom.detect(PICTURE, task="segment").first.segments
        assert segment == Segment("roads", ("void", "road", "mark"), {"void": 0.5, "road": 0.48, "mark": 0.02})
        assert darkroom.detect(PICTURE, task="persons").first == Findings()


def test_a_drawn_picture_and_its_findings_come_in_one_answer(seer: ModelServer, tmp_path: Path) -> None:
    with Darkroom(seer.url) as darkroom:
        seen = darkroom.detect(PICTURE, draw=True, format="png")
    assert seen.drawn
    seen.drawn.save(tmp_path / "out.png")
    assert (tmp_path / "out.png").read_bytes() == DRAWN
    assert seen.drawn.content_type == "image/png"
    assert seen.drawn.headers["content-type"] == JSON
    assert len(seen.first.objects) == 3
    assert len(seer.seen) == 1
    assert asked(seer.seen[0])["format"] == "png"


def test_frames(seer: ModelServer) -> None:
    seer.findings["detect"] = {"frames": [{"index": 0, "ms": 0, "objects": []}, {"index": 1, "ms": 40}]}
    with Darkroom(seer.url) as darkroom:
        assert darkroom.detect(PICTURE, draw=True).frames == (Findings(), Findings(ms=40))


def test_models(seer: ModelServer) -> None:
    with Darkroom(seer.url) as darkroom:
        assert [model.name for model in darkroom.models()] == [entry["name"] for entry in MODELS]
        assert darkroom.model("shapes") == Model(
            name="shapes",
            title="The model shapes",
            task="detect",
            state="ready",
            bytes=336_000,
            licence="Apache-2.0",
            source="https://example.com/it",
            labels=("circle", "square"),
            latency_ms=4.25,
            runs=12,
            memory=2**20,
        )
        assert darkroom.model("broken").reason == "an operator is not known"
        assert darkroom.load_model("yunet").state == "ready"
        assert darkroom.unload_model("yunet").state == "cached"
    assert [(request.command, request.path) for request in seer.seen[2:]] == [
        ("GET", "/v1/models/broken"),
        ("POST", "/v1/models/yunet/load"),
        ("POST", "/v1/models/yunet/unload"),
    ]


def test_a_name_stays_one_part_of_the_address(seer: ModelServer) -> None:
    with Darkroom(seer.url) as darkroom, pytest.raises(RefusedError, match='no model "a/b\\?c"'):
        darkroom.load_model("a/b?c")
    assert seer.seen[0].path == "/v1/models/a%2Fb%3Fc/load"


def entry(**changed: Any) -> dict[str, Any]:
    return {**MODELS[0], **changed}


@pytest.mark.parametrize(
    ("body", "ask"),
    [
        pytest.param({"models": 3}, Darkroom.models, id="models-no-list"),
        pytest.param({"models": ["shapes"]}, Darkroom.models, id="model-no-object"),
        pytest.param({"models": [entry(bytes="many")]}, Darkroom.models, id="bytes-no-number"),
        pytest.param({"filters": []}, Darkroom.models, id="no-models"),
        pytest.param({"name": "shapes"}, lambda darkroom: darkroom.model("shapes"), id="half-a-model"),
        pytest.param({}, lambda darkroom: darkroom.load_model("shapes"), id="nothing-loaded"),
        pytest.param({}, lambda darkroom: darkroom.detect(PICTURE), id="no-findings"),
        pytest.param(
            {"output": {"width": 1, "height": 1}, "findings": {"objects": [{"label": "dog"}]}},
            lambda darkroom: darkroom.detect(PICTURE),
            id="half-an-object",
        ),
        pytest.param({"outputs": []}, lambda darkroom: darkroom.detect(PICTURE, draw=True), id="no-outputs"),
        pytest.param(
            {
                "outputs": {
                    "drawn": {"output": {"width": 1, "height": 1, "format": "png"}, "findings": {}, "image": "?"}
                }
            },
            lambda darkroom: darkroom.detect(PICTURE, draw=True),
            id="no-base64",
        ),
    ],
)
def test_answers_that_are_none(server: FaultServer, body: Any, ask: Callable[[Darkroom], Any]) -> None:
    server.script = [other(200, JSON, json.dumps(body).encode())]
    with Darkroom(server.url) as darkroom, pytest.raises(BrokenResponseError, match="cannot be read"):
        ask(darkroom)


@pytest.mark.parametrize(
    ("fault", "tries"),
    [
        pytest.param(problem(429, {"Retry-After": "0"}, code="model_busy", detail="Busy."), 3, id="busy"),
        pytest.param(problem(503, code="draining", detail="Draining."), 3, id="draining"),
        pytest.param(problem(503, code="model_absent", detail=ABSENT), 1, id="absent"),
        pytest.param(problem(503, code="runtime_missing", detail="Slim."), 1, id="no-runtime"),
        pytest.param(problem(503, {"Retry-After": "0"}, code="model_broken", detail="Later."), 3, id="the-server-says"),
        pytest.param(problem(400, code="unknown_model", detail="No."), 1, id="unknown"),
        pytest.param(problem(504, code="deadline_exceeded", detail="Late."), 1, id="late"),
    ],
)
@pytest.mark.parametrize(
    "ask",
    [lambda darkroom: darkroom.detect(PICTURE), lambda darkroom: darkroom.load_model("a")],
    ids=["detect", "load"],
)
def test_only_what_may_pass_is_tried_again(
    server: FaultServer, fault: Answer, tries: int, ask: Callable[[Darkroom], Any]
) -> None:
    server.script = [fault] * 10
    with Darkroom(server.url, retries=2) as darkroom, pytest.raises(DarkroomError):
        ask(darkroom)
    assert len(server.seen) == tries
