"""The gallery: stored pictures found by a form, added, and deleted; it works without scripts."""

import re
from typing import Any
from urllib.parse import urlencode

import msgspec
from flask import Response, g, request
from werkzeug.exceptions import HTTPException

from catalog import Query, Row
from core.codecs import FORMATS
from core.errors import DarkroomError
from core.limits import Deadline
from functions.app import here
from functions.errors import BadBodyError
from functions.pages import form
from functions.pages.page import as_page, page, to_page
from functions.requests.body import Part, form_parts, query_options, text_of
from functions.responses import problems
from functions.routes.images import delete_image
from functions.routing import Route
from service import cataloging
from service.images import lifecycle
from service.images.samples import is_sample
from service.images.thumbnails import thumbnail_urls

_PAGE, _NAMES = 48, 200
"""Pictures a page, and names in the drop-down of whoever opens it."""
_QUERY = (
    "name", "min_width", "max_width", "min_height", "max_height", "format", "label", "after", "before", "sort",
    "cursor", "similar_to",
)  # fmt: skip
_ANY, _SIDE, _DAY = re.compile(".*", re.DOTALL), re.compile("[0-9]{1,5}"), re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIELDS = {
    **dict.fromkeys(("min_width", "max_width", "min_height", "max_height"), _SIDE),
    **dict.fromkeys(("after", "before"), _DAY),
}
_ORDERS = {
    "-added": "newest first", "added": "oldest first", "-taken": "taken last", "taken": "taken first",
    "name": "by name", "-width": "widest first", "width": "narrowest first", "-bytes": "largest files first",
}  # fmt: skip


@as_page
def gallery() -> Response:
    """The stored pictures; where none are kept, a form that processes one."""
    if cataloging.open_catalog(here().service.settings) is None:
        return form.form()
    return _PARTS.get(request.args.get("part", ""), _gallery)()


@as_page
def add() -> Response:
    """Store the pictures of a form that was sent without scripts, and say which were refused."""
    refused = [(part.filename or "a file", error) for part in _files() if (error := _stored(part))]
    return _gallery(422, refused=refused) if refused else to_page("./")


@as_page
def delete() -> Response:
    """Delete a picture, by a form that was sent without scripts."""
    fields = {part.name: text_of(part) for part in form_parts(request)}
    delete_image(fields.get("id", ""))
    return to_page("./")


def card(row: Row) -> dict[str, Any]:
    """What the grid shows of a picture."""
    service = here().service
    return {
        "id": row.id, "name": row.name or row.id[:8], "width": row.width, "height": row.height,
        "format": row.format.upper(), "sample": is_sample(row.source, service.storage.results),
        "hash": row.blurhash or "", "color": row.colors[0].color if row.colors else "",
        **thumbnail_urls(row.id, only_presets=service.only_presets is not None),
    }  # fmt: skip


def _gallery(status: int = 200, refused: list[tuple[str, DarkroomError]] | None = None) -> Response:
    given = _given()
    problem: DarkroomError | None = None
    found: tuple[Row, ...] = ()
    following = None
    try:
        result = here().service.catalog().find(Query.read({**given, "limit": str(_PAGE)}))
        found, following = result.images, result.next
    except DarkroomError as error:
        g.code, problem, status = error.code, error, error.status
    filtered = any(name not in {"sort", "cursor"} for name in given)
    return page(
        "gallery.html", status, cards=[card(row) for row in found], given=_fields(given), problem=problem,
        **_named(found, following),
        filtered=filtered, formats=[known.name for known in FORMATS.values() if known.reads], orders=_ORDERS,
        refused=refused or [], following=_next(given, following), limits=_limits(),
        may_add="write" in g.caller.scopes and here().service.storage.results is not None,
    )  # fmt: skip


def _list() -> Response:
    """The pictures that follow, for the list of a page that is there already."""
    given = _given()
    found = here().service.catalog().find(Query.read({**given, "limit": str(_PAGE)}))
    return page("_list.html", cards=[card(row) for row in found.images], following=_next(given, found.next), later=True)


def _names() -> Response:
    """The drop-down with more of the names that match, from the first on."""
    query = Query.read({**_given(), "limit": str(_NAMES)})
    found = here().service.catalog().find(msgspec.structs.replace(query, cursor=None))
    return page("_names.html", **_named(found.images, found.next))


def _named(found: tuple[Row, ...], following: str | None) -> dict[str, Any]:
    """The names of pictures with their ids, and whether there are more."""
    return {"names": [(row.id, row.name or row.id[:8]) for row in found], "more_names": following is not None}


def _next(given: dict[str, str], cursor: str | None) -> str | None:
    return cursor and "./?" + urlencode({**given, "cursor": cursor})


def _given() -> dict[str, str]:
    """The fields of the query that were filled in; others, which a link may carry, are none of ours."""
    options = query_options(request.query_string)
    return {name: options[name].strip() for name in _QUERY if options.get(name, "").strip()}


def _fields(given: dict[str, str]) -> dict[str, str]:
    """What the form's fields hold: a browser complains of a number or a day that is none."""
    return {name: value for name, value in given.items() if _FIELDS.get(name, _ANY).fullmatch(value)}


def _limits() -> dict[str, int]:
    """How large an upload may be: as a request, and to a signed URL."""
    service = here().service
    most = service.platform.most("multipart/form-data") if service.platform.is_limited else None
    return {
        "request": min(service.processor.limits.body_bytes, most or 2**62), "upload": service.settings.max_upload_bytes
    }  # fmt: skip


def _files() -> list[Part]:
    files = [part for part in form_parts(request) if part.filename]
    if not files:
        raise BadBodyError("No picture was chosen.")
    return files


def _stored(part: Part) -> DarkroomError | None:
    """Store a picture. What is wrong with it, or None."""
    service = here().service
    try:
        name = cataloging.plain_name(part.filename or "")
        lifecycle.store_image(service.images(), part.data, name, Deadline(service.processor.limits.seconds))
    except (DarkroomError, HTTPException) as error:
        return problems.known_error(error)
    return None


_PARTS = {"list": _list, "names": _names}
"""Parts of the page, which scripts ask for: the list as it goes on, and the drop-down when it is used."""
ROUTES = (
    Route("/", gallery, "read", include_in_schema=False),
    Route("/add", add, "write", ("POST",), heavy=True, include_in_schema=False),
    Route("/delete", delete, "write", ("POST",), include_in_schema=False),
)
