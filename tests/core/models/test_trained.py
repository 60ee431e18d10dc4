"""Networks that were really trained (`make train-layouts`), on pictures of seeds that training never saw."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from core.models.loading import RuntimeOptions
from core.models.manifest import Manifest
from core.models.model import Model
from core.models.prediction import AttributeValues, DetectionOptions, Detections
from core.models.runtime import Runtime
from tests.conftest import ROOT
from tests.core.models.making import at_hand, soon, sums
from tools.docs_layouts import LAYOUTS, TRAINED
from tools.layouts.drawing import POINTS, arrow, styled

SHIPPED = ROOT / "core" / "models"
SEED, PICTURES = 9_000_000, 200
HEAD = 'title = ""\nlicence = "Apache-2.0"\nsource = ""\nrevision = "1"\nmemory = 9_000_000\ncost = 1\n'


def pasted(decoder: str, file: Path) -> Model:
    """The table of docs/models.md for a decoder, with this file."""
    table = next(layout.table for layout in LAYOUTS if layout.decoder == decoder)
    parts = [sums(file), sums(file.with_suffix(".bin"))]
    files = ", ".join(f'{{ file = "{one.file}", bytes = {one.bytes}, sha256 = "{one.sha256}" }}' for one in parts)
    text = f"[mine]\n{HEAD}{table}\nfiles = [{files}]\n"
    return Manifest.read(("", file.parent), (text, file.parent))["mine"]


def opened(model: Model) -> Runtime:
    return Runtime(Manifest([model]), at_hand, RuntimeOptions(threads=2, memory=10**8))


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.decoder)
def test_every_table_is_taken_as_pasted(layout: Any) -> None:
    file = '{ file = "x.onnx", bytes = 1, sha256 = "' + "0" * 64 + '" }'
    text = f"[mine]\n{HEAD}{layout.table}\nfiles = [{file}]\n"
    assert Manifest.read(("", ROOT), (text, ROOT))["mine"].decoder == layout.decoder


# --- heatmaps ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def arrows() -> tuple[Runtime, Model]:
    model = pasted("heatmaps", ROOT / TRAINED / "arrows.xml")
    return opened(model), model


def misses(arrows: tuple[Runtime, Model]) -> Iterator[float]:
    """How far the tip and the tail lie from where they were drawn, pixels of 64."""
    runtime, model = arrows
    for number in range(PICTURES):
        drawn = arrow(SEED + number)
        found, _ = runtime.see(model, drawn.pixels, DetectionOptions(0.0, 0.5, 1), soon())
        assert isinstance(found, Detections)
        assert found.keypoints is not None
        places = found.keypoints[0, :, :2] if len(found.boxes) else np.inf  # tip and tail at one place are no box
        yield from np.hypot(*(places - drawn.points).T).tolist()


def test_an_arrows_tip_and_tail_are_found(arrows: tuple[Runtime, Model]) -> None:
    far = np.array(list(misses(arrows)))
    assert len(far) == PICTURES * len(POINTS)
    assert np.median(far) < 2
    assert (far < 5).mean() > 0.9


def test_the_arrow_that_the_docs_show(arrows: tuple[Runtime, Model]) -> None:
    """It is one that training never saw, and both places of both points are told as they are."""
    runtime, model = arrows
    drawn = arrow(SEED)
    pixels: Any = cv2.imread(str(ROOT / "docs/img/arrow.png"))
    assert np.array_equal(pixels, drawn.pixels)
    found, _ = runtime.see(model, pixels, DetectionOptions(0.0, 0.5, 1), soon())
    assert isinstance(found, Detections)
    assert found.keypoints is not None
    proof = next(layout.proof for layout in LAYOUTS if layout.decoder == "heatmaps").rpartition("arrow.png")[2]
    told = np.array(re.findall(r"[\d.]+\d", proof), float).reshape(2, 2, 2)
    assert np.abs(told - [found.keypoints[0, :, :2], drawn.points]).max() < 0.51


# --- attributes ----------------------------------------------------------------------------------------------------


def test_a_shapes_style_and_lightness() -> None:
    manifest = Manifest.read(((SHIPPED / "models.toml").read_text(), SHIPPED))
    model = manifest["shape_style"]
    runtime = opened(model)
    right, off = [], []
    for number in range(PICTURES):
        drawn = styled(SEED + number)
        found, _ = runtime.see(model, drawn.pixels, DetectionOptions(0.0, 0.5, 1), soon())
        assert isinstance(found, AttributeValues)
        lightness, style = found.values
        right.append(style.label == ("filled", "outlined")[drawn.style])
        off.append(abs(float(lightness.number or 0) - 100 * drawn.lightness))
    assert np.mean(right) >= 0.97
    assert np.median(off) < 5
