"""A picture's own page: what is known of it, what is like it, and a filter tried on it; it works without scripts."""

from typing import Any
from urllib.parse import quote

from flask import Response, g, request

from catalog import Query, Row, row_json
from core.codecs import FORMATS
from core.errors import DarkroomError
from core.registry import filters
from functions.app import here
from functions.pages import form
from functions.pages.gallery import card
from functions.pages.page import as_page, page
from functions.requests.body import query_options
from functions.routes.images import is_deletable, row_of
from functions.routing import Route
from service.images.samples import is_sample
from service.images.thumbnails import thumbnail_urls
from service.negotiation import own_format_of

_ALIKE = 7
_SAFE = "/:,=+-._~@!$*();"
"""Characters of a pipeline that a path may hold as they are."""


@as_page
def picture() -> Response:
    """A stored picture."""
    service, given = here().service, query_options(request.query_string)
    row = row_of(given.get("id", ""))
    chosen, problem = {}, None
    try:
        chosen = _chosen(row, given)
    except DarkroomError as error:
        g.code, problem = error.code, error
    own = FORMATS[row.format]
    return page(
        "picture.html", problem.status if problem else 200, row=row_json(row), name=row.name or row.id[:8],
        sample=is_sample(row.source, service.storage.results),
        thumbnails=thumbnail_urls(row.id, only_presets=service.only_presets is not None),
        shown=own.in_browsers, alike=_alike(row), given=given, problem=problem, chosen=chosen,
        steps=_steps(), vision=_vision(), may_delete="write" in g.caller.scopes and is_deletable(row.source),
        extension=own.extension,
    )  # fmt: skip


def _chosen(row: Row, given: dict[str, str]) -> dict[str, str]:
    """The result of the filter that was chosen: its pipeline, and its address."""
    text, value = given.get("filter", "").strip(), given.get("value", "").strip()
    if not text:
        return {}
    pipeline = here().service.parser.pipeline(f"{text}:{value}" if value else text)
    looks = pipeline.only_looks
    usual = own_format_of(FORMATS[row.format])
    format_ = "json" if looks else usual if FORMATS[usual].in_browsers else "png"
    url = f"v1/images/{row.id}/{quote(pipeline.canonical, safe=_SAFE)}?format={format_}"
    return {"pipeline": pipeline.canonical, "url": url, "looks": "yes" if looks else ""}


def _alike(row: Row) -> list[dict[str, Any]]:
    """The pictures that look most like it."""
    if row.phash is None:
        return []
    found = here().service.catalog().find(Query(similar_to=row.id, limit=_ALIKE))
    return [card(other) for other in found.images if other.id != row.id][: _ALIKE - 1]


def _steps() -> list[dict[str, str]]:
    """The filters to try, each with a hint about its first value; presets where nothing else is allowed."""
    service = here().service
    if service.only_presets is not None:
        return [{"name": f"preset:{name}", "hint": ""} for name in service.parser.presets]
    return [
        {"name": known.name, "hint": form.hint(known)}
        for known in filters().values()
        if known.kind == "filter" and not known.needs
    ]


def _vision() -> list[str]:
    """The steps that find something by themselves, and whose weights are here; the most general one first."""
    if here().service.only_presets is not None:
        return []
    found = [known for known in filters().values() if known.finds and "findings" not in known.needs]
    return sorted(
        (known.name for known in found if form.missing_model(known) is None), key=lambda name: name != "detect"
    )


ROUTES = (Route("/picture", picture, "read", include_in_schema=False),)
