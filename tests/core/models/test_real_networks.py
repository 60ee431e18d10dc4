"""Whole models of the shared data through the runtime: the figures of its README, and equal results ways apart."""

import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from core.models.decoders import DECODERS
from core.models.files import Files
from core.models.fit import fitted
from core.models.loading import RuntimeOptions
from core.models.manifest import Manifest
from core.models.prediction import Classification, ClassMap, DetectionOptions, Detections, Prediction
from core.models.runtime import Runtime
from core.picture import Pixels
from tests.core.models.conftest import Photo
from tests.core.models.making import soon

AT_HAND = (
    "yolox_nano", "yunet", "face-detection-retail-0005", "person-detection-retail-0013", "road-segmentation-adas-0001",
    "mobilenet_v2", "deeplabv3",
)  # fmt: skip


def see(runtime: Runtime, name: str, pixels: Pixels, score: float | None = None) -> Prediction:
    model = runtime.manifest[name]
    wanted = DetectionOptions(model.score if score is None else score, model.iou, 200)
    return runtime.see(model, pixels, wanted, soon())[0]


def counted(runtime: Runtime, name: str, pixels: Pixels, score: float | None = None) -> Counter[str]:
    seen = see(runtime, name, pixels, score)
    assert isinstance(seen, Detections)
    labels = runtime.labels(runtime.manifest[name])
    return Counter(labels[index] for index in seen.classes)


@pytest.mark.parametrize(
    ("name", "picture", "score", "counts"),
    [
        ("yolox_nano", "ovms_people1", 0.3, {"person": 10}),
        ("yolox_nano", "ovms_zebra", 0.3, {"zebra": 1}),
        ("yolox_nano", "kite", 0.3, {"kite": 4, "person": 6}),
        ("yolox_nano", "pets", 0.3, {"dog": 2}),
        ("yolox_nano", "cat_720p", 0.3, {"cat": 1}),
        ("yolox_nano", "hot_dog", 0.3, {"hot dog": 1}),
        ("yolox_nano", "ovms_road1", 0.35, {"car": 17, "bus": 1}),
        ("yunet", "ovms_people1", None, {"face": 10}),
        ("face-detection-retail-0005", "ovms_people1", None, {"face": 10}),
        ("person-detection-retail-0013", "ovms_people1", None, {"person": 8}),
    ],
)
def test_figures(
    runtime: Runtime, photo: Photo, name: str, picture: str, score: float | None, counts: dict[str, int]
) -> None:
    got = counted(runtime, name, photo(picture), score)
    assert all(got[label] >= 1 and abs(got[label] - count) <= 1 for label, count in counts.items()), got


@pytest.mark.parametrize(
    ("picture", "least", "most"), [("ovms_road1", 15, 60), ("face", 0, 0.5), ("cat_720p", 0, 0.5), ("squat", 1.5, 3.5)]
)
def test_share_of_road(runtime: Runtime, photo: Photo, picture: str, least: float, most: float) -> None:
    seen = see(runtime, "road-segmentation-adas-0001", photo(picture))
    assert isinstance(seen, ClassMap)
    assert least <= 100 * float((seen.map == 1).mean()) <= most


def test_bird(runtime: Runtime, photo: Photo) -> None:
    seen = see(runtime, "deeplabv3", photo("bird_segmentation"))
    assert isinstance(seen, ClassMap)
    bird = runtime.labels(runtime.manifest["deeplabv3"]).index("bird")
    ours, theirs = seen.map == bird, photo("bird_segmentation_mask")[:, :, 0] == bird
    assert (ours & theirs).sum() / (ours | theirs).sum() >= 0.8


@pytest.mark.parametrize(
    ("picture", "label"),
    [("cat_720p", "Egyptian cat"), ("parrot", "macaw"), ("hot_dog", "hotdog"), ("ovms_zebra", "zebra")],
)
def test_top_label(runtime: Runtime, photo: Photo, picture: str, label: str) -> None:
    seen = see(runtime, "mobilenet_v2", photo(picture), 0.0)
    assert isinstance(seen, Classification)
    assert runtime.labels(runtime.manifest["mobilenet_v2"])[seen.classes[0]].startswith(label)


