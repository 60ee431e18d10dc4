"""The manifest: tables that are right, and every problem of those that are not."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.models import Manifest, ManifestError
from core.models.decoders import DECODERS
from core.models.labels import shipped_lists
from core.models.manifest import declared_labels
from core.models.model import TASKS, Model
from tests.conftest import ROOT

SHIPPED = ROOT / "core" / "models" / "models.toml"
SUM = "0123456789abcdef" * 4

GOOD = f"""
[mine]
title = "Mine"
task = "detect"
decoder = "yolox"
licence = "MIT"
source = "https://example.org/mine"
revision = "1"
memory = 1000
cost = 1
labels = ["cat", "dog"]
input = {{ name = "image", size = [64, 32] }}
files = [{{ file = "mine.onnx", bytes = 10, sha256 = "{SUM}" }}]
"""


def read(text: str, folder: Path = Path("/folder")) -> Manifest:
    return Manifest.read((text, folder))


def changed(**fields: Any) -> str:
    """The good table with fields replaced (None leaves one out), as TOML that JSON happens to be."""
    table = {
        "title": "Mine", "task": "detect", "decoder": "yolox", "licence": "MIT", "source": "", "revision": "1",
        "memory": 1000, "cost": 1, "labels": ["cat", "dog"], "input": {"name": "image", "size": [64, 32]},
        "files": [{"file": "mine.onnx", "bytes": 10, "sha256": SUM}],
    } | fields  # fmt: skip
    return "[mine]\n" + "\n".join(f"{name} = {inline(value)}" for name, value in table.items() if value is not None)


def inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {inline(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return msgspec.json.encode(value).decode()


def a_file(**fields: Any) -> list[dict[str, Any]]:
    about = {"file": "mine.onnx", "bytes": 10, "sha256": SUM} | fields
    return [{name: value for name, value in about.items() if value is not None}]


def an_input(**fields: Any) -> dict[str, Any]:
    return {"name": "image", "size": [64, 32]} | fields


def test_a_table_is_a_model() -> None:
    model = read(GOOD)["mine"]
    assert (model.name, model.task, model.labels) == ("mine", "detect", ("cat", "dog"))
    assert model.files[0].file == "/folder/mine.onnx"
    assert (model.files[0].name, model.files[0].algorithm, model.files[0].checksum) == ("mine.onnx", "sha256", SUM)
    assert model.input.size == (64, 32)
    assert declared_labels(model, ()) == ("cat", "dog")


def test_the_helper_of_these_tests_writes_the_same() -> None:
    assert read(changed(source="https://example.org/mine"))["mine"] == read(GOOD)["mine"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"title": None}, '"title" is missing'),
        ({"title": 7}, '"title": Expected `str`'),
        ({"titel": "x"}, '"titel" is unknown. Did you mean "title"?'),
        ({"name": "other"}, '"name"'),
        ({"task": "detekt"}, '"task"'),
        ({"decoder": "yolo_x"}, 'no decoder "yolo_x". Did you mean "yolox"?'),
        ({"decoder": "argmax"}, '"argmax" does not fit the task "detect"'),
        ({"decoder": "yolox", "task": "segment"}, '"yolox" does not fit the task "segment": use argmax'),
        ({"decoder": "yolox", "task": "classify"}, "softmax"),
        ({"decoder": "yolo11"}, 'Did you mean "yolo_v8"? Of this task there are yolox, '),
        ({"decoder": "yolov10"}, 'Did you mean "yolo_end2end"?'),
        ({"decoder": "rt-detr"}, 'Did you mean "rtdetr"?'),
        ({"decoder": "centernet"}, "Of this task there are yolox, "),
        ({"task": "detection"}, "use detect, faces, persons, segment, classify, attributes"),
        ({"precision": "FP16"}, "use f32, f16, bf16"),
        ({"input": an_input(type="float32")}, "use f32, u8, i32"),
        ({"input": an_input(layout="nchw")}, "use NCHW, NHWC"),
        ({"input": an_input(color="rgb")}, "use BGR, RGB"),
        ({"input": an_input(interpolation="bilinear")}, "use linear, area, nearest"),
        ({"input": an_input(size="64x32")}, "write [width, height]"),
        ({"input": an_input(size=64)}, "write [width, height]"),
        ({"input": an_input(size=[-64, 32])}, '"input.size": Expected `int` >= 1'),
        ({"input": an_input(multiple=-32)}, '"input.multiple": Expected `int` >= 1'),
        ({"input": an_input(mean=[1, 2, 3, 4])}, '"input.mean" must be one number or three'),
        ({"input": an_input(mean=127.5)}, "write a list, [127.5]"),
        ({"input": an_input(scale="1/255")}, "write a list"),
        ({"input": an_input(scale=[0.00392])}, "for pixels × 1/255 write 255"),
        ({"input": an_input(mean=[0.485, 0.456, 0.406], scale=[0.229, 0.224, 0.225])}, "times 255"),
        ({"labels": "cat, dog"}, 'Names stand in a list: ["cat", "dog"]'),
        ({"labels": "coco80.txt"}, 'Did you mean "coco80"?'),
        ({"labels": ["cat", " "]}, '"labels[1]" must be a name'),
        ({"labels": ["c\nat", "dog"]}, '"labels[0]" must be a name'),
        ({"outputs": "scores"}, '"outputs": Expected `array`, got `str`: write a list'),
        ({"outputs": ["a", "b", "a"]}, '"outputs" names "a" twice'),
        ({"keypoints": ["nose", "nose"]}, '"keypoints" names "nose" twice'),
        ({"heads": [{"name": "age"}]}, '"heads" are of the decoder "heads" only'),
        ({"box_order": "xywh"}, '"box_order" is unknown. There are title, task, decoder, '),
        ({"files": "mine.onnx"}, "write a list of tables"),
        ({"files": a_file(file="mine.xml")}, "must have the weights of the .xml too, a .bin"),
        ({"files": a_file(file="models/")}, "file is a folder: name the file in it"),
        ({"files": a_file(file="https://example.org/mine.onnx")}, 'write it as "url"'),
        ({"files": a_file(file="best.pt")}, '"best.pt" is PyTorch\'s: export the network to ONNX'),
        ({"files": a_file(file="mine.engine")}, "is TensorRT's, of one GPU: export"),
        ({"files": a_file(file="mine.txt")}, 'must begin with the network: .xml, .onnx, .tflite, not "mine.txt"'),
        ({"memory": 0}, '"memory"'),
        ({"memory": 1.5}, '"memory"'),
        ({"cost": 0}, '"cost"'),
        ({"score": 1.5}, '"score"'),
        ({"iou": -1}, '"iou"'),
        ({"labels": "nowhere.txt"}, '"nowhere.txt" is neither one of its files nor a shipped list: coco80'),
        ({"labels": "../labels/coco80"}, "is neither"),
        ({"labels": [1, 2]}, '"labels"'),
        ({"precision": "int8"}, '"precision"'),
        ({"input": "image"}, '"input" must be a table'),
        ({"input": {"name": "image"}}, '"input.size" is missing'),
        ({"input": an_input(size=[64])}, '"input.size"'),
        ({"input": an_input(size=[64, 0])}, '"input.size"'),
        ({"input": an_input(size=[64, 70000])}, '"input.size"'),
        ({"input": an_input(resize="squash")}, '"input.resize"'),
        ({"input": an_input(fill=256)}, '"input.fill"'),
        ({"input": an_input(scale=[1, 2])}, '"input.scale" must be one number or three'),
        ({"input": an_input(mean=[])}, '"input.mean" must be one number or three'),
        ({"input": an_input(scale=[0])}, "cannot be 0"),
        ({"input": an_input(type="u8", scale=[255.0])}, '"input.mean" and "input.scale" cannot be set'),
        ({"input": an_input(type="u8", mean=[1, 2, 3])}, '"input.mean" and "input.scale" cannot be set'),
        ({"input": an_input(dynamic=True, multiple=24)}, "multiples of 24"),
        ({"input": an_input(colour="RGB")}, '"input.colour" is unknown. Did you mean "color"?'),
        ({"cost_at": {"image": [1, 3, 64, 64]}}, '"cost_at" is of networks that take tensors'),
        ({"cost_at": {"image": [0]}, "input": None, "decoder": "raw"}, '"cost_at"'),
        ({"files": []}, "must begin with the network"),
        ({"files": {}}, '"files"'),
        ({"files": a_file(file="mine.pt")}, "must begin with the network"),
        ({"files": a_file(file=None)}, "either url or file"),
        ({"files": a_file(url="https://example.org/mine.onnx")}, "either url or file"),
        (
            {"files": a_file(file=None, url="http://example.org/mine.onnx")},
            "url must be https, file, or http on this machine",
        ),
        ({"files": a_file(file=None, url="http://[::1/mine.onnx")}, "url must be https, file, or http on this machine"),
        (
            {"files": a_file(file=None, url="ftp://example.org/mine.onnx")},
            "url must be https, file, or http on this machine",
        ),
        (
            {"files": a_file(file=None, url="https://me:secret@example.org/mine.onnx")},
            "url must be https, file, or http on this machine",
        ),
        (
            {"files": a_file(file=None, url="http://127.0.0.1.example.org/mine.onnx")},
            "url must be https, file, or http on this machine",
        ),
        ({"files": a_file(sha256=None)}, "either sha256 or sha384"),
        ({"files": a_file(sha384="0" * 96)}, "either sha256 or sha384"),
        ({"files": a_file(sha256="0" * 63)}, "sha256 must be 64 lower-case hex digits"),
        ({"files": a_file(sha256=SUM.upper())}, "sha256 must be 64 lower-case hex digits"),
        ({"files": a_file(sha256=None, sha384=SUM)}, "sha384 must be 96 lower-case hex digits"),
        ({"files": a_file(bytes=0)}, '"files[0].bytes"'),
        ({"files": a_file(bytes=None)}, '"files[0].bytes" is missing'),
        ({"copies": [a_file() * 2]}, '"copies[0]" has 2 files, but "files" has 1'),
        ({"copies": [a_file(sha256="x")]}, '"copies[0][0]" sha256 must be'),
        ({"copies": [a_file(bites=1)]}, '"copies[0][0].bites" is unknown. Did you mean "bytes"?'),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_wrong_table_is_told(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ManifestError) as told:
        read(changed(**fields))
    (line,) = [line for line in told.value.problems if problem in line]
    assert line.startswith("[mine] ")


@pytest.mark.parametrize(
    "fields",
    [
        {"files": a_file(file=None, url=url)}
        for url in (
            "https://example.org/a/b.onnx", "file:///srv/models/b.onnx", "http://127.0.0.1:8000/b.onnx",
            "http://localhost/b.tflite", "http://[::1]:99/b.onnx",
        )
    ]
    + [
        {"labels": "coco80"}, {"labels": []}, {"labels": None}, {"input": an_input(scale=[58.0, 57.0, 57.5])},
        {"input": an_input(dynamic=True, multiple=32)}, {"files": a_file(sha256=None, sha384="ab" * 48)},
        {"copies": [a_file(), a_file(bytes=11)]}, {"precision": "bf16"},
    ],
    ids=lambda value: str(value)[:70],
)  # fmt: skip
def test_a_right_table_is_taken(fields: dict[str, Any]) -> None:
    assert list(read(changed(**fields))) == ["mine"]


@pytest.mark.parametrize(
    ("written", "instead", "problem"),
    [
        ("[mine]", '["org/mine"]', "[org/mine] is not a valid name"),
        ("[mine]", "[my.net]", 'a name with a dot stands in quotes, ["my.net"]'),
        ("[mine]", "[[mine]]", "[mine] must be a table, in single brackets"),
        ("size = [64, 32]", "size = [64, 32], mean = [nan]", '"input.mean" must be finite'),
        ("size = [64, 32]", "size = [64, 32], scale = [inf]", '"input.scale" must be finite'),
        ("size = [64, 32]", "size = [64, 32], mean = [1e40]", '"input.mean" must be finite, and a million at most'),
    ],
)
def test_a_table_that_toml_takes(written: str, instead: str, problem: str) -> None:
    with pytest.raises(ManifestError) as told:
        read(GOOD.replace(written, instead))
    (line,) = told.value.problems
    assert problem in line


def test_labels_of_other_scripts_are_taken() -> None:
    assert read(changed(labels=["猫", "chien\u00a0loup"]))["mine"].labels == ("猫", "chien\u00a0loup")


def test_all_problems_are_told_at_once() -> None:
    text = changed(title=None, memory="much", input=an_input(fill=300), files=a_file(bytes=-1)) + "\n[UPPER]\n"
    with pytest.raises(ManifestError) as told:
        Manifest.read((text, Path()), ("this is = no TOML =", Path()))
    problems = " ".join(told.value.problems)
    for part in ("title", "memory", "input.fill", "files[0].bytes", "[UPPER] is not a valid name", "not valid TOML"):
        assert part in problems
    assert str(told.value).count("\n") == len(told.value.problems)


def test_a_later_manifest_adds_and_replaces() -> None:
    theirs = changed(title="Theirs").replace("[mine]", "[theirs]") + "\n" + changed(title="Better")
    both = Manifest.read((GOOD, Path("/a")), (theirs, Path("/b")))
    assert list(both) == ["mine", "theirs"]
    assert both["mine"].title == "Better"
    assert both["mine"].files[0].file == "/b/mine.onnx"
    assert (both.own, both.replaced) == ({"mine", "theirs"}, {"mine"})
    assert (read(GOOD).own, read(GOOD).replaced) == (set(), set())


@pytest.mark.parametrize("place", [0, 1], ids=["shipped", "operator"])
def test_a_model_that_is_twice_in_one_text(place: int) -> None:
    texts = [GOOD.replace("[mine]", "[other]"), GOOD]
    texts[place] *= 2
    with pytest.raises(ManifestError) as told:
        Manifest.read(*((text, Path()) for text in texts))
    (problem,) = told.value.problems
    name = ("other", "mine")[place]
    assert problem.startswith(f"not valid TOML: Cannot declare ('{name}',) twice (at line ")


# --- what ships ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped() -> Manifest:
    return Manifest.read((SHIPPED.read_text(), SHIPPED.parent))


def test_every_model_of_the_issue_has_a_table(shipped: Manifest) -> None:
    assert set(shipped) >= {
        "yolox_nano", "yolox_tiny", "yolox_s", "yolox_m", "yolox_l", "yolox_x", "yunet", "mobilenet_v2", "deeplabv3",
        "semantic-segmentation-adas-0001", "road-segmentation-adas-0001", "face-detection-retail-0005",
        "person-detection-retail-0013",
    }  # fmt: skip
    for task in TASKS:
        assert shipped.names(task)


def test_licences_are_permissive(shipped: Manifest) -> None:
    assert {model.licence for model in shipped.values()} <= {"Apache-2.0", "MIT"}


def test_no_two_files_are_called_the_same_and_are_different(shipped: Manifest) -> None:
    files = [file for model in shipped.values() for files in model.sets for file in files]
    assert len({file.checksum for file in files}) == len(
        {(file.checksum, file.bytes, file.algorithm) for file in files}
    )


def test_weights_of_others_are_not_committed(shipped: Manifest) -> None:
    ours = [file.file for model in shipped.values() for file in model.files if file.file is not None]
    assert all(Path(path).is_file() for path in ours)


@pytest.mark.parametrize(
    ("name", "count", "first", "last"),
    [
        ("yolox_nano", 80, "person", "toothbrush"),
        ("semantic-segmentation-adas-0001", 20, "road", "ego-vehicle"),
        ("road-segmentation-adas-0001", 4, "background", "mark"),
        ("deeplabv3", 21, "background", "tv monitor"),
        ("yunet", 1, "face", "face"),
        ("person-detection-retail-0013", 1, "person", "person"),
    ],
)
def test_labels_of_what_ships(shipped: Manifest, name: str, count: int, first: str, last: str) -> None:
    labels = shipped[name].labels
    assert (len(labels), labels[0], labels[-1]) == (count, first, last)


def test_lists_have_no_gaps() -> None:
    for name in shipped_lists():
        lines = (ROOT / "core" / "models" / "labels" / f"{name}.txt").read_text().splitlines()
        assert all(line.strip() == line and line for line in lines)
        assert len(set(lines)) == len(lines)


def test_checksums_of_the_shared_files(shipped: Manifest, data: Path) -> None:
    """Each model that lies in the shared data is named with its true checksum, in `files` or in `copies`."""
    named = {(file.algorithm, file.checksum) for model in shipped.values() for files in model.sets for file in files}
    here = [path for path in (data / "models").rglob("*") if path.suffix in {".xml", ".bin", ".onnx", ".tflite"}]
    other = {"FP16", "FP16-INT8"}  # precisions of the segmentation that the manifest does not name
    for path in here:
        if "semantic-segmentation" in path.name and path.parent.name in other:
            continue
        sums = {(kind, hashlib.new(kind, path.read_bytes()).hexdigest()) for kind in ("sha256", "sha384")}
        assert named & sums, path


def test_every_decoder_fits_some_task() -> None:
    fitting: dict[str, set[str]] = {task: set() for task in TASKS}
    for task in TASKS:
        for decoder in DECODERS:
            try:
                read(changed(task=task, decoder=decoder))
                fitting[task].add(decoder)
            except ManifestError:
                continue
    assert set().union(*fitting.values()) == set(DECODERS)
    assert fitting["detect"] == fitting["faces"] == fitting["persons"]
    others = fitting["segment"] | fitting["classify"] | fitting["attributes"]
    assert fitting["detect"] & others == {"raw"}, "it fits everything, since it decodes nothing"


def test_a_model_is_a_value() -> None:
    model = read(GOOD)["mine"]
    assert isinstance(model, Model)
    assert msgspec.convert(msgspec.to_builtins(model), Model) == model
