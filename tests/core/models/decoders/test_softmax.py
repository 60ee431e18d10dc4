"""Classification beside SciPy's softmax."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import softmax

from core.models.prediction import Classification, DetectionOptions
from core.picture import Size
from tests.core.models.support import decode

SIZE = Size(224, 224)
EVERY = DetectionOptions(score=0.0, iou=0.45, most=10_000)


def made(output: NDArray[np.generic], wanted: DetectionOptions = EVERY, **fields: object) -> Classification:
    found = decode("softmax", [output], SIZE, wanted, **fields)
    assert isinstance(found, Classification)
    assert (found.classes.dtype, found.scores.dtype) == (np.intp, np.float32)
    return found


LOGITS = np.random.default_rng(1).normal(0, 3, 50).astype(np.float32)
CHANCES = softmax(LOGITS.astype(np.float64))
BEST = np.argsort(-CHANCES, kind="stable")


@pytest.mark.parametrize("shape", [(1, 50), (1, 50, 1, 1), (1, 1, 1, 50), (50,)], ids=str)
@pytest.mark.parametrize(
    ("output", "within"),
    [
        (LOGITS, 1e-6),
        (LOGITS + 400, 1e-5),
        (CHANCES.astype(np.float32), 1e-6),
        (CHANCES.astype(np.float16), 1e-3),
        (CHANCES, 1e-6),
    ],
    ids=["logits", "large logits", "probabilities", "f16 probabilities", "f64 probabilities"],
)
def test_scores(output: NDArray[np.floating], within: float, shape: tuple[int, ...]) -> None:
    found = made(output.reshape(shape))
    assert np.abs(found.scores - CHANCES[found.classes]).max() < within
    assert found.classes[:5].tolist() == BEST[:5].tolist()
    assert sorted(found.classes) == list(range(50))


def test_logits_from_0_to_1_are_no_probabilities() -> None:
    logits = np.array([[0.9, 0.8, 0.1]], np.float32)
    assert made(logits).scores == pytest.approx(softmax(logits[0]))


def test_bytes_are_256ths() -> None:
    found = made(np.array([[0, 64, 128, 32, 32]], np.uint8))
    assert (found.classes.tolist(), found.scores.tolist()) == ([2, 1, 3, 4, 0], [0.5, 0.25, 0.125, 0.125, 0])


@pytest.mark.parametrize(
    ("wanted", "fields", "expected"),
    [
        (DetectionOptions(0.0, 0.45, 2), {}, [2, 1]),
        (DetectionOptions(0.2, 0.45, 5), {}, [2, 1]),
        (DetectionOptions(0.0, 0.45, 5, frozenset({0, 1})), {}, [1, 0]),
        (DetectionOptions(0.0, 0.45, 5), {"label_offset": 1}, [3, 2, 4, 5, 1]),
        (DetectionOptions(0.0, 0.45, 5), {"label_offset": -1}, [1, 0, 2, 3]),
        (DetectionOptions(0.0, 0.45, 5, frozenset({0, 1})), {"label_offset": -1}, [1, 0]),
        (DetectionOptions(0.6, 0.45, 5), {}, []),
    ],
    ids=["two", "over the score", "classes", "moved up", "no background", "classes are labels", "none"],
)
def test_wanted(wanted: DetectionOptions, fields: dict[str, int], expected: list[int]) -> None:
    assert made(np.array([[0, 64, 128, 32, 32]], np.uint8), wanted, **fields).classes.tolist() == expected
