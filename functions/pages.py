"""The pages: a form that shows its result, which needs no JavaScript, and the reference of the API."""

import base64
from itertools import groupby
from typing import TYPE_CHECKING, Any

import msgspec
from flask import Response, g, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from core.codecs import FORMATS
from core.errors import DarkroomError
from core.picture import Origin
from core.registry import Filter, filters
from functions import VERSION, problems
from functions.answer import about, to_json
from functions.negotiate import Settled, own
from functions.options import Order, Want
from functions.source import Parcel, unpack
from functions.work import Delivery

if TYPE_CHECKING:
    from functions.http import Darkroom

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_SHOWN_BY_BROWSERS = {"jpeg", "png", "apng", "gif", "webp", "avif"}


def install(app: "Darkroom") -> None:
    """Add the pages."""
    app.serve("/", form, "read")
    app.serve("/", form_sent, "process", ("POST",))
    app.serve("/docs", docs, "read")


def form() -> Response:
    """The form."""
    return _page("form.html", **_choices(), asked={})


def form_sent() -> Response:
    """The form with its result below, in the page itself: nothing is stored."""
    asked: dict[str, str] = {}
    try:
        parcel = unpack(request)
        asked = _asked(parcel)
        delivery = _work(parcel, asked)
    except (DarkroomError, HTTPException) as error:
        known = problems.as_known(error)
        g.code = known.code
        return _page("form.html", known.status, **_choices(), asked=asked, problem=known)
    return _page("form.html", **_choices(), asked=asked, result=_shown(delivery))


def docs() -> Response:
    """The reference of the API, and every error by its code."""
    return _page("docs.html", errors=list(problems.kinds()))


def _choices() -> dict[str, Any]:
    """What the form offers: all of it from the registry and the formats."""
    from functions.http import here

    by_family = sorted(filters().values(), key=lambda known: (known.family, known.name))
    families = {family: list(group) for family, group in groupby(by_family, key=lambda known: known.family)}
    written = [known.name for known in FORMATS.values() if known.writes]
    absent = {known.name: name for known in by_family if (name := _absent(known))}
    return {"families": families, "formats": written, "presets": here().reader.presets, "absent": absent}


def _absent(known: Filter) -> str | None:
    """The model that a vision step asks where it is told of none, if its weights are not here."""
    from functions.http import here

    if known.task is None:
        return None
    name = here().runtime.find(known.task, None).name
    return name if here().runtime.state(name).state == "absent" else None


def _asked(parcel: Parcel) -> dict[str, str]:
    """The form's fields that were filled in; a pipeline that was written goes before one that was picked."""
    fields = {str(name): value for place in parcel.places for name, value in place.items() if value != ""}
    picked = fields.pop("step", None)
    return fields if picked is None or "pipeline" in fields else {**fields, "pipeline": picked}


def _work(parcel: Parcel, asked: dict[str, str]) -> Delivery:
    from functions.http import work

    if other := next((name for name in ("outputs", "to") if name in asked), None):
        raise problems.UnknownOptionError(other, [])
    return work(msgspec.structs.replace(parcel, places=[asked]), {}, _displayable)


def _displayable(_: Order, want: Want, origin: Origin) -> Settled:
    """The format that was chosen, else the source's own where browsers show it, else PNG."""
    usual = own(origin)
    chosen = want.format if want.format in FORMATS else usual if usual in _SHOWN_BY_BROWSERS else "png"
    return Settled(str(chosen), as_json=False)


def _shown(delivery: Delivery) -> dict[str, Any]:
    made = delivery.made[0]
    known = FORMATS[made.result.output.format]
    told = about(delivery, made)
    return {
        "url": f"data:{known.media_type};base64,{base64.b64encode(made.result.data).decode()}",
        "name": f"result.{known.extensions[0].lstrip('.')}",
        "told": told,
        "findings": msgspec.json.format(to_json(told["findings"]), indent=2).decode() if told["findings"] else "",
    }


def _page(template: str, status: int = 200, **values: Any) -> Response:
    response = make_response(render_template(template, version=VERSION, **values), status)
    response.headers["Content-Security-Policy"] = _CSP
    response.headers["Referrer-Policy"] = "same-origin"  # `no-referrer` makes the form's own Origin `null`
    response.headers["Cache-Control"] = "no-store" if request.method == "POST" else "no-cache"
    return response
