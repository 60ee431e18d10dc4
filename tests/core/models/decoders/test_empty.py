"""Networks that give nothing: no rows, no classes, no outputs. Every decoder finds nothing or says what it expects."""

import math

import msgspec
import numpy as np
import pytest

from core.errors import ModelError
from core.models.decoders import DECODERS
from core.models.model import Input, Model
from core.models.prediction import DetectionOptions
from core.picture import Size

SHAPES: tuple[tuple[tuple[int, ...], ...], ...] = (
    (), ((),), ((0,),), ((1, 0),), ((0, 0),), ((0, 6),), ((0, 7),), ((1, 0, 6),), ((1, 0, 33),), ((1, 0, 56),),
    ((1, 0, 85),), ((1, 84, 0),), ((1, 1, 0, 7),), ((1, 1, 0, 3),), ((1, 17, 0, 0),), ((1, 0, 16, 16),),
    ((1, 3, 0, 4),), ((1, 0, 8), (1, 0, 4)), ((1, 0, 4), (1, 0, 2)), ((1, 0, 5), (1, 0)), ((1, 116, 0), (1, 32, 0, 0)),
    ((1, 0, 4), (1, 0), (1, 0)), ((1, 0, 4), (1, 0), (1, 0), (1,)), (*[(1, 0, 3)] * 3, *[(1, 0, 32)] * 3),
)  # fmt: skip
MODEL = Model(
    name="empty", title="", task="detect", decoder="", files=(), licence="", source="", revision="1", memory=1, cost=1,
    input=Input(name="image", size=(64, 64)),
)  # fmt: skip


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("points", [0, 1, 17])
def test_what_is_empty_is_no_surprise(decoder: str, points: int) -> None:
    model = msgspec.structs.replace(MODEL, decoder=decoder, keypoints=tuple(map(str, range(points))))
    for shapes in SHAPES:
        for score in (0.3, -math.inf):
            outputs = [np.zeros(shape, np.float32) for shape in shapes]
            try:
                DECODERS[decoder](outputs, model, Size(64, 64), DetectionOptions(score, 1.0, 100))
            except ModelError as error:
                assert error.detail
