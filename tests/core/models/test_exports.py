"""Tables of docs/models.md, as pasted, with the detector that ships exported in their layout: it sees what is told."""

from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from core.models.fit import Fit
from core.models.manifest import Manifest
from core.models.model import Model
from core.models.prediction import ClassMap, DetectionOptions, Prediction
from core.models.vision import findings_of
from core.picture import Pixels, Size
from tests.conftest import ROOT
from tests.core.models.making import soon, sums
from tests.core.models.test_trained import HEAD, opened
from tools.docs_layouts import LAYOUTS, Layout
from tools.layouts.exports import EXPORTED, written_as
from tools.shapes.outlines import LABELS

RUN = [layout for layout in LAYOUTS if layout.decoder in EXPORTED]
OBJECTS = [layout for layout in RUN if layout.decoder not in {"deeplab", "movenet"}]


def square() -> Pixels:
    """The eight shapes, made square by grey below: the network was trained on pictures that keep their shape."""
    picture = np.asarray(cv2.imread(str(ROOT / "docs" / "img" / "shapes.png")), np.uint8)
    ground = np.full((picture.shape[1], picture.shape[1], 3), 114, np.uint8)
    ground[: picture.shape[0]] = picture
    return ground


def prediction_of(layout: Layout, folder: Path, labels: tuple[str, ...], task: str) -> tuple[Prediction, Fit, Model]:
    """What the exported network tells of the shapes by the table as pasted, but for `labels` and `task`."""
    file = '{ file = "x.onnx", bytes = 1, sha256 = "' + "0" * 64 + '" }'
    text = f"[mine]\n{HEAD}{layout.table}\nfiles = [{file}]\n"
    table, path = Manifest.read(("", folder), (text, folder))["mine"], folder / f"{layout.decoder}.xml"
    written_as(layout.decoder, table.input, table.outputs, path)
    files = (sums(path), sums(path.with_suffix(".bin")))
    model = msgspec.structs.replace(table, labels=labels, task=task, files=files)
    prediction, fit = opened(model).see(model, square(), DetectionOptions(model.score, model.iou, 100), soon())
    return prediction, fit, model


def seen(layout: Layout, folder: Path) -> list[str]:
    """What the network sees, left to right."""
    prediction, fit, model = prediction_of(layout, folder, LABELS, "detect")
    side = square().shape[0]
    found = findings_of(prediction, fit, model, LABELS, Size(side, side)).objects or ()
    return [f"{one.label} {one.score:.2f}" for one in sorted(found, key=lambda one: one.region.bounds[0])]


@pytest.mark.parametrize("layout", OBJECTS, ids=lambda layout: layout.decoder)
def test_a_table_as_pasted_sees_what_the_docs_tell(layout: Layout, tmp_path: Path) -> None:
    found = [one.split() for one in seen(layout, tmp_path)]
    told = [one.split() for one in layout.seen]
    assert sorted(label for label, _ in found) == sorted(LABELS)
    assert {label: float(score) for label, score in found} == pytest.approx(
        {label: float(score) for label, score in told}, abs=0.02
    )


def test_a_class_map_shows_the_shares_that_the_docs_tell(tmp_path: Path) -> None:
    layout = next(layout for layout in RUN if layout.decoder == "deeplab")
    found, _, _ = prediction_of(layout, tmp_path, ("background", *LABELS), "segment")
    assert isinstance(found, ClassMap)
    shares = 100 * np.bincount(found.map.ravel(), minlength=len(LABELS) + 1) / found.map.size
    told = {label: float(share) for label, share in (one.removesuffix(" %").split() for one in layout.seen)}
    assert dict(zip(("background", *LABELS), shares, strict=True)) == pytest.approx(told, abs=0.3)


def test_points_lie_where_the_docs_tell(tmp_path: Path) -> None:
    layout = next(layout for layout in RUN if layout.decoder == "movenet")
    found, fit, model = prediction_of(layout, tmp_path, ("person",), "persons")
    (person,) = findings_of(found, fit, model, ("person",), Size(*square().shape[1::-1])).objects or ()
    places = {point.name: (point.x, point.y) for point in person.keypoints if point.score > 0}
    told = {name: (float(x.rstrip(",")), float(y)) for name, _, x, y in (one.split() for one in layout.seen)}
    assert places.keys() == told.keys()
    for name, place in places.items():
        assert place == pytest.approx(told[name], abs=1.5)


def test_every_export_is_told() -> None:
    assert {layout.decoder for layout in RUN} == set(EXPORTED)
