"""Terraform, or OpenTofu, on one folder: fmt, validate, and `terraform test` with what each run has made.

The folder stays as it is: modules are linked in a folder of their own, and no provider is installed (see stub.py).
"""

import contextlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tools.emulators.processes import ROOT
from tools.terraform import stub

INFRA = ROOT / "infra"
MODULES = ("gcp", "aws")
_TIMEOUT = 600.0


class Resource(NamedTuple):
    """A resource or data source as a test run has made it."""

    address: str
    kind: str
    values: dict[str, Any]


class Applied(NamedTuple):
    """What one `run` block of a test has applied."""

    run: str
    resources: list[Resource]


class Outcome(NamedTuple):
    """What is wrong, a sentence each, and what was applied."""

    problems: list[str]
    applied: list[Applied]


class Terraform:
    """A program, and the configuration that gives it its providers: without one, ours, which need no installing."""

    def __init__(self, program: str = "terraform", config: Path | None = None) -> None:
        self.program = program
        self._config = config or stub.built() / "cli.tfrc"
        # `get` links modules and installs nothing.
        self._prepares = ("init", "-backend=false", "-input=false", "-no-color") if config else ("get", "-no-color")

    def formatted(self, folder: Path) -> list[str]:
        """Files that `fmt` would change."""
        done = self._run(folder, "fmt", "-check", "-recursive", "-list=true")
        lines = (done.stdout + done.stderr).splitlines()
        return [f"{line}: not as `{self.program} fmt` writes it" for line in lines if line.strip()]

    def validated(self, folder: Path) -> list[str]:
        """What `validate` finds; warnings too, since each is about something that will go wrong."""
        with _data_folder(folder) as data:
            if got := self._got(folder, data):
                return got
            done = self._run(folder, "validate", "-json", data=data)
        try:
            found = json.loads(done.stdout)["diagnostics"]
        except (ValueError, KeyError):
            return [f"{folder.name}: validate: {(done.stdout + done.stderr).strip()[-2000:]}"]
        # That is what dev_overrides are for.
        return [_told(one) for one in found if one["summary"] != "Provider development overrides are in effect"]

    def tested(self, folder: Path) -> Outcome:
        """What `test` finds, and what its runs have applied."""
        with _data_folder(folder) as data:
            if got := self._got(folder, data):
                return Outcome(got, [])
            done = self._run(folder, "test", "-json", "-verbose", data=data)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        problems = [
            _told(one["diagnostic"])
            for one in lines
            if one.get("type") == "diagnostic" and one["diagnostic"]["severity"] == "error"
        ]
        applied = [
            Applied(one["@testrun"], list(_resources(_values(one["test_state"]).get("root_module", {}))))
            for one in lines
            if one.get("type") == "test_state"
        ]
        if done.returncode and not problems:
            problems = [f"{folder.name}: test: {(done.stdout + done.stderr).strip()[-2000:]}"]
        return Outcome(problems, applied)

    def _got(self, folder: Path, data: Path) -> list[str]:
        done = self._run(folder, *self._prepares, data=data)
        if not done.returncode:
            return []
        return [f"{folder.name}: {self._prepares[0]}: {(done.stdout + done.stderr).strip()[-2000:]}"]

    def _run(self, folder: Path, *arguments: str, data: Path | None = None) -> "subprocess.CompletedProcess[str]":
        environment = {
            **os.environ, "TF_CLI_CONFIG_FILE": str(self._config), "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1",
            **({"TF_DATA_DIR": str(data)} if data else {}),
        }  # fmt: skip
        command = [self.program, *arguments]
        return subprocess.run(
            command, check=False, cwd=folder, env=environment, capture_output=True, text=True, timeout=_TIMEOUT
        )


@contextlib.contextmanager
def _data_folder(folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=f"terraform-{folder.name}-") as data:
        yield Path(data)


def _told(diagnostic: dict[str, Any]) -> str:
    at = diagnostic.get("range") or {}
    where = f"{at.get('filename')}:{at.get('start', {}).get('line')}: " if at else ""
    return f"{where}{diagnostic['summary']}. {diagnostic.get('detail', '')}".strip()


def _values(state: dict[str, Any]) -> dict[str, Any]:
    """What a state holds; OpenTofu writes all of the state, Terraform its values."""
    values: dict[str, Any] = state.get("values", state)
    return values


def _resources(module: dict[str, Any]) -> Iterator[Resource]:
    for one in module.get("resources", []):
        yield Resource(one["address"], one["type"], one["values"])
    for child in module.get("child_modules", []):
        yield from _resources(child)


def roots(infra: Path = INFRA) -> list[Path]:
    """Every folder that is a root module with tests: both modules, and every example."""
    return [infra / name for name in MODULES] + sorted(path for path in infra.glob("examples/*/*") if path.is_dir())
