"""`make up` without a container engine: the parts of compose.yaml as processes, on ports of the test's own."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import httpx
import pymongo
import pytest
import yaml

from tests.conftest import ROOT
from tests.functions.support import clean_environment, picture
from tests.waiting import PATIENCE, until
from tools.ports import free_port
from tools.stack import processes, programs
from tools.stack.compose import Part, read_parts

COMPOSE = (ROOT / "compose.yaml").read_text()
PORTS = {"app": "PORT", "gcs": "GCS_PORT", "s3": "S3_PORT", "db": "MONGO_PORT", "prometheus": "PROMETHEUS_PORT"}


def parts(**variables: str) -> dict[str, Part]:
    return {part.name: part for part in read_parts(COMPOSE, variables)}


def test_every_service_is_a_part() -> None:
    services = yaml.safe_load(COMPOSE)["services"]
    assert set(parts()) == set(services)
    assert [name for name, part in parts().items() if part.program is None] == ["grafana"], "not in Debian, and AGPL"


def test_what_others_need_starts_first() -> None:
    names = list(parts())
    assert all(names.index(store) < names.index("app") for store in ("gcs", "s3", "db"))


def test_paths_of_containers_are_those_of_this_machine() -> None:
    found = parts(GCS_PORT="1234")
    assert found["gcs"].arguments[1:5:3] == ["-filesystem-root=.up/gcs", "-port=1234"]
    assert found["prometheus"].arguments[0] == "--config.file=infra/prometheus/prometheus.yml"
    assert found["prometheus"].arguments[1] == "--storage.tsdb.path=.up/prometheus"
    assert found["gcs"].folders == [".up/gcs", ".up/gcs/darkroom"]
    assert found["app"].environment["DARKROOM_GS_ENDPOINT"] == "http://127.0.0.1:1234"
    assert "DARKROOM_AUTH" not in found["app"].environment, "what is empty is not set"


def test_nothing_listens_beyond_loopback() -> None:
    for name, service in yaml.safe_load(COMPOSE)["services"].items():
        words = " ".join(
            [*service.get("command", []), *service.get("entrypoint", []), *service.get("environment", {}).values()]
        )
        assert "127.0.0.1" in words, name
        assert "ports" not in service, name
        assert service["network_mode"] == "host", name


def test_images_are_of_a_version() -> None:
    images = [service["image"] for service in yaml.safe_load(COMPOSE)["services"].values()]
    assert [image for image in images if not re.search(r":(v?\d+\.\d+|dev$)", image)] == []


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _command: None)
    assert programs.missing(parts().values()) == {"go": ["gcs", "s3", "db"], "prometheus": ["prometheus"]}
    assert programs.install_line("go") == "sudo apt-get install golang-go"


class Up(NamedTuple):
    """A clone with everything started: its folder, the variables it was started with, and what was said."""

    root: Path
    variables: Mapping[str, str]
    said: str

    def url(self, part: str) -> str:
        return f"http://127.0.0.1:{self.variables[PORTS[part]]}"


def make(target: str, root: Path, variables: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """As whoever has no container engine runs it."""
    words = ["make", target, "ENGINE=false", *(f"{name}={value}" for name, value in variables.items())]
    environment = clean_environment()
    return subprocess.run(
        words, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=10 * PATIENCE
    )


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """What `make up` runs, in a clone of what is here."""
    root = tmp_path_factory.mktemp("clone") / "darkroom"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in listed.split("\0"):
        if name and (ROOT / name).is_file() and not name.startswith(("tests/", "docs/img/filters/")):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    (root / ".venv").symlink_to(Path(sys.executable).parent.parent)
    variables = {variable: str(free_port()) for variable in PORTS.values()}
    ran = make("up", root, variables)
    try:
        assert ran.returncode == 0, ran.stdout + ran.stderr
        yield Up(root, variables, ran.stdout)
    finally:
        make("down", root, variables)


def test_it_says_where_each_listens(up: Up) -> None:
    for name, variable in PORTS.items():
        assert re.search(rf"^  {name} +\w+://127\.0\.0\.1:{up.variables[variable]}$", up.said, re.MULTILINE), name
    assert "grafana     not started" in up.said


DEPLOY = (ROOT / "docs" / "deploy.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", DEPLOY, re.MULTILINE | re.DOTALL)
RUN = [line for block in BLOCKS if block.startswith("# run by the tests\n") for line in block.splitlines()[1:]]


def test_every_block_says_whether_it_was_run() -> None:
    assert [block for block in BLOCKS if not block.startswith(("# run by the tests\n", "# not run here: needs "))] == []
    assert (RUN[0], RUN[-1]) == ("make up", "make down"), "which the fixture runs"
    assert len(RUN) > 2
    assert all(line.startswith("curl ") for line in RUN[1:-1])


@pytest.mark.parametrize("line", RUN[1:-1])
def test_a_line_of_deploy_as_pasted(up: Up, line: str) -> None:
    pasted = line.replace("http://localhost:8080", up.url("app")).replace("curl ", "curl --silent --fail-with-body ", 1)
    ran = subprocess.run(["bash", "-c", pasted], cwd=up.root, capture_output=True, check=False, timeout=PATIENCE)
    assert ran.returncode == 0, ran.stdout


def test_the_page(up: Up) -> None:
    page = httpx.get(up.url("app"), timeout=PATIENCE)
    assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (200, "text/html")


def test_a_picture_its_row_and_its_renders(up: Up) -> None:
    """Stored by the page's machine without a key, a row in MongoDB, a render in the bucket."""
    photo = picture("jpg", width=320, height=240)
    stored = httpx.post(f"{up.url('app')}/v1/images", files={"file": ("a.jpg", photo)}, timeout=PATIENCE)
    assert stored.status_code == 201, stored.text
    row_id = stored.json()["id"]
    render = httpx.get(f"{up.url('app')}/v1/images/{row_id}/preset:thumbnail", timeout=PATIENCE)
    assert render.status_code == 200, render.text
    client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(
        f"mongodb://127.0.0.1:{up.variables['MONGO_PORT']}/"
    )
    rows = [row for name in client.list_database_names() for kind in client[name].list_collection_names()
            for row in client[name][kind].find()]  # fmt: skip
    client.close()
    assert row_id in json.dumps(rows, default=str)
    held = httpx.get(f"{up.url('gcs')}/storage/v1/b/darkroom/o", timeout=PATIENCE).json()["items"]
    names = [item["name"] for item in held]
    assert any(name.startswith("images/") for name in names)
    assert any(name.startswith("renders/") for name in names)


