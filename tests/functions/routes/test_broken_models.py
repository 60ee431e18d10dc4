"""Models that must not work: each its own code over HTTP, a server that lives, and other models that go on."""

import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pytest

from functions.http import Darkroom
from tests.functions.support import app_with, client_of

TABLE = """
[broken]
title = "Broken"
task = "{task}"
decoder = "{decoder}"
licence = "MIT"
source = "-"
revision = "1"
memory = {memory}
cost = 1
labels = {labels}
input = {{ name = "{name}", size = [{side}, {side}], layout = "{layout}", color = "{color}", type = "{type}" }}
files = [{files}]
"""
SHAPES = {
    "task": "detect", "decoder": "yolox", "memory": "1_000_000", "labels": '["a", "b", "c", "d", "e", "f", "g", "h"]',
    "name": "image", "side": "320", "layout": "NCHW", "color": "BGR", "type": "f32",
}  # fmt: skip
CORAL = {"name": "input", "side": "224", "layout": "NHWC", "color": "RGB", "type": "u8", "task": "classify",
         "decoder": "softmax", "labels": "[]"}  # fmt: skip


class Files(NamedTuple):
    """The bytes of a model's files by name, and what the table says of them where that is not true."""

    files: dict[str, bytes]
    told: Mapping[str, bytes] = MappingProxyType({})
    absent: tuple[str, ...] = ()


def shipped(root: Path) -> dict[str, bytes]:
    folder = root / "core" / "models" / "shapes"
    return {name: (folder / name).read_bytes() for name in ("shapes.xml", "shapes.bin")}


def good(root: Path, data: Path) -> Files:
    return Files(shipped(root))


def absent(root: Path, data: Path) -> Files:
    return Files(shipped(root), absent=("shapes.bin",))


def truncated(root: Path, data: Path) -> Files:
    true = shipped(root)
    return Files({**true, "shapes.bin": true["shapes.bin"][:-1000]}, told=true)


def changed(root: Path, data: Path) -> Files:
    true = shipped(root)
    return Files({**true, "shapes.bin": true["shapes.bin"][:-1] + b"\1"}, told=true)


def truncated_as_told(root: Path, data: Path) -> Files:
    true = shipped(root)
    return Files({**true, "shapes.bin": true["shapes.bin"][:1000]})


def unknown_operator(root: Path, data: Path) -> Files:
    true = shipped(root)
    return Files({**true, "shapes.xml": true["shapes.xml"].replace(b'type="Convolution"', b'type="Konvolution"')})


