"""What is folded into a graph: the picture's way in, the classes' way out; and networks that are not as told."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import ModelBrokenError, ModelMismatchError, ModelOutputError, RuntimeMissingError
from core.models import graph
from core.models.model import Model
from core.models.prediction import ClassMap
from tests.core.models.making import ALL, SIDE, a_runtime, a_table, coloured, means, planes, saved, soon

Made = Callable[..., Model]
NHWC = (1, SIDE, SIDE, 3)
CONSTANTS = (np.nan, np.inf, -np.inf)


def noise(seed: int = 1) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE, 3), np.uint8)


def given_back(ops: Any, picture: Any) -> Any:
    """The picture as the network gets it."""
    return ops.add(picture, ops.constant(np.float32(0)))


def tensors(model: Model, pixels: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    return a_runtime(model).tensors(model, pixels[np.newaxis], soon())


# --- the way in ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("color", ["BGR", "RGB"])
@pytest.mark.parametrize(
    ("mean", "scale"),
    [
        ((0.0,), (1.0,)),
        ((127.5,), (127.5,)),
        ((0.0,), (255.0,)),
        ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
        ((10.0,), (1.0, 2.0, 4.0)),
    ],
    ids=str,
)
def test_a_picture_becomes_the_input(made: Made, layout: str, color: str, mean: Any, scale: Any) -> None:
    about = {"layout": layout, "color": color, "mean": mean, "scale": scale}
    name = f"back-{layout}-{color}-{mean}-{scale}".lower().replace(" ", "")
    model = made(name, given_back, (1, 3, SIDE, SIDE) if layout == "NCHW" else NHWC, input=about, decoder="raw")
    pixels = noise()
    ordered = pixels.astype(np.float64)[:, :, ::-1] if color == "RGB" else pixels.astype(np.float64)
    expected = (ordered - mean) / scale
    got = tensors(model, pixels)["out0"][0]
    assert got.dtype == np.float32
    assert got == pytest.approx(expected.transpose(2, 0, 1) if layout == "NCHW" else expected, abs=1e-4)


def test_dynamic_sides(made: Made) -> None:
    model = made("dynamic", means, (1, 3, -1, -1), input={"size": (64, 64), "dynamic": True, "multiple": 8})
    runtime = a_runtime(model)
    for height, width in ((8, 64), (64, 8), (16, 16)):
        given = np.full((1, height, width, 3), (1, 2, 3), np.uint8)
        assert runtime.tensors(model, given, soon())["out0"][0] == pytest.approx([1, 2, 3])


# --- the way out ---------------------------------------------------------------------------------------------------


def class_map(model: Model, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    seen, _ = a_runtime(model).see(model, pixels, ALL, soon())
    assert isinstance(seen, ClassMap)
    return seen.map


SEGMENT = {"task": "segment", "decoder": "argmax"}


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_the_largest_class_is_chosen_in_the_graph(made: Made, layout: str) -> None:
    shape = (1, 3, SIDE, SIDE) if layout == "NCHW" else NHWC
    model = made(f"largest-{layout}".lower(), given_back, shape, input={"layout": layout}, **SEGMENT)
    pixels = noise(5)
    outputs = tensors(model, pixels)
    assert outputs["out0"].dtype == np.uint8
    assert list(outputs) == ["out0"]  # what looks for NaN is no output of the network
    assert np.array_equal(class_map(model, pixels), pixels.argmax(axis=2))


def test_of_equal_classes_the_first(made: Made) -> None:
    model = made("equal", given_back, **SEGMENT)
    assert not class_map(model, np.full((SIDE, SIDE, 3), 9, np.uint8)).any()


@pytest.mark.parametrize("kind", ["i32", "i64", "u8"])
@pytest.mark.parametrize("shape", [(1, SIDE, SIDE), (1, 1, SIDE, SIDE), (1, SIDE, SIDE, 1)], ids=str)
def test_a_map_of_whole_numbers_becomes_bytes(made: Made, kind: str, shape: tuple[int, ...]) -> None:
    def build(ops: Any, picture: Any) -> Any:
        first = ops.slice(picture, *(ops.constant(np.array([n])) for n in (0, 1, 1, 1)))
        return ops.convert(ops.reshape(first, ops.constant(np.array(shape)), False), kind)

    model = made(f"map-{kind}-{len(shape)}-{shape[1]}", build, labels=(), **SEGMENT)
    pixels = noise(7)
    assert tensors(model, pixels)["out0"].dtype == np.uint8
    assert np.array_equal(class_map(model, pixels), pixels[:, :, 0])


@pytest.mark.parametrize("wrong", [256, 70_000, -1])
def test_a_class_that_is_none(made: Made, wrong: int) -> None:
    def build(ops: Any, picture: Any) -> Any:
        whole = ops.convert(ops.reduce_max(picture, ops.constant(np.array([1]))), "i64")
        return ops.select(ops.equal(whole, ops.constant(np.int64(7))), ops.constant(np.int64(wrong)), whole)

    model = made(f"none-{wrong}", build, labels=(), **SEGMENT)
    pixels = np.full((SIDE, SIDE, 3), 6, np.uint8)
    assert (class_map(model, pixels) == 6).all()
    pixels[3, 4] = 7
    with pytest.raises(ModelOutputError):
        class_map(model, pixels)


def poisoned(value: float) -> Any:
    """A network whose scores hold one `value` where the picture's first pixel is black, and none elsewhere."""

    def build(ops: Any, picture: Any) -> Any:
        where = np.zeros((1, 3, SIDE, SIDE), np.bool_)
        where[0, 1, 0, 0] = True
        black = ops.logical_and(ops.equal(picture, ops.constant(np.float32(0))), ops.constant(where))
        return ops.select(black, ops.constant(np.float32(value)), picture)

    return build


