"""Both clouds' events through real servers to real stores."""

from pathlib import Path

import httpx
import pytest

from core.limits import Deadline
from storage.address import Address
from storage.facts import ObjectMetadata
from storage.options import Options
from storage.publish import find_object
from storage.registry import Stores
from tests.functions.requests import test_events as told
from tests.functions.support import BIN, picture, served
from tests.storage.support import aws_environment, make_s3_bucket
from tests.waiting import PATIENCE
from tools.emulators import fake_gcs, moto

RULE = '[[rule]]\nwhen="SCHEME://sources/**"\nto="SCHEME://outputs/{dir}/{name}.webp"\npipeline="resize:32"\n'
FRAMEWORK = [
    str(BIN / "functions-framework"), "--target=on_object", "--signature-type=cloudevent", "--host=127.0.0.1",
    "--port=PORT",
]  # fmt: skip
MAIN = [str(BIN / "python"), "main.py"]


def variables(scheme: str, folder: Path, **more: str) -> dict[str, str]:
    (folder / "rules.toml").write_text(RULE.replace("SCHEME", scheme))
    given = {
        "rules": str(folder / "rules.toml"), "results": f"{scheme}://records", "catalog": "none", "workers": "1",
        "data": str(folder / "data"), **more,
    }  # fmt: skip
    return {f"DARKROOM_{name.upper()}": value for name, value in given.items()}


def put(stores: Stores, scheme: str, key: str) -> Address:
    source = Address(scheme, "sources", key)
    stores.of(source).write(source, picture("jpg"), ObjectMetadata(), Deadline(60))
    return Address(scheme, "outputs", f"{key}.webp")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Google's library closes no sockets
def test_a_cloudevent_function_of_google(tmp_path: Path) -> None:
    with fake_gcs.started() as url:
        for bucket in ("sources", "outputs", "records"):
            fake_gcs.make_bucket(url, bucket)
        stores = Stores(Options(gs_endpoint=url, gs_project="test"))
        output = put(stores, "gs", "x/a b+ü.jpg")
        with served(FRAMEWORK, variables("gs", tmp_path, gs_endpoint=url, gs_project="test")) as server:
            body = {"bucket": "sources", "name": "x/a b+ü.jpg", "generation": "1"}
            answer = httpx.post(server, json=body, headers=told.BINARY, timeout=PATIENCE)
            assert answer.status_code == 200
            assert find_object(stores.of(output), output, Deadline(60))
            fault = httpx.post(server, json={"bucket": "sources"}, headers=told.BINARY, timeout=PATIENCE)
            assert fault.status_code == 500


def test_the_events_of_amazon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aws_environment(monkeypatch)
    with moto.started() as url:
        for bucket in ("sources", "outputs", "records"):
            make_s3_bucket(url, bucket)
        stores = Stores(Options(s3_endpoint=url))
        output = put(stores, "s3", "x/a b+ü.jpg")
        record = told.s3(key="x/a+b%2B%C3%BC.jpg")
        record["s3"]["bucket"]["name"] = "sources"
        with served(MAIN, variables("s3", tmp_path, s3_endpoint=url)) as server:
            answer = httpx.post(f"{server}/events", json=told.sns({"Records": [record]}), timeout=PATIENCE)
            assert answer.status_code == 204
            assert find_object(stores.of(output), output, Deadline(60))
