"""A real Prometheus that scrapes a real server, with our rules."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec

from tests.conftest import ROOT
from tests.waiting import PATIENCE, until
from tools.ports import free_port

RULES = ROOT / "infra" / "prometheus" / "alerts.yml"
_CONFIGURATION = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - {{job_name: darkroom, static_configs: [{{targets: ["{target}"]}}]}}
"""


class Prometheus:
    """Prometheus by its HTTP API."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def ready(self) -> bool:
        """Whether it answers."""
        with contextlib.suppress(httpx.HTTPError):
            return self._client.get("/-/ready").status_code == 200
        return False

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What an expression gives now."""
        answer = self._client.post("/api/v1/query", data={"query": expression}).json()
        assert answer["status"] == "success", (expression, answer)
        return list(answer["data"]["result"])

    def firing(self) -> set[str]:
        """The names of the alerts that fire."""
        alerts = self._client.get("/api/v1/alerts").json()["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}


@contextlib.contextmanager
def prometheus(target: str, folder: Path) -> Iterator[Prometheus]:
    """A Prometheus that scrapes `host:port` each second."""
    command, port = shutil.which("prometheus"), free_port()
    assert command, "this needs Prometheus: tools/need prometheus prometheus"
    config = folder / "prometheus.yml"
    config.write_text(_CONFIGURATION.format(rules=RULES, target=target))
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [command, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
             f"--web.listen-address=127.0.0.1:{port}"],
            stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
                found = Prometheus(client)
                until(lambda: found.ready() or process.poll() is not None, "Prometheus's first answer")
                assert process.poll() is None, (folder / "prometheus.log").read_text()
                yield found
        finally:
            process.terminate()
            process.wait(PATIENCE)


class Panel(msgspec.Struct, frozen=True):
    """A panel's query of the dashboard."""

    title: str
    expression: str


def panels() -> list[Panel]:
    """Every query of the dashboard, as Grafana would send it for all instances."""
    dashboard = msgspec.json.decode((ROOT / "infra" / "grafana" / "darkroom.json").read_bytes())
    variables = {"$__rate_interval": "1m", "$instance": ".*"}
    found = []
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            expression = target["expr"]
            for name, value in variables.items():
                expression = expression.replace(name, value)
            assert "$" not in expression, expression
            found.append(Panel(panel["title"], expression))
    return found
