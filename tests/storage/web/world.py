"""A world in a network namespace of its own: every address leads back into it, and to servers that note who comes.

Run as root of that namespace (`unshare -rnm`). Nothing in it can leave the machine: there is only the loopback.
"""

import contextlib
import ipaddress
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.message
import dns.rcode
import dns.rrset
import pytest

from tests.storage.web import certificates
from tests.waiting import PATIENCE

PUBLIC, PUBLIC6 = "45.45.45.45", "2a00:1:2::3"
HOST = "pictures.test"
PICTURE = bytes(range(256)) * 40
Answers = Callable[["Visitor"], None]


class Visitor:
    """One connection: where it was meant to go, what it asked, and the way to answer it."""

    def __init__(self, connection: socket.socket, at: str, port: int) -> None:
        self.connection = connection
        self.at, self.port = at, port
        self.head = b""
        self.name: str | None = None

    @property
    def path(self) -> str:
        return self.head.split(b" ")[1].decode()

    def header(self, name: str) -> str | None:
        lines = [line.partition(b": ") for line in self.head.split(b"\r\n")[1:]]
        return next((value.decode() for key, _, value in lines if key.decode().lower() == name.lower()), None)

    def say(self, data: bytes) -> None:
        self.connection.sendall(data)

    def answer(self, body: bytes = PICTURE, status: str = "200 OK", length: bool = True, **headers: str) -> None:
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body)}"] if length else []
        self.say("\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode() + body)


class World:
    """Names, pages, and who came. `names` maps a host to its addresses, or to a function that gives them."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.names: dict[str, list[str] | Callable[[], list[str]]] = {HOST: [PUBLIC]}
        self.pages: dict[str, Answers] = {}
        self.visitors: list[Visitor] = []
        self.asked: list[str] = []
        self.tls = True
        context.sni_callback = self._named
        self._context = context
        self._current = threading.local()

    def clear(self) -> None:
        self.names = {HOST: [PUBLIC]}
        self.pages = {}
        self.visitors.clear()
        self.asked.clear()
        self.tls = True

    @property
    def trapped(self) -> list[tuple[str, int]]:
        """Connections to what is not the public server."""
        return [(one.at, one.port) for one in self.visitors if one.at not in {PUBLIC, PUBLIC6}]

    def serve(self, family: int, port: int) -> None:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(("", port))
        listener.listen(64)
        threading.Thread(target=self._accept, args=(listener, port), daemon=True).start()

    def _accept(self, listener: socket.socket, port: int) -> None:
        while True:
            connection, _ = listener.accept()
            visitor = Visitor(connection, connection.getsockname()[0], port)
            self.visitors.append(visitor)  # before a byte is read: to connect is enough
            threading.Thread(target=self._talk, args=(visitor,), daemon=True).start()

    def _talk(self, visitor: Visitor) -> None:
        with contextlib.suppress(OSError, ssl.SSLError):
            visitor.connection.settimeout(PATIENCE)
            if visitor.port == 443 and not self.tls:
                visitor.answer()
            elif visitor.port == 443:
                self._current.visitor = visitor
                visitor.connection = self._context.wrap_socket(visitor.connection, server_side=True)
            while self.tls and b"\r\n\r\n" not in visitor.head and (more := visitor.connection.recv(65536)):
                visitor.head += more
            if visitor.head:
                self.pages.get(visitor.path, Visitor.answer)(visitor)
                if visitor.port == 443:
                    visitor.connection.unwrap()
        visitor.connection.close()

    def _named(self, _: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> None:
        self._current.visitor.name = name

    def resolve(self) -> None:
        """A name server on 127.0.0.1, whose answers nobody may keep."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listener.bind(("127.0.0.1", 53))
        threading.Thread(target=self._resolve, args=(listener,), daemon=True).start()

    def _resolve(self, listener: socket.socket) -> None:
        while True:
            data, sender = listener.recvfrom(4096)
            asked = dns.message.from_wire(data)
            listener.sendto(self._resolved(asked).to_wire(), sender)

    def _resolved(self, asked: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(asked)
        question = asked.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), question.rdtype.name
        self.asked.append(f"{name} {kind}")
        known = self.names.get(name)
        if known is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
            return answer
        version = {"A": 4, "AAAA": 6}.get(kind)
        listed = [ip for ip in (known() if callable(known) else known) if ipaddress.ip_address(ip).version == version]
        if listed:
            answer.answer.append(dns.rrset.from_text(question.name, 0, "IN", kind, *listed))
        return answer


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@contextlib.contextmanager
def begun(folder: Path) -> Iterator[World]:
    """The world, in this process's namespaces."""
    _run("ip", "link", "set", "lo", "up")
    for version in ("-4", "-6"):
        _run("ip", version, "route", "add", "local", "default", "dev", "lo")
    for path, text in {"/etc/resolv.conf": "nameserver 127.0.0.1\n", "/etc/nsswitch.conf": "hosts: dns\n"}.items():
        own = folder / Path(path).name
        own.write_text(text)
        _run("mount", "--bind", str(own), str(Path(path).resolve()))
    trusted, own = certificates.make(folder, HOST, "*.pictures.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    world = World(context)
    world.resolve()
    for family in (socket.AF_INET, socket.AF_INET6):
        for port in (80, 443):
            world.serve(family, port)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(trusted))
        yield world
