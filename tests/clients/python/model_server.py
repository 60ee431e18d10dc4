"""A Darkroom that sees what it was told to see: vision's answers in the shapes of the real server's."""

import json
from base64 import b64encode
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.clients.python.fault_server import FaultServer, Handler, problem, usual

JSON = "application/json"
DRAWN = b"\x89PNG drawn over"


def found(label: str, index: int, score: float, box: list[float], **more: Any) -> dict[str, Any]:
    return {"label": label, "class": index, "score": score, "box": box, "model": "yolox_nano", **more}


OBJECTS = [
    found("person", 0, 0.91, [12.4, 30.0, 100.26, 220.75]),
    found("dog", 16, 0.5, [0.0, 0.0, 10.0, 10.0], quad=[[5, -1], [11, 5], [5, 11], [-1, 5]]),
    found("person", 0, 0.405, [200.0, 31.5, 90.0, 200.0], keypoints=[{"name": "nose", "x": 1.5, "y": 2, "score": 0.7}]),
]
LABELS = [{"label": "zebra", "class": 340, "score": 0.87, "model": "mobilenet_v2"}]
SEGMENTS = [
    {"model": "roads", "labels": ["void", "road", "mark"], "share": {"void": 0.5, "mark": 0.02, "road": 0.48}},
]
FINDINGS: dict[str, dict[str, Any]] = {
    "detect": {"objects": OBJECTS},
    "faces": {"objects": [found("face", 0, 0.99, [1.0, 2.0, 3.0, 4.0])]},
    "persons": {"objects": []},
    "segment": {"segments": SEGMENTS},
    "classify": {"labels": LABELS},
}


def model(name: str, task: str, state: str, **more: Any) -> dict[str, Any]:
    known = {"name": name, "title": f"The model {name}", "task": task, "state": state, "bytes": 3_775_000}
    facts = {"licence": "Apache-2.0", "source": "https://example.com/it", "labels": [], "latency_ms": None, "runs": 0}
    return {**known, **facts, "reason": None, **more}


MODELS = [
    model(
        "shapes", "detect", "ready", labels=["circle", "square"], latency_ms=4.25, runs=12, bytes=336_000, memory=2**20
    ),
    model("yolox_nano", "detect", "absent", labels=None),
    model("yunet", "faces", "cached", licence="MIT"),
    model("broken", "segment", "failed", reason="an operator is not known"),
]
ABSENT = 'yolox_nano.onnx is not on the server: "make models NAMES=yolox_nano" there fetches it.'


class ModelServer(FaultServer):
    """Looks at pictures; its models keep the state that they are brought into."""

    def __init__(self) -> None:
        super().__init__()
        self.usual = self.see
        self.models = {entry["name"]: dict(entry) for entry in MODELS}
        self.findings = dict(FINDINGS)

    def see(self, handler: Handler) -> None:
        path = urlsplit(handler.path).path
        if path.startswith("/v1/models"):
            self._models(handler, [unquote(part) for part in path.split("/")[3:]])
        elif path == "/v1/process" and not handler.parts["file"].startswith(b"text"):
            self._look(handler)
        else:
            usual(handler)

    def _models(self, handler: Handler, words: list[str]) -> None:
        if not words:
            return send(handler, {"models": [*self.models.values()]})
        if words[0] not in self.models:
            detail = f'There is no model "{words[0]}".'
            return problem(404, code="unknown_model", detail=detail)(handler)
        entry = self.models[words[0]]
        if words[1:]:
            entry["state"] = {"load": "ready", "unload": "cached"}[words[1]]
        return send(handler, entry)

    def _look(self, handler: Handler) -> None:
        """The answer about one picture, or about one of `outputs` with the picture in it."""
        wanted = asked(handler)
        task = wanted["pipeline"].partition(":")[0].partition("/")[0]
        if task not in self.findings:
            return usual(handler)
        answer: dict[str, Any] = {
            "source": {"format": "jpeg", "width": 640, "height": 480, "bytes": 9, "frames": 1},
            "output": {"format": wanted.get("format", "jpeg"), "width": 640, "height": 480, "bytes": 9, "frames": 1},
            "findings": self.findings[task],
            "pipeline": wanted["pipeline"],
        }
        if "name" not in wanted:
            return send(handler, answer)
        image = b64encode(DRAWN).decode()
        return send(handler, {"outputs": {wanted["name"]: {**answer, "image": image}}})


def send(handler: Handler, answer: Any) -> None:
    handler.reply(200, json.dumps(answer).encode(), JSON)


def asked(handler: Handler) -> dict[str, Any]:
    """What a request wants: its query, or the one output of its field `request`."""
    if "request" not in handler.parts:
        return handler.query
    request = json.loads(handler.parts["request"])
    assert request["include"] == ["image"]
    (output,) = request["outputs"]
    return dict(output)
