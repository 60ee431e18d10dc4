"""A function URL of AWS Lambda on loopback: HTTP requests become events of payload format 2.0 for the emulator.

As documented at https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html: header names in lower case, cookies
apart, bodies in base64 unless their type is text. It passes on one request at a time, as to one instance.
"""

import base64
import contextlib
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tools.emulators import lambda_rie

DOMAIN = "darkroom.lambda-url.eu-west-1.on.aws"
_TEXT = ("text/", "application/json", "application/javascript", "application/xml")


class _Url(ThreadingHTTPServer):
    """The server; `function` is the URL at which the emulator is invoked."""

    daemon_threads = True

    def __init__(self, function: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.function = function
        self.turn = threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Url

    def _pass_on(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.server.turn:
            payload = lambda_rie.invoke(self.server.function, self._event(data))
        if "statusCode" not in payload:
            payload = {"statusCode": 502, "body": "Internal Server Error"}
        self._answer(payload)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = _pass_on  # noqa: N815 - http.server's names

    def _event(self, data: bytes) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        is_text = self.headers.get("Content-Type", "").startswith(_TEXT)
        headers = {name.lower(): ",".join(self.headers.get_all(name, [])) for name in self.headers}
        cookies = headers.pop("cookie", "")
        sender = self.client_address[0]
        http = {"method": self.command, "path": path, "protocol": self.request_version, "sourceIp": sender}
        body = (data.decode() if is_text else base64.b64encode(data).decode()) if data else None
        return {
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
            "headers": {**headers, "x-forwarded-for": sender, "x-forwarded-proto": "https", "x-forwarded-port": "443"},
            "requestContext": {"http": http, "domainName": DOMAIN, "stage": "$default"},
            "isBase64Encoded": bool(data) and not is_text,
            **({"cookies": cookies.split("; ")} if cookies else {}), **({} if body is None else {"body": body}),
        }  # fmt: skip

    def _answer(self, payload: Mapping[str, Any]) -> None:
        body = str(payload.get("body") or "")
        data = base64.b64decode(body) if payload.get("isBase64Encoded") else body.encode()
        headers = {name: value for name, value in payload.get("headers", {}).items() if name != "content-length"}
        self.send_response(payload["statusCode"])
        for name, value in [*headers.items(), *(("set-cookie", cookie) for cookie in payload.get("cookies", []))]:
            self.send_header(name, str(value))
        length = payload.get("headers", {}).get("content-length", len(data)) if self.command == "HEAD" else len(data)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own name
        """Nothing is logged."""


@contextlib.contextmanager
def before(function: str) -> Iterator[str]:
    """The URL under which the function that is invoked at `function` answers HTTP requests."""
    server = _Url(function)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
