"""Whatever numbers a network gives, a decoder gives findings that make sense, or an error of ours."""

import contextlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from core.errors import ModelError
from core.models.prediction import AttributeValues, Classification, ClassMap, DetectionOptions, Detections, Prediction
from tests.core.models.decoders.test_guards import RIGHT, SIZE, fields_of
from tests.core.models.support import PACE, decode

_usual = st.floats(0, 1, width=32)
_finite = st.one_of(_usual, st.floats(width=32, allow_nan=False, allow_infinity=False), st.floats(-100, 100, width=32))
_wanted = st.builds(
    DetectionOptions,
    score=st.sampled_from([0.0, 0.3, 1.0]),
    iou=st.sampled_from([0.0, 0.45, 1.0]),
    most=st.integers(0, 5),
    classes=st.one_of(st.none(), st.frozensets(st.integers(0, 3))),
)


@st.composite
def _outputs(draw: st.DrawFn, decoder: str) -> list[NDArray[Any]]:
    elements = draw(st.sampled_from([_usual, _finite, st.floats(width=32)]))
    shapes = [output.shape for output in RIGHT[decoder]()]
    return [draw(arrays(np.float32, shape, elements=elements, fill=_usual)) for shape in shapes]


@pytest.mark.parametrize("decoder", RIGHT)
def test_findings_make_sense(decoder: str) -> None:
    decoded = 0

    @PACE
    @given(_outputs(decoder), _wanted)
    def all_make_sense(outputs: list[NDArray[Any]], wanted: DetectionOptions) -> None:
        nonlocal decoded
        with contextlib.suppress(ModelError):
            found = decode(decoder, outputs, SIZE, wanted, **fields_of(decoder))
            decoded += 1
            _assert_sense(found, wanted)

    all_make_sense()
    assert decoded > 0, "whatever it was handed was refused"


def _assert_sense(found: Prediction, wanted: DetectionOptions) -> None:
    if isinstance(found, AttributeValues):
        age, gender = found.values
        assert np.isfinite(age.number)
        assert 0.5 <= gender.score <= 1
        return
    if isinstance(found, ClassMap):
        assert found.map.max() < 3
        return
    _assert_wanted(found, wanted)
    if isinstance(found, Detections):
        _assert_inside(found)


def _assert_wanted(found: Detections | Classification, wanted: DetectionOptions) -> None:
    assert len(found.scores) == len(found.classes) <= wanted.most
    assert ((found.scores >= min(np.float32(wanted.score), 1)) & (found.scores <= 1)).all()
    assert (np.diff(found.scores) <= 0).all()
    assert (found.classes >= 0).all()
    assert wanted.classes is None or set(found.classes.tolist()) <= wanted.classes


def _assert_inside(found: Detections) -> None:
    left, top, right, bottom = found.boxes.T
    assert ((left >= 0) & (left < right) & (right <= SIZE.width)).all()
    assert ((top >= 0) & (top < bottom) & (bottom <= SIZE.height)).all()
    for more in (found.keypoints, found.masks):
        assert more is None or (len(more) == len(found.boxes) and np.isfinite(more).all())
