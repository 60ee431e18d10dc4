"""The Darkroom page: a pipeline put together step by step, with its result beside the original."""

from typing import Any

from flask import Response, g

from core.codecs import FORMATS
from core.registry import filters
from functions.app import here
from functions.pages.form import missing_model
from functions.pages.page import as_page, page
from functions.pages.reference import step_picture
from functions.routes.info import format_json
from functions.routing import Route
from service import cataloging


@as_page
def builder() -> Response:
    """The Darkroom page."""
    return page("darkroom.html", config=_config(), only_presets=here().service.only_presets is not None)


def _config() -> dict[str, Any]:
    """What the page's scripts need to know of this server and caller, beside the steps."""
    service = here().service
    writes = "write" in g.caller.scopes
    keeps = cataloging.open_catalog(service.settings) is not None and service.storage.results is not None
    written = [format_json(known) for known in FORMATS.values() if known.writes]
    return {
        "presets": dict(service.parser.presets),
        "formats": [
            {"name": one.name, "type": one.media_type, "extension": one.extensions[0].lstrip("."),
             "shown": FORMATS[one.name].in_browsers, "quality": "quality" in one.options}
            for one in written
        ],
        "absent": {known.name: name for known in filters().values() if (name := missing_model(known))},
        "pictured": [name for name in filters() if step_picture(name)],
        "assets": sorted(path.name for path in service.settings.assets_folder().glob("*") if path.is_file()),
        "process": "process" in g.caller.scopes,
        "store": writes and keeps,
        "targets": list(service.settings.targets) if writes else [],
    }  # fmt: skip


ROUTES = (Route("/darkroom", builder, "read", include_in_schema=False),)
