"""A proxy for an emulator: enforces preconditions it ignores, injects faults, keeps a ledger of what took effect.

Changes are forwarded one at a time, so that checking a precondition and the change are atomic.

    python -m tools.emulators.proxy gs http://127.0.0.1:4443 [--port N] [--ledger FILE] [--seed N] [--no-enforce]

It is controlled over HTTP: `PUT /_proxy/rules` takes a JSON list of rules (`faults.Rule`), `GET /_proxy/ledger` returns
JSON lines, `GET /_proxy/counts` the calls and faults by kind, `POST /_proxy/reset` clears everything. The `Host` of a
request is forwarded unchanged, so signatures stay valid.
"""

import argparse
import asyncio
import contextlib
import json
import re
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import msgspec

from tools.emulators.dialects import Amazon, Call, Dialect, Effect, Google, met
from tools.emulators.faults import Plan, Rule
from tools.emulators.wire import Message, exchange, read_request, reset

DIALECTS: dict[str, type[Dialect]] = {"gs": Google, "s3": Amazon}
_REASONS = {
    200: "OK",
    409: "Conflict",
    412: "Precondition Failed",
    429: "Too Many Requests",
    503: "Service Unavailable",
}


class Proxy:
    """The proxy of one emulator."""

    def __init__(self, dialect: Dialect, upstream: str, *, enforce: bool, seed: int, ledger: IO[str] | None) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._dialect = dialect
        self._enforce = enforce
        self._plan = Plan(seed)
        self._file = ledger
        self._effects: list[Effect] = []
        self._calls: dict[str, int] = {}
        self._changing = asyncio.Lock()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: request after request, until either side closes it."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while (request := await read_request(reader, writer)) and not writer.is_closing():
                if request.path.startswith("/_proxy/"):
                    _send(writer, self._told(request))
                else:
                    await self._handle(request, writer)
                await writer.drain()
        writer.close()

    async def _handle(self, request: Message, writer: asyncio.StreamWriter) -> None:
        call = self._dialect.call(request)
        self._calls[call.op] = self._calls.get(call.op, 0) + 1
        rule = self._plan.befalls(call.op, call.key)
        kind = rule.kind if rule else None
        if rule and kind in {"429", "500", "503", "409"}:
            _send(writer, self._refused(int(rule.kind), rule.retry_after))
        elif rule and kind in {"reset", "stall"}:
            await asyncio.sleep(rule.seconds if kind == "stall" else 0)
            reset(writer)
        else:
            if kind == "forget":
                call, request = _forgetful(call, request)
            answer = await self._forward(call, request, kind)
            await self._answer(answer, rule, writer, head=request.method == "HEAD")

    async def _forward(self, call: Call, request: Message, fault: str | None) -> Message:
        """Changes go one at a time, each right after its preconditions were checked."""
        if call.refused:
            return self._refused(call.refused)
        if call.op in {"read", "stat", "list"} and not call.demands:
            return await exchange(self._dialect.routed(request), self._upstream)
        async with self._changing:
            before = ""
            if self._enforce and call.key:
                before = await self._version(call.bucket, call.key, request)
                sources = not call.source or met(call.sources, await self._version(*call.source, request))
                if not sources or not met(call.demands, before):
                    return self._refused(412)
            answer = await exchange(self._dialect.routed(request), self._upstream)
            if 200 <= answer.status < 300:
                self._record(call, request, answer, before, fault)
            return answer

    async def _version(self, bucket: str, key: str, like: Message) -> str:
        return self._dialect.version(await exchange(self._dialect.look(bucket, key, like), self._upstream))

    def _record(self, call: Call, request: Message, answer: Message, before: str, fault: str | None) -> None:
        told = self._dialect.effect(call, request, answer) if call.op == "write" else None
        if call.op == "delete" and (before or not self._enforce):
            told = {"key": call.key, "version": before, "size": 0, "md5": "", "metadata": {}}
        if told is None:
            return
        effect = Effect(number=len(self._effects), op=call.op, bucket=call.bucket, fault=fault, **told)
        self._effects.append(effect)
        if self._file:
            self._file.write(msgspec.json.encode(effect).decode() + "\n")
            self._file.flush()

    async def _answer(self, answer: Message, rule: Rule | None, writer: asyncio.StreamWriter, *, head: bool) -> None:
        kind = rule.kind if rule else None
        if kind == "lost":
            reset(writer)
        elif kind == "503-after":
            _send(writer, self._refused(503))
        elif rule and kind == "slow" and answer.body:
            await _drip(writer, answer, rule.seconds)
        elif kind == "cut" and answer.body:
            writer.write(answer.head() + answer.body[: len(answer.body) // 2])
            await writer.drain()
            writer.close()
        else:
            if kind == "flip" and answer.body:
                middle = len(answer.body) // 2
                flipped = bytes([answer.body[middle] ^ 1])
                answer.body = answer.body[:middle] + flipped + answer.body[middle + 1 :]
            writer.write(answer.head() + (b"" if head else answer.body))

    def _refused(self, status: int, after: int | None = None) -> Message:
        kind, body = self._dialect.refusal(status)
        return _message(status, body, kind, [("Retry-After", str(after))] if after is not None else [])

    def _told(self, request: Message) -> Message:
        match request.method, request.path:
            case "PUT", "/_proxy/rules":
                self._plan.rules = msgspec.json.decode(request.body, type=list[Rule])
            case "GET", "/_proxy/ledger":
                return _message(200, b"\n".join(map(msgspec.json.encode, self._effects)))
            case "GET", "/_proxy/counts":
                return _message(200, json.dumps({"calls": self._calls, "faults": self._plan.counts}).encode())
            case "POST", "/_proxy/reset":
                self._plan.rules, self._effects = [], []
                self._plan.counts, self._calls = {}, {}
            case _:
                return _message(404, b"")
        return _message(200, b"")


def _forgetful(call: Call, request: Message) -> tuple[Call, Message]:
    """A call without its preconditions."""
    target = re.sub(r"(?<=[?&])if\w*GenerationMatch=\d+&?", "", request.target)
    headers = request.without("if-match", "if-none-match", "x-goog-if-generation-match")
    first = f"{request.method} {target} HTTP/1.1"
    return Call(call.op, call.bucket, call.key), Message(first, headers, request.body)


def _message(
    status: int, body: bytes, kind: str = "application/json", more: list[tuple[str, str]] | None = None
) -> Message:
    headers = [("Content-Type", kind), ("Content-Length", str(len(body))), *(more or [])]
    return Message(f"HTTP/1.1 {status} {_REASONS.get(status, 'Error')}", headers, body)


def _send(writer: asyncio.StreamWriter, answer: Message) -> None:
    writer.write(answer.head() + answer.body)


async def _drip(writer: asyncio.StreamWriter, answer: Message, seconds: float) -> None:
    writer.write(answer.head())
    step = max(1, len(answer.body) // 10)
    for at in range(0, len(answer.body), step):
        await asyncio.sleep(seconds / 10)
        writer.write(answer.body[at : at + step])
        await writer.drain()


async def _run(proxy: Proxy, port: int) -> None:
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", port, limit=1024 * 1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dialect", choices=DIALECTS)
    parser.add_argument("upstream")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ledger")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-enforce", dest="enforce", action="store_false")
    told = parser.parse_args()
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.suppress(KeyboardInterrupt))
        ledger = stack.enter_context(Path(told.ledger).open("a")) if told.ledger else None
        dialect = DIALECTS[told.dialect]()
        proxy = Proxy(dialect, told.upstream, enforce=told.enforce, seed=told.seed, ledger=ledger)
        asyncio.run(_run(proxy, told.port))


if __name__ == "__main__":
    main()
