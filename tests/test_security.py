"""SECURITY.md: every test that it names exists, and every threat has one."""

import ast
import re
from functools import cache

import pytest

from tests.conftest import ROOT

TEXT = (ROOT / "SECURITY.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", TEXT)))
THREATS = [line for line in TEXT.partition("## Threats")[2].partition("## What is not")[0].splitlines() if "|" in line]


@cache
def defined_in(path: str) -> set[str]:
    """The names of the tests in a file."""
    return {node.name for node in ast.parse((ROOT / path).read_text("utf-8")).body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_exists(name: str) -> None:
    path, _, test = name.partition("::")
    assert (ROOT / path).is_file()
    assert not test or (test.startswith("test_") and test in defined_in(path))


def test_every_threat_names_a_test() -> None:
    rows = [line for line in THREATS if not line.startswith(("| threat |", "|---"))]
    assert len(rows) > 30
    assert [line for line in rows if line.count("|") != 4 or "`tests/" not in line.split("|")[3]] == []
