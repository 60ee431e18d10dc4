"""Attributes: numbers and labels of one object, as Open Model Zoo's networks of faces give them."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import ModelMismatchError
from core.models.model import Head
from core.models.prediction import AttributeValues
from tests.core.models.support import ALL, SIZE, decode

AGE, GENDER = Head(name="age", times=100), Head(name="gender", labels=("female", "male"))
MOODS = Head(name="mood", labels=("neutral", "happy", "sad", "surprise", "anger"))


def told(outputs: list[NDArray[Any]], *heads: Head) -> AttributeValues:
    found = decode("heads", outputs, SIZE, ALL, heads=heads)
    assert isinstance(found, AttributeValues)
    return found


def test_age_and_gender() -> None:
    """age-gender-recognition-retail-0013: hundredths of a century [1, 1, 1, 1], probabilities [1, 2, 1, 1]."""
    age = np.full((1, 1, 1, 1), 0.314, np.float32)
    gender = np.array([0.1, 0.9], np.float32).reshape(1, 2, 1, 1)
    found = told([age, gender], AGE, GENDER)
    assert [(one.name, one.label) for one in found.values] == [("age", None), ("gender", "male")]
    assert found.values[0].number == pytest.approx(31.4)
    assert found.values[1].score == pytest.approx(0.9)


@pytest.mark.parametrize("shape", [(1, 5), (5,), (1, 5, 1, 1), (1, 1, 5)], ids=str)
def test_logits_are_made_probabilities(shape: tuple[int, ...]) -> None:
    logits = np.array([1, 4, -2, 0, 1], np.float32)
    (mood,) = told([logits.reshape(shape)], MOODS).values
    powers = np.exp(logits.astype(float))
    assert (mood.label, mood.score) == ("happy", pytest.approx(powers[1] / powers.sum()))


def test_without_heads_the_error_says_what_is_missing() -> None:
    with pytest.raises(ModelMismatchError, match='"heads" in the table'):
        told([np.zeros((1, 1), np.float32)])
