"""`qr` and `barcodes` as steps: what follows of what they find."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import DarkroomError
from core.imaging.codes import KINDS, Kind
from core.pipeline import Pipeline
from core.registry import find_filter
from tests.core.barcodes import SAYS, turned, written
from tests.core.filters.support import measured, run


def page(angle: float = 0) -> NDArray[np.uint8]:
    """A Code 128 above a Data Matrix, in colour."""
    bars, matrix = written("code128", margin=30), written("data_matrix", margin=30)
    drawn = np.full((bars.shape[0] + matrix.shape[0], bars.shape[1]), 255, np.uint8)
    drawn[: bars.shape[0]] = bars
    drawn[bars.shape[0] :, : matrix.shape[1]] = matrix
    drawn = turned(drawn, angle)[0] if angle else drawn
    return cv2.cvtColor(drawn, cv2.COLOR_GRAY2BGR)


def labels(text: str, pixels: NDArray[np.uint8]) -> list[str]:
    return [seen.label for seen in run(text, pixels).findings.objects or ()]


def test_barcodes_are_objects_with_facts() -> None:
    picture = run("barcodes", page())
    bars, matrix = picture.findings.to_json(*picture.size)["objects"]
    assert (bars["label"], bars["text"], bars["score"]) == ("code128", SAYS["code128"], 1)
    assert (matrix["label"], matrix["text"]) == ("data_matrix", "hello")
    assert matrix["box"] == pytest.approx([30, 290, 48, 48], abs=2)
    assert "base64" not in matrix


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("barcodes", ["code128", "data_matrix"]),
        ("barcodes:data_matrix", ["data_matrix"]),
        ("barcodes:qr+ean13", []),
        ("barcodes/rotate:90", ["code128", "data_matrix"]),
        ("barcodes/crop:900,240", ["code128"]),
        ("barcodes:kinds=aztec/barcodes:kinds=code128", ["code128"]),
    ],
)
def test_kinds_and_geometry(text: str, found: list[str]) -> None:
    assert labels(text, page()) == found


def test_count_and_crop_to() -> None:
    assert run("barcodes/count", page()).findings.counts == {"code128": 1, "data_matrix": 1}
    cut = run("barcodes/crop_to:data_matrix,margin=0", page())
    assert cut.size == pytest.approx((48, 48), abs=3)


@pytest.mark.parametrize("angle", [0, 20, 45])
@pytest.mark.parametrize("after", ["", "/rotate:30", "/resize:300"])
def test_redact_hides_all_of_them(angle: int, after: str) -> None:
    """Without a margin, and where the reader tells the place of a part of the bars only."""
    hidden = run(f"barcodes{after}/redact:margin=0,color=fff", page(angle)).pixels
    assert (hidden < 128).any(axis=2).mean() < 0.0015
    assert labels("barcodes", hidden) == []


def test_redact_takes_kinds() -> None:
    hidden = run("barcodes/redact:data_matrix", page()).pixels
    assert labels("barcodes", hidden) == ["code128"]
    with pytest.raises(DarkroomError) as refused:
        run("barcodes:ean13/redact:code128", page())
    assert refused.value.code == "unknown_class"


def test_on_transparent_ground() -> None:
    drawn = page()
    clear = np.dstack([np.zeros_like(drawn), 255 - drawn[:, :, :1]])
    assert labels("barcodes", clear) == ["code128", "data_matrix"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_on_alpha(kind: Kind) -> None:
    """What is transparent is white, whatever colour is stored there."""
    drawn = written(kind)
    pixels = np.zeros((*drawn.shape, 4), np.uint8)
    pixels[drawn < 128] = (40, 20, 10, 255)
    picture = run(f"barcodes:{kind}", pixels)
    (found,) = picture.findings.to_json(*picture.size)["objects"]
    assert (found["label"], found["text"]) == (kind, SAYS[kind])


def test_grey_and_opaque_alpha() -> None:
    drawn = page()
    assert labels("barcodes", drawn[:, :, :1].copy()) == ["code128", "data_matrix"]
    assert labels("barcodes", np.dstack([drawn, np.full(drawn.shape[:2], 255, np.uint8)])) == ["code128", "data_matrix"]


def test_quads_run_clockwise_even_of_mirrored_codes() -> None:
    for drawn in (page(), np.ascontiguousarray(page()[:, ::-1])):
        for seen in run("barcodes", drawn).findings.objects or ():
            (x0, y0), (x1, y1), _, (x3, y3) = seen.region.quad
            assert (x1 - x0) * (y3 - y0) - (y1 - y0) * (x3 - x0) > 0


def test_qr_tells_separators_and_bytes() -> None:
    for content, facts in (("01\x1d21", {"text": "01\x1d21"}), (b"\x00\xff", {"base64": "AP8="})):
        (found,) = measured("qr", cv2.cvtColor(written("qr", content), cv2.COLOR_GRAY2BGR))
        assert {key: found[key] for key in ("text", "base64") if key in found} == facts


def test_what_the_step_is() -> None:
    known = find_filter("barcode")
    assert (known.name, known.kind, known.needs, known.finds) == ("barcodes", "vision", [], True)
    assert Pipeline.parse("barcodes").only_looks
    assert Pipeline.parse("barcodes").sees, "every frame of an animation"
    quick, all_kinds = (Pipeline.parse(text).steps[0] for text in ("barcodes:qr", "barcodes"))
    sizes = [known.cost_of(step.arguments).seconds(4e6, 3) for step in (quick, all_kinds)]
    assert sizes[0] < sizes[1] / 2


def test_what_was_smeared_before_is_hidden_too() -> None:
    """As of a model: a blur carries a bar's grey as far as it reaches."""
    (sighting,) = run("blur:15/barcodes", page()).findings.sightings
    assert [change.reach for change in sighting.changes] == [(7, 7)]
    (sighting,) = run("barcodes", page()).findings.sightings
    assert sighting.changes == ()
