"""The walls between the rooms: who must not import whom, that each wall is seen to stand; one name for one thing."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.waiting import PATIENCE

LAYERS = ("core", "storage", "catalog", "service", "functions")
NO_DOOR = ("flask", "werkzeug", "functions_framework", "gunicorn", "multipart")

ONE_BY_ONE = """
import importlib, sys
forbidden = set(sys.argv[1].split(","))
for name in sys.argv[2:]:
    importlib.import_module(name)
    if found := forbidden & set(sys.modules):
        sys.exit(f"{name} imports {', '.join(sorted(found))}")
print("alone")
"""


def modules(folder: str) -> list[str]:
    """Every module of a package, by its dotted name."""
    paths = sorted((ROOT / folder).rglob("*.py"))
    names = [path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for path in paths]
    return [name.removesuffix(".__init__") for name in names]


def imported_alone(*names: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", ONE_BY_ONE, ",".join(NO_DOOR), *names]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE)


@pytest.mark.parametrize(("folder", "least"), [("service", 40), ("functions/jobs", 4)])
def test_all_of_it_is_imported_without_a_door(folder: str, least: int) -> None:
    names = modules(folder)
    assert len(names) >= least
    done = imported_alone(*names)
    assert (done.returncode, done.stdout) == (0, "alone\n"), done.stderr


def test_a_door_would_be_seen() -> None:
    done = imported_alone("service", "functions.app")
    assert done.returncode == 1
    assert "functions.app imports" in done.stderr


PLANTED = {  # the contract, where an import is planted, and which
    "arrows run one way: core <- storage, catalog <- service <- functions": (
        "core/planted_up.py", "import service.settings",
    ),
    "no rings, not even through an import inside a function": ("core/planted_ring/a.py", "import core.planted_back"),
    "the rooms of functions, from the top down": ("functions/server/planted.py", "import functions.pages"),
    "the core knows neither Flask nor a cloud nor the environment": ("core/planted_flask.py", "import flask"),
    "service knows no door": ("service/planted_door.py", "import werkzeug"),
    "jobs need no Flask": ("functions/jobs/planted.py", "import functions.app"),
    "one file knows OpenVINO": ("service/planted_network.py", "import openvino"),
    "storage knows no door": ("storage/planted.py", "import pymongo"),
    "the catalog knows no door and no storage; PyMongo only in its one file, imported inside": (
        "catalog/planted.py", "import boto3",
    ),
}  # fmt: skip


def contracts() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return [contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What lint-imports says of each contract that a copy of the tree, with all imports planted, breaks."""
    copy = tmp_path_factory.mktemp("planted")
    for layer in LAYERS:
        shutil.copytree(ROOT / layer, copy / layer, ignore=lambda folder, names: [
            name for name in names if (not name.endswith(".py") and not (Path(folder) / name).is_dir())
            or name == "__pycache__"
        ])  # fmt: skip
    shutil.copy(ROOT / "pyproject.toml", copy)
    for place, line in PLANTED.values():
        (copy / place).parent.mkdir(exist_ok=True)
        (copy / place).write_text(f"def later():\n    {line}\n")
    (copy / "core/planted_ring/__init__.py").touch()
    (copy / "core/planted_back.py").write_text("import core.planted_ring.a\n")
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"], cwd=copy, capture_output=True, text=True,
        check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    report = done.stdout.partition("Broken contracts")[2]
    parts = re.split(r"\n(.+(?:\n.+)?)\n-{3,}\n", report)
    return {" ".join(name.split()): text for name, text in zip(parts[1::2], parts[2::2], strict=True)}


@pytest.mark.parametrize("contract", contracts())
def test_each_contract_sees_what_is_planted(told: dict[str, str], contract: str) -> None:
    module = PLANTED[contract][0].removesuffix(".py").replace("/", ".")
    expected = ".planted_ring -> .planted_back" if "rings" in contract else f"{module} -> "
    assert expected in told[contract]


def test_every_contract_has_its_plant() -> None:
    assert set(PLANTED) == set(contracts())


TWICE = {
    "Model": "a table of the manifest, and the schema of the API that has this name",
    "Models": "those that vision steps run, and the schema of the API that has this name",
    "delete_image": "the view of a route, and what it asks the service for",
    "filters": "the view of a route, and what it lists",
    "formats": "the view of a route, and what it lists",
    "generation": "of an object in Cloud Storage, and of our own code in names of stored renders",
    "main": "what a command starts with",
    "parts_of": "the parts of a segment, and those of a key",
    "process": "the view of a route, and what it asks the core for",
    "row_of": "the row of what was processed, and of what was asked for",
    "run": "a command by its old path, and a request's pipeline",
    "segments": "of a JPEG file, and of a path",
    "serve": "a function of a platform, and a server of ours",
    "softmax": "the activation, and the decoder that ends in it",
}
"""Public names that stand in more than one module, and why they may."""


def test_public_names_stand_once() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for layer in LAYERS:
        for path in sorted((ROOT / layer).rglob("*.py")):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                    places[node.name].append(path.relative_to(ROOT).as_posix())
    assert len(places) > 500
    assert sorted(name for name, where in places.items() if len(where) > 1) == sorted(TWICE)
