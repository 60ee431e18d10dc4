"""Patterns of addresses: what they match, and whether two can match the same."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.rules.globs import Glob, GlobError, common_key
from storage.address import Address
from tests.costs import yardsticks

MATCHES = {
    "segment": ("gs://b/in/*.jpg", ["in/a.jpg", "in/.jpg"], ["in/x/a.jpg", "a.jpg", "in/a.jpg.png"]),
    "across": ("gs://b/in/**.jpg", ["in/a.jpg", "in/x/y/a.jpg"], ["ina.jpg", "in/a.jpeg"]),
    "braces": ("gs://b/**.{jpg,heic}", ["a.jpg", "x/a.heic"], ["a.png", "a.jpg,heic"]),
    "folders-or-none": ("gs://b/**/a.jpg", ["a.jpg", "x/a.jpg", "x/y/a.jpg"], ["xa.jpg"]),
    "folders-in-the-middle": ("gs://b/in/**/a.jpg", ["in/a.jpg", "in/x/a.jpg"], ["in/xa.jpg", "a.jpg"]),
    "one": ("gs://b/a?.jpg", ["ab.jpg", "aä.jpg"], ["a.jpg", "a/.jpg", "abc.jpg"]),
    "capitals": ("gs://b/*.jpg", ["a.jpg"], ["a.JPG"]),
    "quoted": (r"gs://b/a\*\{.jpg", ["a*{.jpg"], ["ab{.jpg"]),
    "dots-are-dots": ("gs://b/a.jpg", ["a.jpg"], ["axjpg"]),
    "brackets-are-brackets": ("gs://b/[a].jpg", ["[a].jpg"], ["a.jpg"]),
    "empty-choice": ("gs://b/a{,-x}.jpg", ["a.jpg", "a-x.jpg"], ["a-.jpg"]),
    "newline": ("gs://b/**", ["a\nb"], []),
    "stars-in-a-row": ("gs://b/***/*?.jpg", ["x/y/ab.jpg"], ["x/.jpg"]),
}


@pytest.mark.parametrize(("pattern", "inside", "outside"), MATCHES.values(), ids=MATCHES)
def test_matches(pattern: str, inside: list[str], outside: list[str]) -> None:
    glob = Glob(pattern)
    assert [key for key in inside if not glob.matches(Address("gs", "b", key))] == []
    assert [key for key in outside if glob.matches(Address("gs", "b", key))] == []


@pytest.mark.parametrize(("scheme", "bucket"), [("s3", "b"), ("gs", "other"), ("gs", "bb")])
def test_matches_no_other_place(scheme: str, bucket: str) -> None:
    assert not Glob("gs://b/**").matches(Address(scheme, bucket, "a.jpg"))


WRONG = {
    "no-scheme": "in/*.jpg", "no-key": "gs://b/", "bucket-with-star": "gs://b*/a", "open-brace": "gs://b/{a",
    "nested-brace": "gs://b/{a,{b}}", "stray-brace": "gs://b/a}", "stray-backslash": "gs://b/a\\",
    "too-long": "gs://b/" + "a" * 300, "too-many": "gs://b/" + "{a,b}" * 7,
}  # fmt: skip


@pytest.mark.parametrize("pattern", WRONG.values(), ids=WRONG)
def test_refuses(pattern: str) -> None:
    with pytest.raises(GlobError):
        Glob(pattern)


MEETINGS = {
    "same": ("a*", "a*", True), "extension": ("*.jpg", "*.png", False), "folder": ("in/**", "out/**", False),
    "deep-and-flat": ("**.jpg", "x/*.jpg", True), "flat-takes-no-slash": ("*.jpg", "x/a.jpg", False),
    "prefixes": ("ab*", "a*", True), "suffixes": ("*ab", "*b", True), "crossed": ("a*", "*b", True),
    "one": ("a?", "ab", True), "one-takes-no-slash": ("a?b", "a/b", False), "empty": ("a", "a*", True),
    "longer": ("a", "a?", False), "two-stars": ("*-small.webp", "*-big.webp", False),
}  # fmt: skip


@pytest.mark.parametrize(("one", "other", "met"), MEETINGS.values(), ids=MEETINGS)
def test_meet(one: str, other: str, met: bool) -> None:
    first, second = Glob(f"gs://b/{one}"), Glob(f"gs://b/{other}")
    keys = [common_key(a, b) for a in first.alternatives for b in second.alternatives]
    keys += [common_key(b, a) for a in first.alternatives for b in second.alternatives]
    assert [key is not None for key in keys if met] == [True] * len([key for key in keys if met])
    found = [Address("gs", "b", key) for key in keys if key is not None]
    assert bool(found) == met
    assert all(first.matches(address) and second.matches(address) for address in found)


PATTERN = st.lists(st.sampled_from(["a", "b", "/", ".", "*", "**", "?", "{a,/b}", "**/"]), min_size=1, max_size=6).map(
    "".join
)
KEY = st.text("ab/.", min_size=1, max_size=6)


@given(PATTERN, KEY)
def test_matches_as_a_regular_expression_does(pattern: str, key: str) -> None:
    glob = Glob(f"gs://b/{pattern}")
    words = {"*": "[^/]*", "**": ".*", "?": "[^/]"}
    expressions = [
        "".join(words.get(token) or re.escape(token[1:]) for token in alternative) for alternative in glob.alternatives
    ]
    assert glob.matches(Address("gs", "b", key)) == any(re.fullmatch(one, key) for one in expressions)


@given(PATTERN, PATTERN, KEY)
def test_a_key_of_both_means_that_they_meet(one: str, other: str, key: str) -> None:
    first, second = Glob(f"gs://b/{one}"), Glob(f"gs://b/{other}")
    if all(glob.matches(Address("gs", "b", key)) for glob in (first, second)):
        assert any(common_key(a, b) is not None for a in first.alternatives for b in second.alternatives)


def test_no_key_takes_long() -> None:
    glob = Glob("gs://b/" + "**a" * 60 + "b")
    address = Address("gs", "b", "a" * 1024)
    assert not glob.matches(address)
    assert yardsticks(lambda: glob.matches(address)) < 50
