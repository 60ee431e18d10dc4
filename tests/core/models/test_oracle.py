"""What `detect` answers is what the network sees in the whole picture, whatever the answer looks like.

The oracle beside is independent: labels, their number and their order are equal, boxes within a pixel or a hundredth.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core import codecs
from core.limits import Deadline, Limits
from core.models.runtime import Runtime
from core.output import Output
from core.pipeline import Pipeline
from core.process import process
from core.run import Context
from tests.conftest import ROOT
from tests.core.models.oracle import NETWORKS, Found, found, frames
from tools.shapes.drawing import scene

STEPS = {
    "yunet": "faces:yunet", "face-detection-retail-0005": "faces:face-detection-retail-0005",
    "person-detection-retail-0013": "persons:person-detection-retail-0013",
}  # fmt: skip
LIMITS = Limits()
ONE = 0.01
"""How far scores may be apart: Pillow's JPEG decoder and ours may differ by a level."""


def a_drawing(seed: int, quality: int, size: tuple[int, int]) -> bytes:
    """Drawn shapes, large, as a JPEG of halved colours."""
    drawn = Image.fromarray(scene(9_000_000 + seed).pixels[:, :, ::-1].copy()).resize(size, Image.Resampling.BICUBIC)
    file = BytesIO()
    drawn.save(file, "JPEG", quality=quality)
    return file.getvalue()


def a_crop(photo: Path, share: float, quality: int) -> bytes:
    """A photograph from its upper left, as a JPEG."""
    whole = Image.open(photo).convert("RGB")
    file = BytesIO()
    whole.crop((0, 0, round(whole.width * share), round(whole.height * share))).save(file, "JPEG", quality=quality)
    return file.getvalue()


DRAWN = {f"drawing {seed}": (seed, 75 + 5 * seed, (1600 - 170 * seed, 1200 - 130 * seed)) for seed in range(5)}
PHOTOS = {
    "yolox_nano": ("kite.jpg", "ovms_people1.jpeg", "ovms_zebra.jpeg", "ovms_road1.jpg", "ovms_coco.jpg"),
    "yunet": ("ovms_people1.jpeg", "kite.jpg"),
    "face-detection-retail-0005": ("ovms_people1.jpeg", "ovms_coco.jpg"),
    "person-detection-retail-0013": ("ovms_people1.jpeg", "kite.jpg"),
}
CASES = [
    *(("shapes", name, 1.0, 0) for name in DRAWN),
    *((name, photo, share, quality) for name, photos in PHOTOS.items() for photo in photos
      for share, quality in ((1.0, 95), (0.8, 70))),
]  # fmt: skip


def file_of(data: Path, picture: str, share: float, quality: int) -> bytes:
    if picture in DRAWN:
        return a_drawing(*DRAWN[picture])
    return a_crop(data / "images" / "photos" / picture, share, quality)


def answers(runtime: Runtime, file: bytes, step: str) -> Iterator[tuple[str, list[list[dict[str, Any]]]]]:
    """The objects of each frame, in each form of the answer."""
    told, pictures = {"image": False, "every_frame": True}, {"image": True, "every_frame": True}
    forms: dict[str, list[Output]] = {
        "JSON": [Output(pipeline=Pipeline.parse(step), format="apng", **told)],
        "JSON with the picture": [Output(pipeline=Pipeline.parse(step), format="apng", **pictures)],
        "JSON with a still": [Output(pipeline=Pipeline.parse(step), format="jpeg", **pictures)],
        "the picture, counted": [Output(pipeline=Pipeline.parse(f"{step}/count"), format="apng")],
        "beside others": [
            Output(pipeline=Pipeline.parse(step), format="apng", **told),
            Output(pipeline=Pipeline.parse("blur:15"), format="jpeg"),
            Output(pipeline=Pipeline.parse("grayscale"), format="png"),
        ],
    }
    for form, outputs in forms.items():
        context = Context(LIMITS, Deadline(600), models=runtime)
        first = next(process(file, codecs.probe(file, LIMITS), outputs, context))
        findings = first.findings()
        yield form, [frame["objects"] for frame in findings.get("frames", [findings])]


def assert_same(seen: list[dict[str, Any]], expected: list[Found], labels: tuple[str, ...], about: str) -> None:
    assert [one["class"] for one in seen] == [one.number for one in expected], about
    for one, other in zip(seen, expected, strict=True):
        assert labels[other.number].partition(",")[0].replace(" ", "_") == one["label"], about
        assert one["score"] == pytest.approx(other.score, abs=ONE), about
        for got, right in zip(one["box"], other.box, strict=True):
            assert abs(got - right) <= max(1.0, 0.01 * max(other.box[2:])), about


@pytest.mark.parametrize(("name", "picture", "share", "quality"), CASES, ids=str)
def test_detect_answers_what_the_oracle_finds(
    runtime: Runtime, data: Path, name: str, picture: str, share: float, quality: int
) -> None:
    network, folder = NETWORKS[name], ROOT if name == "shapes" else data / "models"
    file = file_of(data, picture, share, quality)
    (pixels,) = frames(file)
    expected = found(network, folder, pixels)
    labels = runtime.labels(runtime.manifest[name])
    for form, ((*seen,),) in answers(runtime, file, STEPS.get(name, f"detect:{name}")):
        assert_same(seen, expected, labels, f"{name}, {picture}: {form}")


@pytest.mark.parametrize("written", ["GIF", "PNG", "WEBP"])
def test_each_frame_of_an_animation(runtime: Runtime, written: str) -> None:
    drawn = [Image.open(BytesIO(a_drawing(seed, 95, (640, 480)))).convert("RGB") for seed in range(4)]
    empty, file = Image.new("RGB", (640, 480), "white"), BytesIO()
    empty.save(file, written, save_all=True, append_images=drawn, duration=100, lossless=True)
    expected = [found(NETWORKS["shapes"], ROOT, frame) for frame in frames(file.getvalue())]
    labels = runtime.labels(runtime.manifest["shapes"])
    assert not expected[0]
    assert sum(map(len, expected)) > 4
    for form, seen in answers(runtime, file.getvalue(), "detect:shapes"):
        assert len(seen) == len(expected), form
        for number, (objects, right) in enumerate(zip(seen, expected, strict=True)):
            assert_same(objects, right, labels, f"frame {number}: {form}")
