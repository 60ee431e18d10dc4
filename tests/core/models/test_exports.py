"""Tables of docs/models.md, as pasted, with the detector that ships exported in their layout: it sees what is told."""

from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from core.models.manifest import Manifest
from core.models.prediction import DetectionOptions
from core.models.vision import findings_of
from core.picture import Pixels, Size
from tests.conftest import ROOT
from tests.core.models.making import soon, sums
from tests.core.models.test_trained import HEAD, opened
from tools.docs_layouts import LAYOUTS, Layout
from tools.layouts.exports import EXPORTED, written_as
from tools.shapes.outlines import LABELS

RUN = [layout for layout in LAYOUTS if layout.decoder in EXPORTED]


def square() -> Pixels:
    """The eight shapes, made square by grey below: the network was trained on pictures that keep their shape."""
    picture = np.asarray(cv2.imread(str(ROOT / "docs" / "img" / "shapes.png")), np.uint8)
    ground = np.full((picture.shape[1], picture.shape[1], 3), 114, np.uint8)
    ground[: picture.shape[0]] = picture
    return ground


def seen(layout: Layout, folder: Path) -> list[str]:
    """What the network sees, left to right."""
    file = '{ file = "x.onnx", bytes = 1, sha256 = "' + "0" * 64 + '" }'
    text = f"[mine]\n{HEAD}{layout.table}\nfiles = [{file}]\n"
    table, path = Manifest.read(("", folder), (text, folder))["mine"], folder / f"{layout.decoder}.xml"
    written_as(layout.decoder, table.input, table.outputs, path)
    files = (sums(path), sums(path.with_suffix(".bin")))
    model = msgspec.structs.replace(table, labels=LABELS, task="detect", files=files)
    picture, wanted = square(), DetectionOptions(model.score, model.iou, 100)
    prediction, fit = opened(model).see(model, picture, wanted, soon())
    found = findings_of(prediction, fit, model, LABELS, Size(picture.shape[1], picture.shape[0])).objects or ()
    return [f"{one.label} {one.score:.2f}" for one in sorted(found, key=lambda one: one.region.bounds[0])]


@pytest.mark.parametrize("layout", RUN, ids=lambda layout: layout.decoder)
def test_a_table_as_pasted_sees_what_the_docs_tell(layout: Layout, tmp_path: Path) -> None:
    found = [one.split() for one in seen(layout, tmp_path)]
    told = [one.split() for one in layout.seen]
    assert sorted(label for label, _ in found) == sorted(LABELS)
    assert {label: float(score) for label, score in found} == pytest.approx(
        {label: float(score) for label, score in told}, abs=0.02
    )


def test_every_export_is_told() -> None:
    assert {layout.decoder for layout in RUN} == set(EXPORTED)
