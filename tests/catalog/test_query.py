"""Queries read from the text of a URL: every hostile value is a 400 that names it, or harmless."""

import re

import pytest

from catalog import Catalog, Query
from catalog.query import _PARAMETERS, SORTS, after_prefix
from core.errors import BadParameterError, BadRequestError, UnknownParameterError
from tests.catalog.support import row

READ = {
    "nothing": ({}, Query()),
    "sides": ({"min_width": "1", "max_height": "65535"}, Query(min_width=1, max_height=65535)),
    "zeros before": ({"min_width": "007"}, Query(min_width=7)),
    "words": ({"format": "png", "label": "hot_dog", "camera": "Canon R5", "name": "IMG"},
              Query(format="png", label="hot_dog", camera="Canon R5", name="IMG")),
    "a day": ({"after": "1970-01-02"}, Query(after=86_400_000)),
    "a time": ({"before": "1970-01-01T00:00:01.5Z"}, Query(before=1500)),
    "a zone": ({"after": "1970-01-01T01:00:00+01:00"}, Query(after=0)),
    "the first day": ({"after": "0001-01-01"}, Query(after=-62_135_596_800_000)),
    "before the first day": ({"after": "0001-01-01T00:00:00+14:00"}, Query(after=-62_135_647_200_000)),
    "an id": ({"similar_to": "a" * 32, "limit": "3"}, Query(similar_to="a" * 32, limit=3)),
    "an order": ({"sort": "-width", "cursor": "abc", "limit": "200"}, Query(sort="-width", cursor="abc", limit=200)),
}  # fmt: skip


@pytest.mark.parametrize(("texts", "expected"), READ.values(), ids=READ)
def test_read(texts: dict[str, str], expected: Query) -> None:
    assert Query.read(texts) == expected


NUMBERS = ("", " 1", "1 ", "-1", "0", "+1", "1.0", "1e3", "0x10", "１", "1_000", "NaN", "65536", "9" * 400, "1\n",
           "true", "[1]", '{"$gt": 0}', "1; DROP TABLE picture", "1 OR 1=1")  # fmt: skip
WORDS = ("", "\0", "a\0b", "\n", "x" * 257, "\ud800", "a\udfff", "\x1b[31m")
TIMES = ("", "yesterday", "2024-13-01", "2024-02-30", "10000-01-01", "0000-01-01", "2024-01-01T25:00", "NaN", "1" * 300,
         '{"$gt": ""}', "2024-01-01T00:00:00+99:00", "2024-01-01'--", "\ud800")  # fmt: skip
SORTED = (
    "",
    "-",
    "--added",
    "added ",
    "id",
    "row",
    "number",
    "ADDED",
    "added DESC",
    "added; DROP TABLE facet",
    "$natural",
)
ALIKE = ("", "0", "g" * 16, "A" * 16, "0" * 17, "0" * 15, "0" * 33, "0" * 16 + "\n", '{"$ne": ""}', "../" * 6)
HOSTILE = {
    **{f"{name}={text[:20]!r}": (name, text) for name in ("min_width", "max_width", "min_height", "max_height", "limit")
       for text in NUMBERS},
    **{f"{name}={text[:20]!r}": (name, text) for name in ("format", "label", "camera", "name") for text in WORDS},
    **{f"{name}={text[:20]!r}": (name, text) for name in ("after", "before") for text in TIMES},
    **{f"sort={text[:20]!r}": ("sort", text) for text in SORTED},
    **{f"similar_to={text[:20]!r}": ("similar_to", text) for text in ALIKE},
    "limit=201": ("limit", "201"), "a long cursor": ("cursor", "A" * 4097),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), HOSTILE.values(), ids=[ascii(name) for name in HOSTILE])
def test_wrong_values_are_named(name: str, text: str) -> None:
    with pytest.raises(BadParameterError) as caught:
        Query.read({name: text})
    assert caught.value.fields["parameter"] == name
    caught.value.detail.encode()


@pytest.mark.parametrize("name", ["width", "$where", "min_widht", "where", "__class__", "", "state", "min_width[$gt]"])
def test_unknown_names_are_refused(name: str) -> None:
    with pytest.raises(UnknownParameterError):
        Query.read({name: "1"})


@pytest.mark.parametrize("beside", [{"cursor": "abc"}, {"sort": "width"}], ids=["a cursor", "an order"])
def test_likeness_stands_alone(beside: dict[str, str]) -> None:
    with pytest.raises(BadParameterError):
        Query.read({"similar_to": "0" * 16, **beside})


INJECTIONS = ("$where", "$gt", '{"$gt": ""}', '{"$ne": null}', "{'$regex': '.*'}", "' OR '1'='1", '" OR ""="', "%", "_",
              "*", "[a-z]", ".*", "^", "'; DROP TABLE picture; --", "\\", "/**/", "||", "null", "None", "0", "true",
              "this.state == 'ready'", "function() { return true }", "\u202e", "😀", "ﬀ", "İ", "ß")  # fmt: skip


@pytest.mark.parametrize("name", ["format", "label", "camera", "name"])
def test_injections_find_nothing(catalog: Catalog, name: str) -> None:
    """Text is compared, never run: none of it matches a row that does not say the same."""
    stored = [catalog.put(row(number, name="plain.jpg", labels=("cat",), camera="C")) for number in range(3)]
    for text in INJECTIONS:
        assert catalog.find(Query.read({name: text})).images == (), text
    assert len(catalog.find(Query()).images) == len(stored)


def test_every_sort_is_read() -> None:
    assert [Query.read({"sort": sign + key}).key for key in SORTS for sign in ("", "-")] == [
        k for k in SORTS for _ in "ab"
    ]
    assert issubclass(BadParameterError, BadRequestError)


PREFIXES = {
    "a letter": ("a", "b"), "the end of the first plane's letters": ("a\ud7ff", "a\ue000"),
    "the last of all": ("a\U0010ffff", "b"), "nothing above": ("\U0010ffff\U0010ffff", None),
}  # fmt: skip


@pytest.mark.parametrize(("prefix", "expected"), PREFIXES.values(), ids=PREFIXES)
def test_after_prefix(prefix: str, expected: str | None) -> None:
    assert after_prefix(prefix) == expected


@pytest.mark.parametrize(
    "text", ["a", " ", "\x7f", "\x80", "é😀\U0010ffff", "a" * 256, "", "\0", "a\n", "\x1f", "a" * 257]
)
def test_the_pattern_of_a_text_takes_what_is_read(text: str) -> None:
    about = _PARAMETERS["name"]
    try:
        taken = bool(about.read("name", text))
    except BadParameterError:
        taken = False
    assert bool(re.fullmatch(about.schema["pattern"], text)) == taken
