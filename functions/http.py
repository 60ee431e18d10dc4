"""The HTTP application: its routes, and what every request passes through."""

import cv2
from flask import Response, g, request

from functions.access import cors
from functions.access.auth import allow
from functions.app import Darkroom, here
from functions.pages import form
from functions.requests.drain import drain
from functions.responses import problems
from functions.routes import events, images, inference, info, models, process, render, uploads
from functions.server import log, memory
from service.service import Service
from service.timing import Timings

ROUTES = (
    *process.ROUTES,
    *info.ROUTES,
    *models.ROUTES,
    *inference.ROUTES,
    *images.ROUTES,
    *uploads.ROUTES,
    *render.ROUTES,
    *events.ROUTES,
    *form.ROUTES,
)


def create_app(service: Service) -> Darkroom:
    """The application that serves a service."""
    cv2.setNumThreads(1)  # OpenCV's own threads would compete with the server's
    memory.configure_malloc()
    log.configure(service.settings.log_level)
    app = Darkroom(service)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.register_error_handler(Exception, problems.problem_response)
    app.before_request(_before_request)
    app.after_request(_after_request)
    app.serve(ROUTES)
    return app


def _before_request() -> None:
    g.timings = Timings()
    g.request_id = log.request_id()
    app = here()
    endpoint = request.url_rule.endpoint if request.url_rule else "static"
    g.caller = allow(request, app.by_endpoint[endpoint].scope, app.service.settings)
    app.service.start()


def _after_request(response: Response) -> Response:
    settings = here().service.settings
    if response.status_code >= 400:
        drain(request, response, settings.max_body_bytes)
    response.headers["X-Request-Id"] = g.request_id
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Server-Timing"] = g.timings.header()
    cors.add_cors_headers(request, response, settings)
    log.log_response(response)
    return response