@pytest.mark.parametrize("value", CONSTANTS, ids=str)
@pytest.mark.parametrize(
    ("decoder", "task", "build"),
    [
        ("argmax", "segment", poisoned),
        ("softmax", "classify", lambda value: lambda ops, p: means(ops, poisoned(value)(ops, p))),
        ("yolox", "detect", lambda value: lambda ops, p: ops.reshape(poisoned(value)(ops, p), [1, -1, 6], False)),
        ("yolo_v5", "detect", lambda value: lambda ops, p: ops.reshape(poisoned(value)(ops, p), [1, -1, 6], False)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_numbers_that_are_none(made: Made, value: float, decoder: str, task: str, build: Any) -> None:
    """NaN and Inf are a 503 of their own, folded or not; the same network without them is none."""
    labels = ("one",) if task == "detect" else ("a", "b", "c")
    side = {"size": (SIDE, SIDE)}
    model = made(f"poison-{decoder}-{value}", build(value), input=side, decoder=decoder, task=task, labels=labels)
    pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
    with pytest.raises((ModelOutputError, ModelMismatchError)) as told:
        a_runtime(model).see(model, pixels, ALL, soon())
    if decoder in {"argmax", "softmax"}:
        assert (told.value.status, told.value.code) == (503, "model_output")
        with pytest.raises(ModelOutputError):
            tensors(model, pixels)
        a_runtime(model).see(model, pixels + np.uint8(1), ALL, soon())


def test_half_floats_come_out_as_f32(made: Made) -> None:
    model = made("half", lambda ops, picture: ops.convert(means(ops, picture), "f16"))
    assert tensors(model, coloured(1))["out0"].dtype == np.float32


def test_outputs_come_in_the_order_of_the_table(made: Made) -> None:
    def build(ops: Any, picture: Any) -> Any:
        return [means(ops, picture), ops.reduce_max(picture, ops.constant(np.array([0, 1, 2, 3])))]

    assert list(tensors(made("two", build, decoder="raw"), coloured(0))) == ["out0", "out1"]
    assert list(tensors(made("two", build, decoder="raw", outputs=("out1", "out0")), coloured(0))) == ["out1", "out0"]
    assert list(tensors(made("two", build, decoder="raw", outputs=("out1",)), coloured(0))) == ["out1"]


# --- not as told ---------------------------------------------------------------------------------------------------


def error_of(model: Model) -> Any:
    with pytest.raises((ModelMismatchError, ModelBrokenError)) as told:
        a_runtime(model).see(model, coloured(0), ALL, soon())
    return told.value


@pytest.mark.parametrize(
    ("fields", "shape", "words"),
    [
        ({"input": {"name": "image"}}, (1, 3, 8, 8), ['one input "image"', "picture"]),
        ({"input": {"size": (16, 8)}}, (1, 3, 8, 8), ["[1,3,8,8]"]),
        ({"input": {"layout": "NHWC"}}, (1, 3, 8, 8), ["NHWC", "[1,3,8,8]"]),
        ({"input": {"type": "u8"}}, (1, 3, 8, 8), ["u8", "f32"]),
        ({"outputs": ("nothing",)}, (1, 3, 8, 8), ["outputs nothing", "out0"]),
        ({}, (1, 4, 8, 8), ["[1,4,8,8]"]),
        ({}, (2, 3, 8, 8), ["[2,3,8,8]"]),
        ({"input": {"size": (64, 64), "dynamic": True}}, (1, 3, 128, 128), ["[1,3,128,128]"]),
        ({**SEGMENT, "labels": ("a", "b")}, (1, 3, 8, 8), ["2 classes", "3"]),
        ({**SEGMENT, "labels": ("a", "b", "c"), "label_offset": 1}, (1, 3, 8, 8), ["2 classes", "3"]),
        ({"labels": ("a", "b")}, (1, 3, 8, 8), ["2 classes", "3"]),
        ({"decoder": "yolox", "task": "detect"}, (1, 3, 8, 8), ["yolox"]),
        ({"decoder": "ssd", "task": "detect"}, (1, 3, 8, 8), ["ssd"]),
        ({"decoder": "yunet", "task": "faces"}, (1, 3, 8, 8), ["yunet"]),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_network_that_is_not_as_its_table_says(
    made: Made, fields: dict[str, Any], shape: tuple[int, ...], words: list[str]
) -> None:
    build = given_back if fields.get("task") == "segment" else means
    name = f"mismatch-{build.__name__}-{'-'.join(map(str, shape))}"
    error = error_of(made(name, build, shape, **fields))
    assert (error.status, error.code) == (503, "model_mismatch")
    assert all(word in error.detail for word in words), error.detail


def test_two_inputs(networks: Path) -> None:
    def build(ops: Any, picture: Any) -> Any:
        return means(ops, picture)

    library, path = graph.openvino(), saved(networks, "two-inputs", build)
    network = graph.core().read_model(path)
    from openvino import opset13 as ops

    other = ops.parameter((1,), np.float32, name="other")
    both = ops.add(network.outputs[0].get_node().input_value(0), other)
    place = networks / "three-inputs.xml"
    library.save_model(library.Model([ops.result(both)], [*network.get_parameters(), other], "two"), place)
    assert error_of(a_table(place)).code == "model_mismatch"


def test_an_unknown_operator(networks: Path) -> None:
    path = saved(networks, "unknown", planes)
    text = path.read_text()
    path.write_text(text.replace('type="Multiply" version="opset1"', 'type="Teleport" version="opset1"'))
    assert path.read_text() != text
    error = error_of(a_table(path))
    assert error.code == "model_broken"
    assert "Teleport" not in error.detail


def test_openvinos_own_words_go_to_the_log_only(
    networks: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("darkroom"), "propagate", True)
    caplog.set_level(logging.WARNING, "darkroom")
    path = networks / "garbage.onnx"
    path.write_bytes(b"this is no network")
    error = error_of(a_table(path))
    assert error.code == "model_broken"
    assert "garbage.onnx" not in error.detail
    assert str(networks) not in error.detail
    assert caplog.records


@pytest.mark.parametrize("cut", [0, 1, 1000, 4], ids=lambda cut: f"{cut} bytes")
def test_weights_that_are_cut_though_their_checksum_is_theirs(networks: Path, cut: int) -> None:
    def build(ops: Any, picture: Any) -> Any:
        return ops.multiply(picture, ops.constant(np.ones((1, 3, SIDE, SIDE), np.float32)))

    path = saved(networks, f"cut-{cut}", build)
    weights = path.with_suffix(".bin")
    data = weights.read_bytes()
    weights.write_bytes(data[: len(data) - cut] if cut < len(data) else b"x")
    model = a_table(path, **SEGMENT)
    if cut:
        assert error_of(model).code == "model_broken"
    else:
        assert np.array_equal(class_map(model, noise()), noise().argmax(axis=2))


def test_without_openvino(colours: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in an image that was built without it."""
    graph.openvino.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "openvino", None)
    try:
        runtime = a_runtime(colours)
        with pytest.raises(RuntimeMissingError) as told:
            runtime.see(colours, coloured(0), ALL, soon())
        assert (told.value.status, told.value.code) == (503, "runtime_missing")
        assert runtime.state("colours").state == "failed"
    finally:
        graph.openvino.cache_clear()


def test_a_device_that_is_not_there(colours: Model) -> None:
    runtime = a_runtime(colours, device="GPU")
    if any(name.startswith("GPU") for name in graph.core().available_devices):
        pytest.skip("this machine has one")
    with pytest.raises(RuntimeMissingError, match="GPU"):
        runtime.see(colours, coloured(0), ALL, soon())


@pytest.mark.parametrize("device", ["AUTO", "AUTO:CPU"])
def test_devices_that_stand_for_others(colours: Model, device: str, tmp_path: Path) -> None:
    runtime = a_runtime(colours, device=device, compiled=tmp_path)
    for _ in range(2):
        seen, _ = runtime.see(colours, coloured(2), ALL, soon())
        assert seen.classes[0] == 2
        runtime.unload("colours")


@pytest.mark.parametrize("device", ["CPU", "AUTO"])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_device_does_as_it_is_told(colours: Model, device: str, threads: int) -> None:
    told = graph.config(device, "throughput", "f32", threads)
    paths = [Path(str(file.file)) for file in colours.files]
    compiled = graph.compiled(colours, graph.read_network(colours, paths), device, told)
    properties = compiled.get_property("DEVICE_PROPERTIES")["CPU"] if device == "AUTO" else told
    if device == "CPU":
        properties = {name: compiled.get_property(name) for name in (*told, "NUM_STREAMS")}
    assert properties["INFERENCE_NUM_THREADS"] == threads
    assert properties["ENABLE_CPU_PINNING"] is False
    assert properties["INFERENCE_PRECISION_HINT"] == graph.openvino().Type.f32
    assert properties["PERFORMANCE_HINT"] == "THROUGHPUT"


@pytest.mark.parametrize("precision", ["f32", "f16", "bf16"])
def test_precisions(colours: Model, precision: str) -> None:
    """A processor that cannot do one runs what it can: the answer is the same here, and no error."""
    runtime = a_runtime(colours, precision=precision)
    seen, _ = runtime.see(colours, coloured(2), ALL, soon())
    assert seen.classes[0] == 2
