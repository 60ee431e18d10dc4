"""What `make run` starts: functions-framework, for this machine only, and a line that says when it serves."""

import signal

# before anything else is imported: Ctrl-C leaves no trace; gunicorn sees to it later
if __name__ == "__main__" and signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from functions.server import arguments, ports

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from service.service import Service
    from storage.address import Address

_HOST = "127.0.0.1"
_HELP = """python -m functions.server.local serves http://127.0.0.1:8080, for this machine only, until Ctrl-C.
`make run` starts it with folders to drop pictures into. It takes no arguments: PORT (8080) and the settings of
docs/settings.md, such as DARKROOM_FILES, are variables of the environment.
"""
_OPTIONS = {"worker_class": "functions.server.worker.Worker", "graceful_timeout": 9, "keepalive": 75, "sendfile": False,
            "worker_connections": 2048, "forwarded_allow_ips": "", "forwarder_headers": ""}  # fmt: skip
"""What gunicorn_conf.py says too; functions-framework passes such options on to gunicorn."""
_EXAMPLE = "file://docs/img/street.png"
_SAMPLES = Path(__file__).parent.parent / "pages" / "static" / "samples"


def main() -> None:
    """Serve main.py's HTTP function until a signal ends it."""
    arguments.take_none(_HELP)
    os.environ.setdefault("THREADS", str(4 * max(8, os.cpu_count() or 1)))  # as functions-framework names them
    port = ports.read_port(os.environ)
    ports.check_free(_HOST, port)
    _serve(port)


def _serve(port: int) -> None:
    import functions_framework
    import functions_framework._http as http_server

    from functions.server import starting

    def begin(worker: Any) -> None:
        """A worker is about to answer; the listening socket is older than it is."""
        service: Service = sys.modules["main"].app.service  # functions-framework has loaded main.py under this name
        starting.start(service)
        threading.Thread(target=_add_samples, args=(service,), name="samples", daemon=True).start()
        if worker.age == 1:  # the first: another one only takes the place of one that died
            sys.stdout.write(f"{_ready_line(f'http://{_HOST}:{port}', service)}\n")
            sys.stdout.flush()

    app = functions_framework.create_app("handle", "main.py")
    app.wsgi_app = _with_web_sockets(app.wsgi_app)
    http_server.create_server(app, debug=False, post_worker_init=begin, **_OPTIONS).run(_HOST, port)


def _with_web_sockets(framework: "WSGIApplication") -> "WSGIApplication":
    """The framework's application, but for handshakes of web sockets: it refuses them, so our own answers."""
    from functions.server.upgrade import asks_to_upgrade

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        if asks_to_upgrade(environ):
            ours: WSGIApplication = sys.modules["main"].app
            return ours(environ, start_response)
        return framework(environ, start_response)

    return application


def _add_samples(service: "Service") -> None:
    """Give a gallery that has never had a picture some to begin with."""
    from core.errors import DarkroomError
    from service.images.samples import add_samples

    try:
        repository = service.kept_images()
    except DarkroomError:  # a catalog that does not answer yet is no reason not to serve
        return
    if repository is not None:
        add_samples(repository, _SAMPLES, service.settings.data_folder())


def _ready_line(url: str, service: "Service") -> str:
    """Where it serves, a render to open where requests may read our sample, and where files go."""
    from storage.address import Address

    parts = [f"Darkroom serves {url}"]
    if _may_read(service, Address.parse(_EXAMPLE)):
        parts.append(f"open {url}/v1/render/resize:320/sepia/-/{_EXAMPLE.replace('://', '/')}")
    if service.events and service.watcher:
        inbox = Address.parse_prefix(str(service.settings.watch))
        places = {target.to.place: None for rule in service.events.context.rules.rules for target in rule.targets}
        parts.append(f"pictures dropped into {_folder(inbox)} end up in {', '.join(map(_folder, places))}")
    return " · ".join([*parts, "Ctrl-C ends it"])


def _may_read(service: "Service", address: "Address") -> bool:
    """Whether a request for a local picture would be answered; an operator's own settings may close it."""
    from storage.errors import StorageError

    try:
        service.storage.sources.check(address)
    except StorageError:
        return False
    return (Path(service.settings.files or "") / address.bucket / address.key).is_file()


def _folder(place: "Address") -> str:
    """A place as a person would write it: `inbox/` for `file://inbox/`."""
    return f"{place.bucket}/{place.key}" if place.scheme == "file" else str(place)


if __name__ == "__main__":
    main()
