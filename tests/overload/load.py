"""An open-loop load: requests are sent when they are due, whether or not earlier ones are answered.

Latencies count from that moment, so a server that stalls cannot hide it (coordinated omission).
"""

import asyncio
import gc
import random
import socket
import time
from collections.abc import Iterable
from typing import NamedTuple

TIMEOUT = 60.0
"""Seconds without an answer that count as a hang."""


class Answer(NamedTuple):
    """What became of a request: `status` is 0 if the connection broke, -1 if nothing came.

    `seconds` are from the moment it was due, `done` from the beginning of the load.
    """

    status: int
    seconds: float
    done: float
    headers: dict[str, str]


def request(method: str, target: str, body: bytes = b"", content_type: str = "application/octet-stream") -> bytes:
    """The bytes of a request on a connection of its own."""
    fields = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close"]
    fields += [f"Content-Type: {content_type}", f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([*fields, "", ""]).encode() + body


def arrivals(rate: float, seconds: float, seed: int = 1) -> list[float]:
    """Moments of a Poisson process."""
    random_, moments, now = random.Random(seed), [], 0.0
    while (now := now + random_.expovariate(rate)) < seconds:
        moments.append(now)
    return moments


def send(port: int, loads: Iterable[tuple[bytes, list[float]]], patience: float = TIMEOUT) -> list[list[Answer]]:
    """Send each request at its moments; the answers of each load."""

    async def all_of_them() -> list[list[Answer]]:
        began = time.monotonic() + 0.1
        sent = [
            [asyncio.create_task(_answer(port, data, began, due, patience)) for due in moments]
            for data, moments in loads
        ]
        gc.freeze()  # else collections visit all requests to come: pauses of 70 ms that would count as the server's
        return [list(await asyncio.gather(*tasks)) for tasks in sent]

    return asyncio.run(all_of_them())


def repeat(port: int, data: bytes, clients: int, seconds: float) -> tuple[list[Answer], float]:
    """A closed loop: each client sends when it has its answer; the answers, and how long it took."""

    async def client(began: float) -> list[Answer]:
        answers: list[Answer] = []
        while not answers or time.monotonic() - began < seconds:
            answers.append(await _answer(port, data, time.monotonic(), 0.0))
        return answers

    async def all_of_them() -> list[Answer]:
        began = time.monotonic()
        return [one for many in await asyncio.gather(*(client(began) for _ in range(clients))) for one in many]

    began = time.monotonic()
    return asyncio.run(all_of_them()), time.monotonic() - began


async def _answer(port: int, data: bytes, began: float, due: float, patience: float = TIMEOUT) -> Answer:
    await asyncio.sleep(began + due - time.monotonic())
    try:
        received = await asyncio.wait_for(_exchange(port, data), patience)
    except TimeoutError:
        received = None
    except OSError:
        received = b""
    status, headers = (-1, {}) if received is None else _head(received)
    now = time.monotonic()
    return Answer(status, now - began - due, now - began, headers)


async def _exchange(port: int, data: bytes) -> bytes:
    """Send and receive at once: a refusal may come before all is sent."""
    loop = asyncio.get_running_loop()
    with socket.socket() as connection:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(connection, ("127.0.0.1", port))
        sending = asyncio.create_task(_send(loop, connection, data))
        try:
            return await _received(loop, connection)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)


async def _send(loop: asyncio.AbstractEventLoop, connection: socket.socket, data: bytes) -> None:
    await loop.sock_sendall(connection, data)


async def _received(loop: asyncio.AbstractEventLoop, connection: socket.socket) -> bytes:
    """The answer, as far as its length says or until the connection ends; BrokenPipeError if it breaks off."""
    received = b""
    while True:
        part = await loop.sock_recv(connection, 2**18)
        received += part
        head, found, body = received.partition(b"\r\n\r\n")
        if found and len(body) >= int(_head(head)[1].get("content-length", 2**62)):
            return received
        if not part:
            raise BrokenPipeError


def _head(received: bytes) -> tuple[int, dict[str, str]]:
    """The status and the headers; 0 if there are none."""
    lines = received.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    if not lines[0].startswith("HTTP/"):
        return 0, {}
    pairs = (line.partition(":") for line in lines[1:])
    return int(lines[0].split()[1]), {name.lower(): value.strip() for name, _, value in pairs}
