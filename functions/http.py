"""The HTTP door: the application, its routes, and what every request passes through."""

from collections.abc import Callable
from typing import Any, cast

import cv2
import werkzeug
from flask import Flask, Response, current_app, g, request

from core.limits import Deadline
from core.picture import Origin
from functions import about, cors, log, memory, objects, pages, presets, problems, stores
from functions.admission import Gate, cores
from functions.answer import respond
from functions.auth import Scope, allow
from functions.events import door
from functions.images import routes as images
from functions.images import uploads
from functions.leftover import drain
from functions.negotiate import Settled, settle, wants_mixed
from functions.options import Order, Reader, Want
from functions.render import routes as render
from functions.render.make import Renderer
from functions.settings import Settings
from functions.sight import inference, models, setup
from functions.source import Parcel, unpack
from functions.timing import Timings
from functions.work import Bench, Delivery, Settler, deliver

SAVED_AS = "blurred_image"
View = Callable[..., Any]


class Darkroom(Flask):
    """The application, with what its routes share."""

    def __init__(self, settings: Settings) -> None:
        # not /static: functions-framework's own application answers there
        super().__init__(
            "functions", static_url_path="/ui", static_folder="web/static", template_folder="web/templates"
        )
        self.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600
        self.settings = settings
        limits = settings.limits()
        self.config["MAX_CONTENT_LENGTH"] = limits.body_bytes + 1  # functions/source.py counts exactly
        self.reader = Reader(limits, presets.load(settings.presets_file()))
        gate = Gate(settings.at_once or cores(), settings.queue, settings.queue_seconds)
        self.manifest = setup.manifest(settings)
        self.runtime = setup.runtime(settings, self.manifest)
        self.warmth = setup.warmth(settings, self.runtime)
        self.storage = stores.opened(settings)
        self.shapes: dict[str, list[dict[str, Any]]] = {}
        self.bench = Bench(limits, self.reader.presets, settings.assets_folder(), gate, self.runtime)
        self.renderer = Renderer(images.large(self), self.storage)
        self.finisher = images.finisher(self)
        self.events = door.opened(self)
        self.inbox = door.watching(self)
        self.scopes: dict[str, Scope] = {"static": "read"}

    def ensure_sync(self, func: View) -> View:
        """The function itself: none of ours is a coroutine, and Flask would look several times a request."""
        return func

    def answer(self, asked: werkzeug.Request) -> werkzeug.Response:
        """The answer to a request that another server's application hands over."""
        return Response.from_app(self, asked.environ)

    def on_object(self, event: Any) -> None:
        """Take a CloudEvent. What is raised makes the platform deliver it again."""
        door.on_cloud_event(self.events, event)

    def serve(self, path: str, view: View, scope: Scope, methods: tuple[str, ...] = ("GET",)) -> None:
        """Add a route; its scope is what a caller must be allowed."""
        endpoint = view.__name__
        self.add_url_rule(path, endpoint, view, methods=list(methods))
        self.scopes[endpoint] = scope


def create_app(settings: Settings) -> Darkroom:
    """The application. SettingsError where it cannot start with these settings."""
    cv2.setNumThreads(1)  # OpenCV's own threads fight the server's
    memory.keep_pictures_mapped()
    log.configure(settings.log_level)
    app = Darkroom(settings)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    problems.install(app)
    app.before_request(_begin)
    app.after_request(_end)
    app.serve("/upload", upload, "process", ("POST",))
    app.serve("/v1/process", process, "process", ("POST",))
    about.install(app)
    models.install(app)
    inference.install(app)
    images.install(app)
    uploads.install(app)
    render.install(app)
    door.install(app)
    pages.install(app)
    return app


def here() -> Darkroom:
    """The application of the request at hand."""
    return cast("Darkroom", current_app)


def upload() -> Response:
    """The original contract: a picture in, the same blurred as `blurred_image.jpg` out."""
    usual = {"pipeline": here().reader.pipeline("blur:15"), "format": "jpeg"}
    return _answer(_work(usual), SAVED_AS)


def process() -> Response:
    """A picture and a pipeline in; a picture, or what is in it, out."""
    return _answer(_work({}))


def _work(usual: dict[str, Any]) -> Delivery:
    """Do what the request at hand orders; `usual` holds the route's own defaults."""
    with g.timings.span("read"):
        parcel = unpack(request)
    accept = request.headers.get("Accept", "")

    def settled(order: Order, want: Want, origin: Origin) -> Settled:
        if want.to:  # `Accept` is about the answer, not about what is stored
            return settle(want, origin, "")
        way = settle(want, origin, accept)
        return way if not order.several or _mixed(order, accept) else Settled(way.format, as_json=True)

    return work(parcel, usual, settled)


def work(parcel: Parcel, usual: dict[str, Any], settler: Settler) -> Delivery:
    """Do what a parcel's options order; `settler` decides which format comes back."""
    app = here()
    order = app.reader.order(parcel.places, usual)
    g.pipeline = " ".join(want.pipeline.canonical for want in order.wants)
    deadline = Deadline(app.bench.limits.seconds)
    if any(want.to for want in order.wants):
        allow(request, "write", app.settings)
    visit = objects.Visit(app.storage, app.bench.limits, deadline, g.timings)
    targets = visit.targets(order)
    parcel = visit.fetched(parcel, order)
    return visit.stored(deliver(app.bench, parcel, order, settler, g.timings, deadline), targets)


def _mixed(order: Order, accept: str) -> bool:
    """Whether several results come as multipart/mixed: only JSON can tell of one that is stored."""
    return wants_mixed(accept) and not any(want.to for want in order.wants)


def _answer(delivery: Delivery, attachment: str = "") -> Response:
    response = respond(delivery, mixed=wants_mixed(request.headers.get("Accept", "")), attachment=attachment)
    response.vary.add("Accept")
    return response


def _begin() -> None:
    g.timings = Timings()
    g.request_id = log.request_id()
    app = here()
    endpoint = request.url_rule.endpoint if request.url_rule else "static"
    allow(request, app.scopes[endpoint], app.settings)
    app.warmth.begin()
    app.finisher.begin()
    if app.inbox:
        app.inbox.begin()


def _end(response: Response) -> Response:
    if response.status_code >= 400:
        drain(request, 2 * here().settings.max_body_bytes)
    response.headers["X-Request-Id"] = g.request_id
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Server-Timing"] = g.timings.header()
    cors.share(request, response, here().settings)
    log.answered(response)
    return response
