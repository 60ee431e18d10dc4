"""The HTTP application: its routes, and what every request passes through."""

import time

import cv2
from flask import Request, Response, g

from core.errors import DarkroomError
from functions.access import cors
from functions.access.auth import allow, refuse_other_sites
from functions.access.caller import Caller
from functions.access.links import signed_caller
from functions.access.places import take_place
from functions.app import Darkroom, here, this_request
from functions.errors import ShuttingDownError, UnauthorizedError
from functions.pages import builder, form, gallery, live, login, picture, reference
from functions.refusals import CALLER
from functions.requests.deadline import begin_deadline
from functions.requests.drain import drain
from functions.requests.raw_path import raw_path
from functions.responses import problems
from functions.responses.oversize import passed_on
from functions.routes import events, images, inference, info, metrics, models, process, render, stream, uploads
from functions.routing import Route
from functions.server import log, log_formats, memory, shutdown, starting, watching
from functions.server.paced import socket_of
from functions.server.threads import threads_and_processes
from service.service import Service
from service.watch.metrics import is_on, why_off

ROUTES = (
    *process.ROUTES,
    *stream.ROUTES,
    *info.ROUTES,
    *metrics.ROUTES,
    *models.ROUTES,
    *inference.ROUTES,
    *images.ROUTES,
    *uploads.ROUTES,
    *render.ROUTES,
    *events.ROUTES,
    *gallery.ROUTES,
    *picture.ROUTES,
    *builder.ROUTES,
    *reference.ROUTES,
    *form.ROUTES,
    *live.ROUTES,
    *login.ROUTES,
)


_UNKNOWN = Route("/<path:unknown>", problems.problem_response, "read", include_in_schema=False)
"""Stands for a path that no route has: strangers do not learn which ones there are."""


def create_app(service: Service) -> Darkroom:
    """The application that serves a service."""
    cv2.setNumThreads(1)  # OpenCV's own threads would compete with the server's
    memory.configure_malloc()
    log.configure(service.settings.log_level, log_formats.formatter(service.settings))
    if service.metrics is None and is_on(service.settings):
        log.log_warning(why_off(service.settings))
    app = Darkroom(service)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.register_error_handler(Exception, _problem)
    app.register_error_handler(UnauthorizedError, lambda error: stream.farewell(error) or login.ask_to_log_in(error))
    app.before_request(_before_request)
    app.after_request(_after_request)
    app.teardown_request(lambda _error: service.admission.leave())
    app.teardown_request(lambda _error: watching.end_request())
    service.admission.fit(*threads_and_processes(service.settings))
    app.serve(ROUTES)
    return app


def _problem(error: Exception) -> Response:
    return stream.farewell(error) or problems.problem_response(error)


def _before_request() -> None:
    g.cpu_began = time.thread_time()
    app, request = here(), this_request()
    service = app.service
    watching.begin_request(request, service)
    _refuse_while_shutting_down(request)
    route = app.by_endpoint[request.url_rule.endpoint] if request.url_rule else _UNKNOWN
    _limit_body(request, app)
    g.deadline = begin_deadline(request, service.processor.limits.seconds)
    g.caller = caller = (
        request.environ.get(CALLER) or _permitted(request, route, service) or _allowed(request, route, service)
    )
    take_place(request, route, caller.id, service.admission)
    starting.start(service)


def _allowed(request: Request, route: Route, service: Service) -> Caller:
    return allow(request, route.scope, service.settings, service.authenticator)


def _limit_body(request: Request, app: Darkroom) -> None:
    """No body is read that is larger than what is allowed, or what the platform passes on.

    It is told to the request: else Flask looks for the application's configuration whenever it is asked.
    """
    platform, allowed = app.service.platform, app.config["MAX_CONTENT_LENGTH"]
    most = platform.most(request.mimetype) if platform.is_limited else None
    request.max_content_length = allowed if most is None else min(allowed, most + 1)


def _refuse_while_shutting_down(request: Request) -> None:
    """ShuttingDownError for a request that came after the process had begun to shut down, health checks excepted."""
    connection = socket_of(request.environ)
    if connection is not None and connection.is_refused and request.path not in {"/health", "/ready"}:
        raise ShuttingDownError("This server is shutting down; send the request again.")


def _permitted(request: Request, route: Route, service: Service) -> Caller | None:
    """The caller of a request that something else than a scope permits, None for every other."""
    if route.permit == "link":
        return signed_caller(request, raw_path(request.environ), service.settings)
    sender = service.event_sender
    if route.permit == "sender" and sender is not None:
        refuse_other_sites(request, service.settings)
        g.event = sender.check(request.headers.get("Authorization", ""), events.signed_body)
        return Caller(g.event.sender, frozenset({"write"}), "sender")
    return None


def _fitted(request: Request, response: Response) -> Response:
    """A response that the platform passes on. What a signed URL of our own leads to is never moved again."""
    is_download = request.url_rule is not None and request.url_rule.endpoint == uploads.download.__name__
    if is_download or not here().service.platform.is_limited:
        return response
    caller = g.get("caller")
    try:
        may_store = caller is not None and not caller.is_cross_site
        return passed_on(response, here().service, head=request.method == "HEAD", may_store=may_store)
    except DarkroomError as error:
        return problems.problem_response(error)


def _after_request(response: Response) -> Response:
    request, service = this_request(), here().service
    settings = service.settings
    response = _fitted(request, response)
    if shutdown.has_begun() and (connection := socket_of(request.environ)):
        connection.close_after_answer()
    if response.status_code >= 400:
        drain(request, response, settings.max_body_bytes)
    response.headers["X-Request-Id"] = g.request_id
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Server-Timing"] = g.timings.header()
    cors.add_cors_headers(request, response, settings)
    caller = g.get("caller")  # absent where access was refused
    if caller and caller.is_ambient:
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if caller and caller.key:
        service.authenticator.charge(caller.key, time.thread_time() - g.cpu_began)
    watching.answered(request, response, service)
    return response