def test_what_is_dropped_into_inbox_ends_up_in_outbox(up: Up) -> None:
    (up.root / "inbox" / "dropped.jpg").write_bytes(picture("jpg", width=320, height=240))
    until((up.root / "outbox" / "dropped.jpg-sepia.jpg").is_file, "the output of a dropped picture")


def test_prometheus_has_its_metrics_and_the_alerts(up: Up) -> None:
    def target() -> dict[str, str]:
        found = httpx.get(f"{up.url('prometheus')}/api/v1/targets", timeout=PATIENCE).json()
        return next(iter(found["data"]["activeTargets"]), {})

    until(lambda: target().get("health") == "up", "the first scrape")
    assert target()["scrapeUrl"] == f"{up.url('app')}/metrics"
    query = {"query": 'count({__name__=~"darkroom_.*", job="darkroom"})'}

    def series() -> int:
        found = httpx.get(f"{up.url('prometheus')}/api/v1/query", params=query, timeout=PATIENCE).json()
        return sum(int(one["value"][1]) for one in found["data"]["result"])

    until(lambda: series() > 10, "what was scraped: it is stored after the target is told to be up")
    rules = httpx.get(f"{up.url('prometheus')}/api/v1/rules", timeout=PATIENCE).json()
    assert sum(len(group["rules"]) for group in rules["data"]["groups"]) > 0, "the alerts are loaded"


def test_a_second_up_starts_nothing(up: Up) -> None:
    before = {name: processes.running(name, up.root / ".up") for name in PORTS}
    assert make("up", up.root, up.variables).returncode == 0
    assert {name: processes.running(name, up.root / ".up") for name in PORTS} == before
    assert None not in before.values()


def test_a_taken_port_is_named(up: Up) -> None:
    other = {**up.variables, "PORT": up.variables["GCS_PORT"]}
    copy = up.root.parent / "another"
    shutil.copytree(up.root, copy, symlinks=True, ignore=shutil.ignore_patterns(".up"))
    ran = make("up", copy, other)
    assert ran.returncode != 0
    assert f"Port {other['PORT']} of app is taken. Choose another: make up PORT=…" in ran.stdout
    assert not list((copy / ".up").glob("*.pid"))


def test_down_leaves_no_process(up: Up) -> None:
    """And what was stored is there the next time."""
    photo = picture("png", width=32, height=24)
    stored = httpx.post(f"{up.url('app')}/v1/images", files={"file": ("b.png", photo)}, timeout=PATIENCE).json()
    pids = [pid for name in PORTS if (pid := processes.running(name, up.root / ".up"))]
    groups = [os.getpgid(pid) for pid in pids]
    assert pids == groups, "each leads a group of its own"
    assert make("down", up.root, up.variables).returncode == 0
    until(lambda: not any(_is_there(pid) for pid in pids), "the end of what was killed")
    assert [port for port in up.variables.values() if processes.listens(int(port))] == []
    assert not list((up.root / ".up").glob("*.pid"))
    assert make("up", up.root, up.variables).returncode == 0
    again = httpx.get(f"{up.url('app')}/v1/images/{stored['id']}/original", timeout=PATIENCE)
    assert again.content == photo


def _is_there(group: int) -> bool:
    """Whether any process of a group runs; one that has ended and waits to be collected does not."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] not in {"Z", "X"}:
            return True
    return False


def test_another_s_process_is_never_ended(tmp_path: Path) -> None:
    """An id that was given to another process in the meantime."""
    (tmp_path / "app.pid").write_text(f"{os.getpid()} 1")
    assert processes.running("app", tmp_path) is None
    assert processes.stop("app", tmp_path) is False
    assert not (tmp_path / "app.pid").exists()


def test_what_does_not_start_says_why(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no disk')"]
    with pytest.raises(processes.NotStartedError, match="no disk"):
        processes.start("x", command, free_port(), os.environ, tmp_path, tmp_path)
    assert processes.running("x", tmp_path) is None
