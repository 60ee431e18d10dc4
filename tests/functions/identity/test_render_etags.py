"""Equal ETags of renders mean equal bodies, over renders that differ in one ingredient.

IDENTITY_REQUESTS says how many are drawn; `make prove-privacy` asks for 5,000.
"""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from service.render.renderer import RenderCache
from tests.functions.identity.asks import ENCODING, INGREDIENTS, OF_AN_OUTPUT, PACE, PIPELINES, Known


class Render(NamedTuple):
    """What an `<img>` asks for, by all that may differ in it."""

    source: str
    pipeline: str
    format: str | None
    findings: str | None
    encoding: int
    include: frozenset[str]
    accept: str

    def get(self, client: httpx.Client) -> httpx.Response:
        """Ask for it."""
        form = self.findings if "detect" in self.pipeline else None
        given = {**ENCODING[self.encoding], "format": self.format, "findings": form, "include": sorted(self.include)}
        shown = {name: "+".join(value) if isinstance(value, list) else value for name, value in given.items() if value}
        shown = {name: str(value).lower() for name, value in shown.items()}
        path = f"/v1/render/{self.pipeline}/-/file/in/{quote(self.source)}?{urlencode(shown)}"
        return client.get(path, headers={"Accept": self.accept} if self.accept else {})


OF_A_RENDER = {
    **{name: INGREDIENTS[name] for name in ("source", "include", "accept")},
    **{name: OF_AN_OUTPUT[name] for name in ("format", "findings", "encoding")},
    "pipeline": st.sampled_from([text for text in PIPELINES if text and "mark" not in text]),
}


@st.composite
def renders(draw: st.DrawFn) -> tuple[Render, Render]:
    """A render, and the same with one ingredient changed."""
    one = draw(st.builds(Render, **OF_A_RENDER))
    what = draw(st.sampled_from(Render._fields))
    return one, one._replace(**{what: draw(OF_A_RENDER[what])})


@pytest.fixture(scope="module")
def _forgetful() -> Iterator[None]:
    """Each render is computed: else an equal ETag would bring the body of before."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(RenderCache, "put", lambda *_: None)
        yield


@PACE
@pytest.mark.usefixtures("_forgetful")
@given(renders())
def test_equal_etags_of_renders_mean_equal_bodies(
    client: httpx.Client, known: Known, asks: tuple[Render, Render]
) -> None:
    for ask in asks:
        response = ask.get(client)
        event(f"{response.status_code} {response.json()['code'] if response.status_code == 400 else ''}")
        assert response.status_code in {200, 400}, response.content[:300]
        if response.status_code == 200:
            known.check(f"render {response.headers['ETag']}", response.content, ask)


A_RENDER = Render("jpeg", "resize:60", None, None, 0, frozenset(), "")
FOUND = A_RENDER._replace(pipeline="detect", format="json")
RENDERS = {
    "the source": (A_RENDER, A_RENDER._replace(source="other jpeg")),
    "the pipeline": (A_RENDER, A_RENDER._replace(pipeline="sepia")),
    "the format": (A_RENDER, A_RENDER._replace(format="png")),
    "the quality": (A_RENDER, A_RENDER._replace(encoding=1)),
    "Accept": (A_RENDER._replace(accept="image/webp"), A_RENDER._replace(accept="image/png,image/webp;q=0.9")),
    "Accept, for JSON": (A_RENDER, A_RENDER._replace(accept="application/json")),
    "what JSON tells of Accept": (
        A_RENDER._replace(accept="application/json, image/jpeg;q=0.5"),
        A_RENDER._replace(accept="application/json, image/webp;q=0.5"),
    ),
    "the picture beside JSON": (FOUND, FOUND._replace(include=frozenset({"image"}))),
    "the form": (FOUND, FOUND._replace(findings="coco")),
    "the file's name in COCO": (FOUND._replace(findings="coco"), FOUND._replace(findings="coco", source="copy.jpeg")),
}


@pytest.mark.parametrize(("one", "other"), RENDERS.values(), ids=RENDERS)
def test_other_renders_have_other_etags(client: httpx.Client, one: Render, other: Render) -> None:
    first, second = one.get(client), other.get(client)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content != second.content
    assert first.headers["ETag"] != second.headers["ETag"]
