"""The built image as a function of AWS Lambda: under Amazon's emulator, as Lambda runs images.

Lambda has a read-only root, an unprivileged user of its own, a writable /tmp, and no shared memory.
"""

from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import ROOT
from tests.functions.requests.test_lambda_http import http_event
from tests.functions.support import picture
from tests.test_container import Image, image, inside, serving, started
from tests.waiting import PATIENCE
from tools.emulators import function_url, lambda_rie
from tools.ports import free_port

__all__ = ["image"]
pytestmark = [pytest.mark.container, pytest.mark.timeout(600)]
ENTRY = ["python", "-m", "awslambdaric", "main.on_lambda"]
JPEG = picture("jpg", width=320, height=240)


@pytest.fixture(scope="module")
def function(image: Image) -> Iterator[str]:
    """Where the function is invoked."""
    port, runtime_port = free_port(), free_port()
    emulator = ("--tmpfs", "/tmp", "--ro-bind", str(lambda_rie.program()), "/tmp/rie")
    mounts = ("--perms", "0000", "--tmpfs", "/dev/shm", *emulator)
    command = lambda_rie.words("/tmp/rie", port, runtime_port, ENTRY)
    settings = {"DARKROOM_AUTH": "none", "AWS_LAMBDA_FUNCTION_TIMEOUT": "300"}
    with started(inside(image, command, settings, mounts, user="993:990"), port):
        yield f"http://127.0.0.1:{port}{lambda_rie.PATH}"


@pytest.mark.parametrize(
    "path",
    ["/v1/process?pipeline=resize:100/sepia&format=webp", "/v1/process?pipeline=blur", "/v1/process?pipeline=palette"],
)
def test_answers_are_those_of_the_server(image: Image, function: str, path: str) -> None:
    with serving(image, DARKROOM_AUTH="none") as server, function_url.before(function) as url:
        answers = [httpx.post(f"{base}{path}", content=JPEG, timeout=PATIENCE) for base in (server.url, url)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content


def test_a_model_sees_there(function: str) -> None:
    """Nothing can be kept beside the code, and the detector that ships compiles all the same."""
    drawing = (ROOT / "docs" / "img" / "shapes.png").read_bytes()
    event = http_event("/v1/process", "POST", drawing, query="pipeline=detect/count")
    answer = lambda_rie.invoke(function, event)
    assert answer["statusCode"] == 200, answer
    assert '"counts"' in answer["body"]
