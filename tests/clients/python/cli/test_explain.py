"""`darkroom explain`, against a server that answers as it is told."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.explain import Explanation, explain
from core.limits import Deadline, Limits
from core.picture import Origin, Size
from core.run import Context
from service.results import to_json
from tests.clients.python.fault_server import FaultServer
from tests.core.test_process import output

Command = Callable[..., int]
CAMERA = Origin(format="jpeg", size=Size(4000, 3000), nbytes=3_000_000)


def told() -> Explanation:
    """What a server tells of a camera's picture."""
    return explain(output("resize:500/sepia"), CAMERA, Context(Limits(), Deadline(60)))


def answers(server: FaultServer, body: Any) -> None:
    """Let the server answer so once."""
    data = body if isinstance(body, bytes) else to_json(body)
    server.script.append(lambda handler: handler.reply(200, data, "application/json"))


def test_a_table(darkroom: Command, server: FaultServer, photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers(server, told())
    assert darkroom("explain", "resize:500/sepia", photo, "-f", "webp") == 0
    said = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [words[0] for words in said[:5]] == ["step", "decode", "resize", "sepia", "encode"]
    assert said[1][1:4] == ["at", "1/4", "1000×750×3"]
    assert ["shrink:", "decoded", "at", "1/4,", "because", "resize", "makes", "it", "smaller"] in said
    assert server.seen[0].query == {"pipeline": "resize:500/sepia", "format": "webp", "explain": "true"}


def test_json(darkroom: Command, server: FaultServer, photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers(server, told())
    assert darkroom("explain", "resize:500", photo, "--json") == 0
    assert json.loads(capsys.readouterr().out)["decoding"]["scale"] == 4


@pytest.mark.parametrize("body", [b"{}", b'{"rules": 3}', b"[]"])
def test_an_answer_of_somebody_else(darkroom: Command, server: FaultServer, photo: Path, body: bytes) -> None:
    answers(server, body)
    assert darkroom("explain", "resize:500", photo) == 5
