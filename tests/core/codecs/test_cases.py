"""Each row of ../shared/cases/expected.tsv: a small picture, a request, and what is right by a standard.

The rows name the clause, the table is the judge, and `check.py` beside it looks at the answer, as it does over HTTP.
"""

import importlib.util
import json
from functools import cache
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl

import pytest

from core import codecs
from core.codecs import EncodeOptions
from core.errors import DarkroomError
from core.limits import Deadline, Limits
from core.output import Output
from core.pipeline import Pipeline
from core.process import process
from core.run import Context
from tests.conftest import ROOT

CASES = ROOT.parent / "shared" / "cases"
TABLE = CASES / "expected.tsv"


@cache
def _checker() -> ModuleType:
    found = importlib.util.spec_from_file_location("cases_check", CASES / "check.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


ROWS: list[dict[str, str]] = _checker().rows(TABLE) if TABLE.is_file() else []


def test_there_are_rows(data: Any) -> None:
    assert len(ROWS) >= 179


def _answer(query: str, body: bytes) -> tuple[int, bytes]:
    """Status and body, as the server would answer them."""
    asked = dict(parse_qsl(query, keep_blank_values=True))
    options = EncodeOptions(lossless=asked.get("lossless") == "true")
    wanted = Output(pipeline=Pipeline.parse(asked["pipeline"]), format=asked["format"], options=options)
    try:
        (made,) = process(body, codecs.probe(body, Limits()), [wanted], Context(Limits(), Deadline(60)))
    except DarkroomError as error:
        return error.status, json.dumps({"code": error.code, "detail": str(error)}).encode()
    return 200, made.data


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['file']}-{row['query']}" for row in ROWS])
def test_case(row: dict[str, str]) -> None:
    check = _checker()
    answer = check.Answer(*_answer(row["query"], (CASES / "pictures" / row["file"]).read_bytes()))
    for clause in row["check"].split("; "):
        said, holds = check.one(answer, clause)
        assert holds, f"{row['source']}: {clause}, but {said}"
