"""docs/formats.md: every format is in it, and nothing that is whole is called damaged."""

from functools import cache

import pytest

from core import codecs
from tools import docs_formats, format_samples


@cache
def _page() -> str:
    return docs_formats.pages()["formats.md"].decode()


@pytest.mark.parametrize("name", codecs.FORMATS)
def test_every_format_has_its_rows(name: str) -> None:
    """Those that are written: what is known, what a file of it holds, and which files are read."""
    assert f"| `{name}` | {codecs.FORMATS[name].media_type} |" in _page()
    if codecs.FORMATS[name].writes:
        assert f"\n### {name}\n" in _page()
        assert _page().count(f"| `{name}` |") == 2


def test_no_whole_file_is_called_damaged() -> None:
    assert "422" not in _page().split("## What is read")[1]


def test_what_is_not_read_is_named() -> None:
    refusals = [line for line in _page().splitlines() if "415 `not_an_image`" in line and line.startswith("| ")]
    assert len(refusals) > 10
    assert not [line for line in refusals if "not an image in a supported format" in line]


def test_samples_are_of_their_format() -> None:
    for sample in format_samples.samples():
        if sample.kind != "PFM (floats)":
            assert codecs.sniff(sample.file) == sample.format
