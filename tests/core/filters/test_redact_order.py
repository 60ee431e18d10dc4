"""What comes too late to hide: steps that take what is hidden all over the picture, or tell of it."""

import numpy as np
import pytest

from core.errors import DarkroomError
from core.pipeline import Pipeline
from core.registry import filters
from tests.core.privacy.things import HIDES, MODELS

EVERYWHERE = [
    "autocontrast", "equalize", "clahe", "white_balance", "quantize", "threshold:method=otsu", "lowpass:50",
    "lowpass:10,ideal", "trim", "deskew", "crop:50p,50p,gravity=smart", "crop:50p,50p,gravity=faces",
    "crop_to:aspect=1:1", "canny", "contours", "skeleton", "hough_lines", "stylize", "deblur", "inpaint:mask",
]  # fmt: skip
MEASURES = ["palette", "histogram", "phash", "blurhash", "sharpness", "qr"]
NEAR = [
    "blur:15", "resize:50", "rotate:30", "crop:50p,50p", "pad:5", "sepia", "threshold", "threshold:method=adaptive",
    "contours:100", "lowpass:10", "draw", "count", "exif", "crop_to", "cutout", "blend:logo", "watermark:logo",
    "text:x", "classify", "faces", "redact", "crop:50p,50p,gravity=object,missing=error",
]  # fmt: skip


def told(text: str) -> str:
    """The code of the error, or nothing."""
    try:
        Pipeline.parse(text)
    except DarkroomError as error:
        assert error.status == 400
        return error.code
    return ""


@pytest.mark.parametrize("step", [*EVERYWHERE, *MEASURES])
@pytest.mark.parametrize("kind", MODELS)
def test_too_late(kind: str, step: str) -> None:
    hide = f"redact:area={HIDES[kind]}"
    looks = f"detect/{MODELS[kind]}" if kind == "map" else MODELS[kind]  # some read objects
    name = step.partition(":")[0]
    with pytest.raises(DarkroomError) as refused:
        Pipeline.parse(f"{looks}/{step}/blur:3/{hide}")
    assert (refused.value.status, refused.value.code) == (400, "redact_too_late")
    assert refused.value.fields["parameter"] == name
    assert f"redact/{name}" in refused.value.detail, "it names the right order"
    assert told(f"{looks}/{hide}/{step}") == "", "the right order is taken"


@pytest.mark.parametrize("step", NEAR)
def test_in_time(step: str) -> None:
    assert told(f"detect/{step}/redact") == ""


@pytest.mark.parametrize("step", MEASURES)
def test_a_measure_tells_the_same_before_the_model(step: str) -> None:
    assert told(f"{step}/detect/redact") == "redact_too_late"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("autocontrast/detect/redact", ""),  # what the model looks at
        ("detect/autocontrast/faces/redact", "redact_too_late"),  # what detect found is hidden too
        ("segment/autocontrast/detect/redact", ""),  # the map is not read
        ("segment/autocontrast/detect/redact:area=mask", "redact_too_late"),
        ("detect/autocontrast/draw", ""),  # nothing is hidden
        ("detect/redact/autocontrast/redact", "redact_too_late"),  # the second may hide what the first did not
        ("detect/redact/redact", ""),
        ("detect/redact:how=blur/redact", "redact_too_late"),  # its blocks hold what the second hides
        ("detect/redact:how=blur/redact:how=pixelate", ""),  # which tells means of blocks itself
        ("detect/redact/faces/redact", ""),
        ("detect/redact/palette", ""),
    ],
)
def test_between_several(text: str, code: str) -> None:
    assert told(text) == code


def test_every_measure_but_those_of_no_pixel_comes_too_late() -> None:
    measures = {name for name, known in filters().items() if known.kind == "measure"}
    assert {name for name in measures if told(f"detect/{name}/redact") == ""} == {"count", "exif", "track"}


def test_a_filter_that_declares_no_reach_comes_too_late() -> None:
    """An operator's own filter: whatever it does, nothing fails open."""
    from core import registry
    from core.picture import Pixels

    @registry.image_filter(cost=1)
    def homemade(pixels: Pixels) -> Pixels:
        """The mean of all."""
        return np.full_like(pixels, pixels.mean())

    try:
        assert told("detect/homemade/redact") == "redact_too_late"
        assert told("detect/redact/homemade") == ""
    finally:
        registry._filters.pop("homemade")
