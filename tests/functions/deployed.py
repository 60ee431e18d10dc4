"""The AWS Lambda function as tests deploy it: under the runtime interface emulator, with buckets of its own."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest

from tests.storage.support import aws_environment, make_s3_bucket
from tests.waiting import PATIENCE
from tools.emulators import function_url, lambda_rie, versitygw

COMMAND = [sys.executable, "-m", "awslambdaric", "main.on_lambda"]
RULES = '[[rule]]\nwhen = "s3://photos/**.jpg"\nto = "s3://outputs/{dir}/{name}.webp"\npipeline = "resize:32"\n'
ENLARGE = "resize:1500,enlarge=true"


class Deployed(NamedTuple):
    """A function with buckets of its own: where it is invoked, its URL over HTTP, and the S3 server."""

    function: str
    url: str
    s3: str


def noisy() -> bytes:
    """A PNG that Lambda takes, and whose enlargement it does not pass on."""
    noise = np.random.default_rng(1).integers(0, 256, (600, 600, 3), dtype=np.uint8)
    return cv2.imencode(".png", noise)[1].tobytes()


@contextlib.contextmanager
def deployed(**settings: str) -> Iterator[tuple[str, str]]:
    """The function with these settings: where it is invoked, and its URL over HTTP."""
    given = {"DARKROOM_AUTH": "none", "DARKROOM_MAX_SECONDS": str(PATIENCE), **settings}
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("DARKROOM_")]:
            patch.delenv(name)
        with lambda_rie.started(COMMAND, given) as function, function_url.before(function) as url:
            yield function, url


@contextlib.contextmanager
def with_buckets(folder: Path, **settings: str) -> Iterator[Deployed]:
    """The function with rules, and with the buckets that they name."""
    rules = folder / "rules.toml"
    rules.write_text(RULES)
    with pytest.MonkeyPatch.context() as patch, versitygw.started() as s3:
        aws_environment(patch)
        for bucket in ("photos", "outputs", "results"):
            make_s3_bucket(s3, bucket)
        stored = {"S3_ENDPOINT": s3, "S3_REGION": "us-east-1", "RESULTS": "s3://results", "RULES": str(rules)}
        given = {f"DARKROOM_{name}": value for name, value in stored.items()}
        with deployed(**given, **settings) as (function, url):
            yield Deployed(function, url, s3)