def test_imagenet_has_1001_names(runtime: Runtime) -> None:
    labels = runtime.labels(runtime.manifest["mobilenet_v2"])
    assert (len(labels), labels[0], labels[286]) == (1001, "background", "Egyptian cat")


@pytest.mark.parametrize("channels", [1, 3, 4], ids=["grey", "bgr", "bgra"])
@pytest.mark.parametrize("name", AT_HAND)
def test_every_kind_of_picture(runtime: Runtime, photo: Photo, name: str, channels: int) -> None:
    colour = photo("ovms_people1")
    grey = cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY)
    pixels = {1: grey[:, :, None], 3: colour, 4: cv2.cvtColor(colour, cv2.COLOR_BGR2BGRA)}[channels]
    if channels == 3:
        see(runtime, name, pixels)
    else:
        plain = grey if channels == 1 else colour
        same = see(runtime, name, cv2.cvtColor(plain, cv2.COLOR_GRAY2BGR) if channels == 1 else plain)
        for ours, theirs in zip(see(runtime, name, pixels), same, strict=True):
            assert (ours is None and theirs is None) or np.array_equal(ours, theirs)


@pytest.mark.parametrize("size", [(1, 1), (3000, 2), (2, 3000), (37, 211)], ids=str)
@pytest.mark.parametrize("name", AT_HAND)
def test_odd_sizes(runtime: Runtime, name: str, size: tuple[int, int]) -> None:
    see(runtime, name, np.full((size[1], size[0], 3), 90, np.uint8))


@pytest.mark.parametrize("name", AT_HAND)
def test_kept_compiled_equals_fresh(
    manifest: Manifest, shared_files: Files, photo: Photo, tmp_path: Path, name: str
) -> None:
    """The same bits: from a compiler's run, and from what it left in the folder."""
    pixels = fitted(photo("ovms_people1"), manifest[name].input)[0][np.newaxis]
    options = RuntimeOptions(threads=1, memory=10**9, compiled=tmp_path)
    fresh, kept = (Runtime(manifest, shared_files, options).tensors(manifest[name], pixels, soon()) for _ in range(2))
    assert len(list(tmp_path.glob("*.blob"))) == 1
    assert fresh.keys() == kept.keys()
    assert all(np.array_equal(fresh[output], kept[output]) for output in fresh)


@pytest.mark.parametrize("name", AT_HAND)
def test_tensors_decode_to_what_is_seen(runtime: Runtime, photo: Photo, name: str) -> None:
    model, pixels = runtime.manifest[name], photo("ovms_people1")
    image, fit = fitted(pixels, model.input)
    wanted = DetectionOptions(model.score, model.iou, 200)
    outputs = runtime.tensors(model, image[np.newaxis], soon())
    for ours, theirs in zip(
        DECODERS[model.decoder](list(outputs.values()), model, fit.size, wanted),
        runtime.see(model, pixels, wanted, soon())[0],
        strict=True,
    ):
        assert (ours is None and theirs is None) or np.array_equal(ours, theirs)


@pytest.mark.parametrize("hint", ["latency", "throughput"])
def test_hints_and_threads_see_the_same(
    manifest: Manifest, shared_files: Files, photo: Photo, tmp_path: Path, hint: Any
) -> None:
    for threads in (1, 2):
        options = RuntimeOptions(threads=threads, memory=10**9, hint=hint, compiled=tmp_path)
        runtime = Runtime(manifest, shared_files, options)
        assert abs(counted(runtime, "yolox_nano", photo("ovms_people1"), 0.3)["person"] - 10) <= 1


def test_two_of_four_real_models_in_turns(
    manifest: Manifest, shared_files: Files, photo: Photo, tmp_path: Path
) -> None:
    names = AT_HAND[:4]
    room = sum(sorted(manifest[name].memory for name in names)[-2:])
    runtime = Runtime(manifest, shared_files, RuntimeOptions(threads=1, memory=room, compiled=tmp_path))
    pixels = photo("ovms_people1")
    first = {name: counted(runtime, name, pixels) for name in names}
    for name in itertools.chain(*[names] * 5):
        assert counted(runtime, name, pixels) == first[name]
    states = [runtime.state(name) for name in names]
    assert sum(state.bytes for state in states if state.state == "ready") <= room
    assert [state.runs for state in states] == [6] * 4
