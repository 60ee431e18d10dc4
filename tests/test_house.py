"""The house itself: folders, sizes, docstrings, licences, and nothing of one machine in what is tracked."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.markers import Marker

from functions import VERSION
from tests.conftest import ROOT
from tools.locked import licence

CODE = (
    "main.py",
    "core",
    "storage",
    "catalog",
    "service",
    "functions",
    "tools",
    "bench",
    "fuzz",
    "clients/python/darkroom_client",
)
FOLDERS = ("core", "core/codecs", "core/filters", "core/imaging", "core/language", "core/findings", "core/models",
           "storage", "storage/schemes", "catalog", "service", "functions", "functions/routes", "functions/requests",
           "functions/responses", "functions/access", "functions/pages", "functions/server", "functions/jobs",
           "clients/go", "clients/js", "clients/python",
           "infra", "bench", "docs", "tests", "fuzz", "tools")  # fmt: skip
FILES = ("main.py", "Makefile", "Dockerfile", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE",
         "pyproject.toml", "requirements.txt", "requirements-dev.txt", "requirements-fuzz.txt", ".ci/run",
         "docs/architecture.md", "docs/decisions.md", "docs/benchmarks.md")  # fmt: skip

LONGEST_FILE, LONGEST_FUNCTION, LONGEST_MAIN = 300, 40, 30
LONG_FILES: dict[str, str] = {}
"""Files that may be longer, with the reason."""
LONG_FUNCTIONS: dict[str, str] = {}
"""Functions that may be longer (`path:name`), with the reason."""

PERMISSIVE = re.compile(
    r"\b(MIT|MIT-0|MIT-CMU|BSD|0BSD|Apache|ISC|PSF|Python Software Foundation|Zlib|CC0|Unlicense|ZPL|OFL)\b"
)
NOT_PERMISSIVE = re.compile(r"\b(A?GPL|LGPL|LGPLv3|GPLv\d|MPL|SSPL|EPL|CDDL)\b|Lesser General|General Public|Mozilla")
EXCEPTIONS = {
    "certifi": "MPL-2.0 binds changes to its own files, and we change none; development only",
    "hypothesis": "MPL-2.0, the same; development only",
    "pathspec": "MPL-2.0, the same; development only",
    "pycocotools": "its metadata says FreeBSD, which is BSD-2-Clause; development only",
    "pi-heif": "its libheif and libde265 are LGPL-3: linked dynamically, unchanged, and they can be replaced",
}


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def code_files() -> Iterator[Path]:
    for part in CODE:
        path = ROOT / part
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def lines_of_code(path: Path) -> int:
    """Lines that are neither empty nor comment."""
    return sum(1 for line in path.read_text().splitlines() if line.strip() and not line.strip().startswith("#"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("folder", FOLDERS)
def test_folder(folder: str) -> None:
    assert (ROOT / folder).is_dir()


@pytest.mark.parametrize("file", FILES)
def test_file(file: str) -> None:
    assert (ROOT / file).is_file()


def test_main_is_short() -> None:
    assert len((ROOT / "main.py").read_text().splitlines()) < LONGEST_MAIN


def test_files_are_short() -> None:
    files = [*code_files(), *(ROOT / "tests").rglob("*.py"), *tracked("*.go", "*.js", "*.css")]
    ours = [path for path in files if "swagger" not in path.parts]
    long = {name_of(path): lines_of_code(path) for path in ours if lines_of_code(path) > LONGEST_FILE}
    assert {name: count for name, count in long.items() if name not in LONG_FILES} == {}


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node, clean=False) or ""
            yield f"{name_of(path)}:{node.name}", (node.end_lineno or 0) - node.lineno + 1 - len(docstring.splitlines())


def test_functions_are_short() -> None:
    long = {name: length for path in code_files() for name, length in functions(path) if length > LONGEST_FUNCTION}
    assert {name: length for name, length in long.items() if name not in LONG_FUNCTIONS} == {}


def public(path: Path) -> Iterator[tuple[str, str | None]]:
    tree = ast.parse(path.read_text())
    yield name_of(path), ast.get_docstring(tree) if tree.body else "empty"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield f"{name_of(path)}:{node.name}", ast.get_docstring(node)


def test_everything_public_has_a_docstring() -> None:
    assert [name for path in code_files() for name, docstring in public(path) if not docstring] == []


MACHINE = re.compile(
    r"(?<![\w.~$}-])/(?:work|home|Users|root|mnt|workspace)/\w"  # somebody's folders
    r"|\b(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d+\.\d+(?:\.\d+)?:\d+"  # somebody's network
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY|ghp_\w{30}|AIza[\w-]{35}"  # secrets
)


def test_nothing_of_one_machine_is_tracked() -> None:
    found = []
    for path in tracked():
        if (
            path == Path(__file__)
            or path.suffix in {".png", ".webp", ".jpg", ".ico", ".cube"}
            or "swagger" in path.parts
        ):
            continue
        lines = path.read_bytes().decode("utf-8", "replace").splitlines()
        found += [
            f"{name_of(path)}:{number}: {line.strip()}" for number, line in enumerate(lines, 1) if MACHINE.search(line)
        ]
    assert found == []


LOCKED = re.compile(
    r"(?P<name>[a-z0-9.-]+)(?:\[\w,-]+)?==[\w.+-]+(?: ; (?P<marker>[^\\]+?))?(?: --hash=sha256:[0-9a-f]{64})+"
)


def entries(lock: str) -> list[str]:
    """What a lock pins, a line each."""
    text = re.sub(r"^ *#.*\n", "", (ROOT / lock).read_text(), flags=re.MULTILINE)
    return re.sub(r" *\\\n *", " ", text).splitlines()


LOCKS = [f"requirements{part}.txt" for part in ("", "-dev", "-fuzz", "-train", "-checkov", "-beam")]


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_pins_everything_by_hash_and_names_no_index(lock: str) -> None:
    assert [entry for entry in entries(lock) if not LOCKED.fullmatch(entry)] == []
    assert "://" not in (ROOT / lock).read_text()


def test_one_lock_serves_every_python() -> None:
    """A package stands there once, or once for each range of versions of Python, and newer ones get newer ones."""
    markers: dict[str, list[str | None]] = {}
    for entry in entries("requirements.txt"):
        found = LOCKED.fullmatch(entry)
        assert found
        markers.setdefault(found["name"], []).append(found["marker"])
    several = {name: one for name, one in markers.items() if len(one) > 1}
    assert "numpy" in several, "its releases drop Pythons that we still serve"
    assert [name for name, one in several.items() if None in one] == []


def test_fuzzing_is_locked_apart() -> None:
    assert "atheris" not in locked()


def locked() -> list[str]:
    """Packages that this Python installs to run and to develop."""
    found = [
        LOCKED.fullmatch(entry) for lock in ("requirements.txt", "requirements-dev.txt") for entry in entries(lock)
    ]
    return sorted({one["name"] for one in found if one and (not one["marker"] or Marker(one["marker"]).evaluate())})


@pytest.mark.parametrize("package", [name for name in locked() if name not in EXCEPTIONS])
def test_licence_is_permissive(package: str) -> None:
    stated = licence(package)
    assert PERMISSIVE.search(stated), f"«{stated}»"
    assert not NOT_PERMISSIVE.search(stated), f"«{stated}»"


def test_licence_exceptions_are_still_needed() -> None:
    assert set(EXCEPTIONS) <= set(locked())


def test_version_is_told_everywhere() -> None:
    assert f"## {VERSION}\n" in (ROOT / "CHANGELOG.md").read_text()
    assert f'image.version="{VERSION}"' in (ROOT / "Dockerfile").read_text()


def test_make_alone_prints_every_target() -> None:
    printed = subprocess.run(["make", "-C", str(ROOT)], capture_output=True, text=True, check=True).stdout
    (targets,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert [target for target in targets.split() if f"make {target}" not in printed] == []


LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")


@pytest.mark.parametrize("page", tracked("*.md"), ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    assert [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()] == []


def test_errors_are_in_files_of_errors() -> None:
    """One file a layer, so that docs/http.md tells all of them, whatever was imported."""
    layers = {"core", "storage", "catalog", "service", "functions"}
    files = [path for path in code_files() if path.relative_to(ROOT).parts[0] in layers and path.name != "errors.py"]
    assert [name for path in files for name in error_codes(path)] == []


def error_codes(path: Path) -> Iterator[str]:
    """Classes that give errors a code of their own."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef) and "code, title =" in ast.unparse(node).replace(
            "(code, title) =", "code, title ="
        ):
            yield f"{name_of(path)}:{node.name}"


UNRELEASED = re.compile(r"^## Unreleased \((\d{4}-\d{2}-\d{2})\)$", re.MULTILINE)
SHIPPED = ("main.py", "core", "storage", "catalog", "service", "functions", "clients", "infra", "requirements.txt")


def test_the_changelog_is_kept() -> None:
    """What ships changed on no later day than the section of what is unreleased."""
    (unreleased,) = UNRELEASED.findall((ROOT / "CHANGELOG.md").read_text())
    command = ["git", "log", "-1", "--format=%as", "--", *SHIPPED]
    changed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    assert changed <= unreleased, "CHANGELOG.md: add what changed, and date the section"


def test_the_changelog_begins_with_what_is_unreleased() -> None:
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0].startswith("Unreleased (")
    assert headings[1] == VERSION
