"""Wrong tables are refused when the model is loaded, and the error says what to change."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from core.errors import ModelError
from core.models import graph
from core.models.model import Head, Model
from core.models.runtime import Runtime
from tests.core.models.making import ALL, SIDE, a_runtime, a_table, coloured, saved, soon, sums

Made = Callable[..., Model]
Build = Callable[[Any, Any], Any]
THREE = ("a", "b", "c")
GRID = {"size": (64, 64)}
IN64 = (1, 3, 64, 64)


def gives(*outputs: Any) -> Build:
    """A network that gives these arrays, whatever it sees."""

    def build(ops: Any, picture: Any) -> Any:
        nothing = ops.multiply(
            ops.reduce_mean(picture, ops.constant(np.array([0, 1, 2, 3]))), ops.constant(np.float32(0))
        )
        made = []
        for output in outputs:
            values = np.asarray(output)
            zero = ops.convert(nothing, ops.constant(values).get_element_type().get_type_name())
            made.append(ops.add(ops.constant(values), zero))
        return made

    return build


def zeros(*shape: int) -> np.ndarray[Any, Any]:
    return np.zeros(shape, np.float32)


LOGITS = zeros(1, 7, 84) - 4
LIST = [np.array([[0, 2]], np.int64), np.array([[[1, 1, 30, 30], [5, 5, 40, 40]]], np.float32), zeros(1, 2) + 0.9]
NAN = zeros(1, 84, 8)
NAN[0, 0, 0] = np.nan
PART = zeros(1, 2) + 0.5
"""A score of one half for two classes."""


class Wrong(NamedTuple):
    """A network, its table, and what the error must say."""

    build: Build
    table: dict[str, Any]
    words: tuple[str, ...]
    shape: tuple[int, ...] = IN64


DETECT = {"task": "detect", "labels": THREE, "input": GRID}
TABLES = {
    "another input's name": Wrong(gives(PART), {"input": {**GRID, "name": "image"}}, ('"input.name"', "picture")),
    "another size": Wrong(gives(PART), {"input": {"size": (32, 32)}}, ('"input.size" to [64, 64]',)),
    "the other layout": Wrong(gives(PART), {"input": {**GRID, "layout": "NHWC"}}, ('"input.layout" to NCHW',)),
    "bytes for floats": Wrong(gives(PART), {"input": {**GRID, "type": "u8"}}, ('"input.type" to f32',)),
    "four channels": Wrong(gives(PART), {"input": GRID}, ("three channels",), (1, 4, 64, 64)),
    "two pictures": Wrong(gives(PART), {"input": GRID}, ("one picture at a time",), (2, 3, 64, 64)),
    "a constant of no input": Wrong(
        gives(PART), {"input": GRID, "constants": {"size": (1.0,)}}, ('"constants"', '"size"')
    ),
    "an output that is not there": Wrong(
        gives(PART), {"input": GRID, "outputs": ("scores",)}, ('change "outputs"', "out0")
    ),
    "points of a decoder that gives none": Wrong(
        gives(zeros(1, 84, 8)),
        {**DETECT, "decoder": "yolox", "keypoints": ("nose", "tail")},
        ('no "keypoints"', "not 2"),
    ),
    "another decoder": Wrong(
        gives(zeros(1, 84, 8)), {**DETECT, "decoder": "yolo_v8"}, ('"out0" float32 [1, 84, 8]', '"yolox"', '"yolo_v5"')
    ),
    "boxes for a label": Wrong(
        gives(zeros(1, 84, 8)), {"task": "classify", "labels": THREE, "input": GRID}, ('"yolox" (another task)',)
    ),
    "outputs in another order": Wrong(
        gives(zeros(1, 20, 4), zeros(1, 20, 3)), {**DETECT, "decoder": "detr_sigmoid"}, ('outputs = ["out1", "out0"]',)
    ),
    "lists in another order": Wrong(
        gives(LIST[1], LIST[0], LIST[2]), {**DETECT, "decoder": "rtdetr"}, ('outputs = ["out1", "out0", "out2"]',)
    ),
    "too many outputs": Wrong(gives(zeros(1, 84, 8), zeros(1, 2)), {**DETECT, "decoder": "yolox"}, ('"outputs"',)),
    "too few labels": Wrong(
        gives(zeros(1, 84, 8)), {**DETECT, "decoder": "yolox", "labels": ("a",)}, ("not 3", '"labels"')
    ),
    "too many labels": Wrong(
        gives(zeros(1, 84, 8)), {**DETECT, "decoder": "yolox", "labels": tuple("abcde")}, ("5 classes", '"labels"')
    ),
    "the background among the labels": Wrong(
        gives(zeros(1, 20, 3), zeros(1, 20, 4)),
        {**DETECT, "decoder": "ssd_scores", "label_offset": -1},
        ("4 classes", '"labels" names 3'),
    ),
    "labels of a map": Wrong(
        gives(zeros(1, 21, 64, 64)),
        {**DETECT, "task": "segment", "decoder": "argmax"},
        ("21", '"labels" or "label_offset"'),
    ),
    "a class past the labels": Wrong(
        gives(*LIST), {**DETECT, "decoder": "rtdetr", "labels": ("a", "b")}, ("class 2", '"label_offset"')
    ),
    "logits for probabilities": Wrong(gives(LOGITS), {**DETECT, "decoder": "yolo_v8"}, ("scores outside 0 to 1",)),
    "a grid of other strides": Wrong(gives(zeros(1, 80, 8)), {**DETECT, "decoder": "yolox"}, ("80", '"yolo_v5"')),
    "no names of points": Wrong(gives(zeros(1, 4, 16, 16)), {**DETECT, "decoder": "heatmaps"}, ("names of keypoints",)),
    "more points than names": Wrong(
        gives(zeros(1, 1, 17, 3)), {**DETECT, "decoder": "movenet", "keypoints": ("nose",)}, ('"keypoints" names', "17")
    ),
    "another number of points": Wrong(
        gives(zeros(1, 90, 35)), {**DETECT, "decoder": "nanodet_plus"}, ("85 or 84", "64×64", "90")
    ),
    "no heads": Wrong(
        gives(PART), {"task": "attributes", "decoder": "heads", "input": GRID}, ('"heads" in the table',)
    ),
    "a head's labels": Wrong(
        gives(PART),
        {"task": "attributes", "decoder": "heads", "input": GRID, "heads": (Head(name="mood", labels=THREE),)},
        ('3 labels for "mood"',),
    ),
    "numbers that are none": Wrong(gives(NAN), {**DETECT, "decoder": "yolox"}, ("NaN",)),
}


def refused(model: Model) -> ModelError:
    runtime = a_runtime(model)
    with pytest.raises(ModelError) as told:
        runtime.load(model.name, soon(), fetch=False)
    assert runtime.state(model.name).state == "failed"
    assert runtime.state(model.name).reason == told.value.detail
    return told.value


@pytest.mark.parametrize("name", TABLES)
def test_a_wrong_table_is_refused_at_load(made: Made, name: str) -> None:
    wrong = TABLES[name]
    model = made(f"wrong-{name.replace(' ', '-').replace(chr(39), '')}", wrong.build, wrong.shape, **wrong.table)
    error = refused(model)
    assert error.code in {"model_mismatch", "model_output"}
    assert all(word in error.detail for word in wrong.words), error.detail


def test_labels_of_a_file_are_counted_too(made: Made, tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("one\ntwo\n")
    model = made("names-of-a-file", gives(zeros(1, 3)), IN64, input=GRID)
    files = (*model.files, sums(tmp_path / "names.txt"))
    error = refused(a_table_with(model, files=files, labels="names.txt"))
    assert "2 classes" in error.detail
    assert '"labels"' in error.detail


def a_table_with(model: Model, **fields: Any) -> Model:
    import msgspec

    return msgspec.structs.replace(model, **fields)


# --- right ones ----------------------------------------------------------------------------------------------------


def test_a_right_table_is_ready_and_has_run_nothing_yet(made: Made) -> None:
    model = made("right", gives(zeros(1, 84, 8)), IN64, **DETECT, decoder="yolox")
    runtime = a_runtime(model)
    runtime.load(model.name, soon(), fetch=False)
    state = runtime.state(model.name)
    assert (state.state, state.runs, state.latency_ms) == ("ready", 0, None), "the trial is none of its runs"


def test_a_network_without_a_decoder_gives_tensors(made: Made) -> None:
    model = made("no-decoder", gives(zeros(2, 3, 5)), IN64, task="detect", decoder="raw", input=GRID)
    runtime = a_runtime(model)
    image = np.zeros((1, 64, 64, 3), np.uint8)
    assert runtime.tensors(model, image, soon())["out0"].shape == (2, 3, 5)
    with pytest.raises(ModelError, match=r"/v2"):
        runtime.see(model, coloured(0, 64), ALL, soon())


@pytest.fixture(scope="module")
def two_inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RT-DETR's way: boxes from 0 to 1 times a size that is an input of its own."""
    library, folder = graph.openvino(), tmp_path_factory.mktemp("two")
    from openvino import opset13 as ops

    one = graph.core().read_model(saved(folder, "one", gives(LIST[0], LIST[1] / 64, LIST[2]), IN64))
    asked = ops.parameter((1, 2), np.int64, name="sizes")
    asked.output(0).set_names({"orig_target_sizes"})
    sources = [port.get_node().input_value(0) for port in one.outputs]
    twice = ops.unsqueeze(ops.concat([ops.convert(asked, "f32")] * 2, 1), ops.constant(np.array([1])))
    outputs = [sources[0], ops.multiply(sources[1], twice).output(0), sources[2]]
    results = []
    for name, source in zip(("labels", "boxes", "scores"), outputs, strict=True):
        results.append(ops.result(source))
        results[-1].output(0).set_names({name})
    path = folder / "two.xml"
    library.save_model(library.Model(results, [*one.get_parameters(), asked], "two"), path, compress_to_fp16=False)
    return path


