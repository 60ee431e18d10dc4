"""The source as Cloud Functions builds it: what .gcloudignore leaves, with the packages of requirements.txt alone."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT
from tests.functions.support import BIN, clean_environment, picture, wait_for
from tests.waiting import PATIENCE
from tools.emulators import fake_gcs
from tools.ports import free_port

JPEG = picture("jpg", width=64, height=48)
RULES = '[[rule]]\nwhen = "gs://in/**.jpg"\nto = "gs://out/{name}.webp"\npipeline = "resize:32"\n'


def kept(ignore: str, root: Path = ROOT) -> list[str]:
    """The files that an ignore file in git's syntax leaves of a folder, whatever git itself tracks or ignores."""
    with_empty_index = {**os.environ, "GIT_INDEX_FILE": "/nowhere/index"}
    command = ["git", "-c", "core.excludesFile=", "ls-files", "-z", "--others", f"--exclude-from={ignore}"]
    listed = subprocess.run(command, cwd=root, env=with_empty_index, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle in a folder of its own."""
    folder = tmp_path_factory.mktemp("bundle") / "source"
    for name in kept(".gcloudignore"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def python(bundle: Path) -> Path:
    """An environment with what requirements.txt names and nothing else; uv links what its cache has."""
    venv = bundle.parent / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    install = [BIN / "uv", "pip", "install", "--quiet", "--python", venv, "--require-hashes"]
    subprocess.run([*install, "--requirement", bundle / "requirements.txt"], check=True)
    return venv / "bin" / "python"


@contextmanager
def served(python: Path, bundle: Path, target: str, kind: str, **settings: str) -> Iterator[str]:
    """A function of the bundle, as the platform starts it."""
    port = free_port()
    command = [
        python,
        "-m",
        "functions_framework",
        f"--target={target}",
        f"--signature-type={kind}",
        "--source=main.py",
    ]
    environment = clean_environment(K_SERVICE="bundle", DARKROOM_AUTH="none", PORT=str(port), **settings)
    process = subprocess.Popen([*command, "--host=127.0.0.1"], cwd=bundle, env=environment)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(PATIENCE)


def test_only_what_the_server_reads_is_in_it(bundle: Path) -> None:
    names = {path.name for path in bundle.iterdir()}
    assert names == {"main.py", "core", "storage", "catalog", "service", "functions", "requirements.txt", "LICENSE"}
    files = [path for path in bundle.rglob("*") if path.is_file()]
    assert not [path for path in files if path.suffix in {".pyc", ".key"} or path.name == "keys.json"]


def test_it_is_what_the_image_gets() -> None:
    """One list in two syntaxes, but for what the image's build runs and takes out again."""
    tops = [line[1:].strip("/") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert {name.partition("/")[0] for name in kept(".gcloudignore")} == set(tops) - {"tools/unused.py"}


@pytest.mark.parametrize(
    "name", ["core/secret.key", "functions/x/__pycache__/a.pyc", "keys.json", "tests/a.py", "a/core/b.py"]
)
def test_the_file_is_read_as_gcloud_reads_it(name: str, tmp_path: Path) -> None:
    """What is planted beside the source stays out, unless it lies in a folder of ours."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    shutil.copy(ROOT / ".gcloudignore", tmp_path)
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("planted")
    assert kept(".gcloudignore", tmp_path) == (["core/secret.key"] if name == "core/secret.key" else [])


def test_the_http_function_answers(python: Path, bundle: Path) -> None:
    with served(python, bundle, "handle", "http") as url:
        answer = httpx.post(f"{url}/v1/process?pipeline=resize:32&format=webp", content=JPEG, timeout=PATIENCE)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
        assert httpx.post(f"{url}/upload", files={"file": ("a.jpg", JPEG)}, timeout=PATIENCE).status_code == 200
        found = httpx.get(f"{url}/v1/filters", timeout=PATIENCE).json()
        assert len(found) > 0
        assert httpx.get(f"{url}/", timeout=PATIENCE).headers["content-type"].startswith("text/html")


def test_the_event_function_answers(python: Path, bundle: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES)
    with fake_gcs.started() as cloud:
        for bucket in ("in", "out", "own"):
            fake_gcs.make_bucket(cloud, bucket)
        httpx.post(f"{cloud}/upload/storage/v1/b/in/o?uploadType=media&name=a.jpg", content=JPEG).raise_for_status()
        settings = {"RULES": str(rules), "RESULTS": "gs://own", "GS_ENDPOINT": cloud, "GS_PROJECT": "test"}
        given = {f"DARKROOM_{name}": value for name, value in settings.items()}
        with served(python, bundle, "on_object", "cloudevent", **given) as url:
            event = {
                "type": "google.cloud.storage.object.v1.finalized",
                "id": "1",
                "source": "//s",
                "specversion": "1.0",
            }
            headers = {f"ce-{name}": value for name, value in event.items()}
            answer = httpx.post(url, json={"bucket": "in", "name": "a.jpg"}, headers=headers, timeout=PATIENCE)
            assert answer.status_code == 200, answer.text
        made = httpx.get(f"{cloud}/storage/v1/b/out/o/a.jpg.webp").json()
        assert made["contentType"] == "image/webp"
