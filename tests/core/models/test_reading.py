"""A prediction stays what it was when the network's next run overwrites its outputs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.models.reading import prediction_of
from core.picture import Size
from tests.core.models.making import ALL, SIDE, a_table, means, saved

BOXES = np.array([[[1, 1, 5, 5], [2, 2, 7, 7]]], np.float32)


@pytest.mark.parametrize(
    ("fields", "outputs"),
    [
        ({"task": "segment", "decoder": "argmax"}, [np.ones((1, SIDE, SIDE), np.uint8)]),
        ({"task": "segment", "decoder": "argmax"}, [np.ones((1, SIDE // 2, SIDE // 2), np.uint8)]),
        ({"task": "persons", "decoder": "movenet"}, [np.full((1, 1, 17, 3), 0.5, np.float32)]),
        ({"task": "classify", "decoder": "softmax"}, [np.array([[0.2, 0.5, 0.3]], np.float32)]),
        (
            {"task": "detect", "decoder": "rtdetr"},
            [np.array([[0, 2]], np.int64), BOXES, np.array([[0.9, 0.5]], np.float32)],
        ),
    ],
    ids=["a map", "a smaller map", "points", "labels", "boxes"],
)
def test_nothing_of_an_output_is_kept(tmp_path: Path, fields: dict[str, Any], outputs: list[Any]) -> None:
    model = a_table(saved(tmp_path, "network", means), **fields)
    found = prediction_of(model, Size(SIDE, SIDE), ALL, {str(n): output for n, output in enumerate(outputs)})
    before = repr(found)
    for output in outputs:
        output[:] = 7
    assert repr(found) == before