def rtdetr(path: Path, **fields: Any) -> tuple[Runtime, Model]:
    outputs = ("labels", "boxes", "scores")
    model = a_table(path, task="detect", decoder="rtdetr", outputs=outputs, labels=THREE, input=GRID, **fields)
    return a_runtime(model), model


def test_constants_take_the_place_of_further_inputs(two_inputs: Path) -> None:
    runtime, model = rtdetr(two_inputs, constants={"orig_target_sizes": (64, 64)})
    seen, _ = runtime.see(model, coloured(0, 64), ALL, soon())
    assert seen.boxes.tolist() == [[1, 1, 30, 30], [5, 5, 40, 40]]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("constants", "words"),
    [
        ({}, '"constants"'),
        ({"orig_target_sizes": (64.0,)}, "1 values"),
        ({"sizes": (64.0, 64.0)}, 'further input "sizes"'),
    ],
    ids=["none", "too few", "another name"],
)
def test_further_inputs_without_their_values(two_inputs: Path, constants: dict[str, Any], words: str) -> None:
    error = refused(rtdetr(two_inputs, constants=constants)[1])
    assert error.code == "model_mismatch"
    assert words in error.detail


def test_whole_numbers_of_four_bytes(networks: Path) -> None:
    """MoveNet's input."""
    library = graph.openvino()
    from openvino import opset13 as ops

    picture = ops.parameter((1, SIDE, SIDE, 3), np.int32, name="picture")
    picture.output(0).set_names({"picture"})
    mean = ops.reduce_mean(ops.convert(picture, "f32"), ops.constant(np.array([1, 2])))
    path = networks / "int32.xml"
    library.save_model(library.Model([ops.result(mean)], [picture], "int32"), path)
    model = a_table(path, input={"type": "i32", "layout": "NHWC", "color": "RGB"}, decoder="raw")
    image = coloured(0)[np.newaxis]
    assert next(iter(a_runtime(model).tensors(model, image, soon()).values())).tolist() == [[0, 0, 200]]
    assert '"input.type" to i32' in refused(a_table(path, input={"layout": "NHWC"})).detail
