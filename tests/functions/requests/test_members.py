"""Members of JSON are counted before it is decoded: what strings hold is none, and nothing hides one."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.requests.members import has_more_members, has_more_strings

FEW: dict[str, bytes] = {
    "empty": b"{}",
    "commas-in-a-string": json.dumps({"image": "," * 5000}).encode(),
    "brackets-in-a-string": json.dumps({"text": "[{" * 5000}).encode(),
    "marks-in-a-string": json.dumps({"text": '"' * 5000}).encode(),
    "backslashes-in-a-string": json.dumps({"text": "\\" * 5001, "more": ',"' * 900}).encode(),
    "a-data-url": json.dumps({"image": "data:image/png;base64," + "A" * 100_000}).encode(),
    "999": json.dumps({f"n{n}": n for n in range(999)}).encode(),
    "texts": json.dumps([f"{n},[" for n in range(999)]).encode(),
}
MANY: dict[str, bytes] = {
    "members": json.dumps({f"n{n}": n for n in range(1100)}).encode(),
    "texts": json.dumps([""] * 1100).encode(),
    "numbers": json.dumps([1] * 1100).encode(),
    "lists": b"[" * 1100,
    "objects": b'{"a":' * 1100,
    "nested": json.dumps([[[1] * 20] * 20] * 20).encode(),
    "after-a-string-of-marks": json.dumps(['\\"' * 3000, *[1] * 1100]).encode(),
    "strings-of-backslashes": json.dumps(["\\"] * 1100).encode(),
    "strings-of-marks": json.dumps(['"'] * 1100).encode(),
}


@pytest.mark.parametrize("data", FEW.values(), ids=FEW)
def test_few(data: bytes) -> None:
    assert not has_more_members(data)


@pytest.mark.parametrize("data", MANY.values(), ids=MANY)
def test_many(data: bytes) -> None:
    assert has_more_members(data)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(st.sampled_from('",[]{}\\:a\n'), max_size=6),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(st.sampled_from('",{\\a'), max_size=3), inner),
    max_leaves=40,
)


def counted(value: object) -> int:
    """Members and elements, and the lists and objects themselves."""
    if isinstance(value, dict):
        return max(1, len(value)) + sum(map(counted, value.values()))
    if isinstance(value, list):
        return max(1, len(value)) + sum(map(counted, value))
    return 0


@given(VALUES)
def test_the_count_is_exact(value: object) -> None:
    """An empty list counts as one, and each other container as its members: commas and opening brackets."""
    for text in (json.dumps(value).encode(), msgspec.json.encode(value)):
        number = counted(value)
        assert not has_more_members(text, number)
        assert number == 0 or has_more_members(text, number - 1)


def test_lists_of_numbers_may_be_long_where_strings_are_counted() -> None:
    assert not has_more_strings(json.dumps({"data": [1] * 100_000}).encode())
    assert has_more_strings(json.dumps({"data": [""] * 3000}).encode())
    assert has_more_strings(json.dumps({"inputs": [{}] * 1100}).encode())
