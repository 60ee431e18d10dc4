"""A real OpenID Connect issuer on this machine: a discovery document, its keys, and tokens that it signs."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

AUDIENCE = "https://darkroom.example/events"


class Issuer:
    """`keys` are published; tokens can be signed with any key. `asked` lists the paths that were requested."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.keys: list[Key] = [rsa("one")]
        self.asked: list[str] = []
        self.documents: dict[str, Any] = {}

    def document(self, path: str) -> Any:
        usual = {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
            "/keys": {"keys": [key.as_dict(private=False) for key in self.keys]},
        }
        return self.documents.get(path, usual.get(path))

    def token(self, key: Key | None = None, alg: str = "RS256", header: Any = None, **claims: Any) -> str:
        """A token of this issuer; claims of None are left out."""
        key = key or self.keys[0]
        now = int(time.time())
        usual = {"iss": self.url, "aud": AUDIENCE, "sub": "1", "iat": now, "exp": now + 600}
        given = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        names = {name: value for name, value in {"alg": alg, "kid": key.kid, **(header or {})}.items() if value}
        registry = JWSRegistry(algorithms=[alg], strict_check_header=False)
        registry.get_alg = lambda name: registry.algorithms[name]  # type: ignore[method-assign] # without warnings
        return jwt.encode(names, given, key, registry=registry)


def rsa(kid: str, bits: int = 2048) -> RSAKey:
    return RSAKey.generate_key(bits, {"kid": kid, "use": "sig"}, private=True)


def ec(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"}, private=True)


def ed(kid: str) -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": kid, "use": "sig"}, private=True)


@contextlib.contextmanager
def issuing() -> Iterator[Issuer]:
    """An issuer that serves on the loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            found = issuer.document(self.path)
            body = found if isinstance(found, bytes) else json.dumps(found).encode()
            self.send_response(200 if found is not None else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = Issuer(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
