"""The pipeline's text as raw steps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import PipelineSyntaxError
from core.language import grammar
from core.language.grammar import RawStep


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("", ()),
        ("blur", (RawStep("blur"),)),
        ("blur:", (RawStep("blur", (None,)),)),
        ("blur:15", (RawStep("blur", ("15",)),)),
        ("resize:,600", (RawStep("resize", (None, "600")),)),
        ("resize:800,600,fit=cover", (RawStep("resize", ("800", "600"), {"fit": "cover"}),)),
        ("crop:50p,at=1:2", (RawStep("crop", ("50p",), {"at": "1:2"}),)),
        ("text:a%2Fb/flip", (RawStep("text", ("a%2Fb",)), RawStep("flip"))),
        ("text:a:b:c", (RawStep("text", ("a:b:c",)),)),
        ("text:text=", (RawStep("text", (), {"text": ""}),)),
        ("blur:sigma=2,", (RawStep("blur", (None,), {"sigma": "2"}),)),
    ],
)
def test_parse(text: str, steps: tuple[RawStep, ...]) -> None:
    assert grammar.parse(text) == steps


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("/", "Step 1 is empty"),
        ("blur//flip", "Step 2 is empty"),
        ("blur/", "Step 2 is empty"),
        ("Blur!", "not a valid filter name"),
        (":15", "not a valid filter name"),
        ("blur:kernel=3,5", "follows a named argument"),
        ("blur:kernel=3,kernel=5", "twice"),
        ("blur:ker.nel=3", "not a valid parameter name"),
        ("text:text=a=b", "%3D"),
        ("ﬂip", "not a valid filter name"),
    ],
)
def test_refuses(text: str, says: str) -> None:
    with pytest.raises(PipelineSyntaxError, match=says):
        grammar.parse(text)


@pytest.mark.parametrize("text", ["%", "%2", "%zz", "a%", "%ff", "%C3%28"])
def test_bad_escapes(text: str) -> None:
    with pytest.raises(PipelineSyntaxError):
        grammar.unquote(text, "text")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_quote_is_inverted_by_unquote(value: str) -> None:
    quoted = grammar.quote(value)
    assert not set(quoted) & set("/,=+ ")
    assert grammar.unquote(quoted, "value") == value


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        grammar.parse(text)
    except PipelineSyntaxError as error:
        assert error.status == 400