def no_numbers(root: Path, data: Path) -> Files:
    """The weights of its last layer are NaN (further in, an activation would swallow them)."""
    true = shipped(root)
    offset, size = map(int, re.findall(rb'shape="1, 13, 1, 1" offset="(\d+)" size="(\d+)"', true["shapes.xml"])[-1])
    poison, weights = np.full(size // 2, np.nan, np.float16).tobytes(), true["shapes.bin"]
    return Files({**true, "shapes.bin": weights[:offset] + poison + weights[offset + size :]})


def garbage(root: Path, data: Path) -> Files:
    return Files({"a.onnx": b"\x08\x07\x12" + bytes(range(256)) * 8})


def garbage_xml(root: Path, data: Path) -> Files:
    return Files({"a.xml": b"<net name='a' version='11'><layers>", "a.bin": b"\0" * 64})


def coral(root: Path, data: Path) -> Files:
    (path,) = (data / "hostile" / "models").glob("*.tflite")
    return Files({"a.tflite": path.read_bytes()})


def too_old(root: Path, data: Path) -> Files:
    (path,) = (data / "hostile" / "models").glob("*/*.xml")
    return Files({"a.xml": path.read_bytes(), "a.bin": b"\0" * 1000})


Made = Callable[[Path, Path], Files]
CASES: dict[str, tuple[Made, dict[str, str], str]] = {
    "absent": (absent, {}, "model_absent"),
    "truncated": (truncated, {}, "model_checksum"),
    "another-byte": (changed, {}, "model_checksum"),
    "truncated-as-told": (truncated_as_told, {}, "model_broken"),
    "unknown-operator": (unknown_operator, {}, "model_broken"),
    "garbage-onnx": (garbage, {}, "model_broken"),
    "garbage-xml": (garbage_xml, {}, "model_broken"),
    "coral": (coral, CORAL, "model_broken"),
    "too-old": (too_old, {"name": "data", "side": "1024"}, "model_broken"),
    "other-input": (good, {"name": "picture"}, "model_mismatch"),
    "other-size": (good, {"side": "416"}, "model_mismatch"),
    "other-layout": (good, {"layout": "NHWC"}, "model_mismatch"),
    "other-decoder": (good, {"decoder": "ssd"}, "model_mismatch"),
    "other-task": (good, {"decoder": "argmax", "task": "segment"}, "model_mismatch"),
    "fewer-labels": (good, {"labels": '["a", "b"]'}, "model_mismatch"),
    "nan": (no_numbers, {}, "model_output"),
    "memory": (good, {"memory": "3_000_000_000"}, "model_memory"),
}


def app_of(made: Files, table: dict[str, str], folder: Path) -> Darkroom:
    entries = []
    for name, content in made.files.items():
        told = made.told.get(name, content)
        if name not in made.absent:
            (folder / name).write_bytes(content)
        digest = hashlib.sha256(told).hexdigest()
        entries.append(f'{{ file = "{name}", bytes = {len(told)}, sha256 = "{digest}" }}')
    (folder / "broken.toml").write_text(TABLE.format(files=", ".join(entries), **{**SHAPES, **table}))
    return app_with(models=str(folder / "broken.toml"), data=str(folder / "data"), max_seconds="60")


def step_of(table: dict[str, str]) -> str:
    return {"classify": "classify:broken", "segment": "segment:broken/draw"}.get(
        table.get("task", ""), "detect:broken/redact"
    )


def drawing(root: Path) -> bytes:
    return (root / "docs" / "img" / "shapes.png").read_bytes()


@pytest.mark.parametrize(("made", "table", "code"), CASES.values(), ids=CASES)
def test_its_own_code_and_no_picture(
    root: Path, data: Path, tmp_path: Path, made: Made, table: dict[str, str], code: str
) -> None:
    client = client_of(app_of(made(root, data), table, tmp_path))
    for attempt in range(2):
        response = client.post(f"/v1/process?pipeline={step_of(table)}&format=png", content=drawing(root))
        told = response.json()
        assert (response.status_code, told["code"]) == (503, code), (attempt, told)
        assert response.headers["content-type"] == "application/problem+json"
        silent(told["detail"], tmp_path)
    other = client.post("/v1/process?pipeline=detect:shapes/count", content=drawing(root)).json()
    assert sum(other["findings"]["counts"].values()) == 8
    state = client.get("/v1/models/broken").json()
    assert state["state"] in {"absent", "cached", "failed", "ready"}
    silent(state["reason"] or "", tmp_path)


def silent(text: str, folder: Path) -> None:
    """Neither paths nor OpenVINO's own text."""
    assert str(folder) not in text
    assert not re.search(r"openvino|src/|\.cpp|Exception|Check '", text), text


def test_the_reason_is_told(root: Path, data: Path, tmp_path: Path) -> None:
    client = client_of(app_of(unknown_operator(root, data), {}, tmp_path))
    assert client.post("/v1/models/broken/load").status_code == 503
    state = client.get("/v1/models/broken").json()
    assert state["state"] == "failed"
    assert '"broken"' in state["reason"]
    row = next(row for row in client.post("/v2/repository/index").json() if row["name"] == "broken")
    assert row == {"name": "broken", "version": "1", "state": "UNAVAILABLE", "reason": state["reason"]}


def test_the_same_table_works_with_the_true_files(root: Path, data: Path, tmp_path: Path) -> None:
    client = client_of(app_of(good(root, data), {}, tmp_path))
    told = client.post("/v1/process?pipeline=detect:broken/count", content=drawing(root)).json()
    assert told["findings"]["counts"]["d"] == 1
