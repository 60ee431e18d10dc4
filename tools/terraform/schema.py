"""The schemas of what infra/ uses, made from the providers' published bindings and kept beside this file.

python -m tools.terraform schema             writes schema/google.json and schema/aws.json
python -m tools.terraform schema --check     says whether they are what the bindings give

A wheel holds the bindings as an npm archive; each compiled file ends in a source map with its TypeScript.
"""

import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tools.emulators.processes import ROOT, cache
from tools.terraform.bindings import Bindings, typescript

FOLDER = Path(__file__).parent / "schema"
_USED = re.compile(r'^\s*(?:override_|mock_)?(resource|data) "((?:google|aws)_\w+)"', re.MULTILINE)


class Published(NamedTuple):
    """The last bindings that were published of a provider, and the provider's version that they are of."""

    package: str
    version: str
    provider: str


PUBLISHED = {
    "google": Published("cdktn-provider-google", "21.1.0", "8.7.0"),
    "aws": Published("cdktn-provider-aws", "25.8.1", "6.69.1"),
}


def used() -> dict[str, dict[str, set[str]]]:
    """Provider: {"resource" or "data": names}, of everything that infra/ declares."""
    found: dict[str, dict[str, set[str]]] = {name: {"resource": set(), "data": set()} for name in PUBLISHED}
    for path in (ROOT / "infra").rglob("*.tf"):
        for kind, name in _USED.findall(path.read_text()):
            found[name.split("_", 1)[0]][kind].add(name)
    return found


def made(provider: str) -> dict[str, Any]:
    """The schema of a provider, as far as infra/ uses it. Downloads the bindings once, into the user's cache."""
    names = used()[provider]
    with tarfile.open(_archive(PUBLISHED[provider])) as archive:
        files = _files(archive)
        read = {kind: {name: _schema(archive, files, kind, name) for name in sorted(names[kind])} for kind in names}
        own = _schema(archive, files, "provider", provider)
    return {
        "version": PUBLISHED[provider].provider, "provider": own, "resources": read["resource"], "data": read["data"],
    }  # fmt: skip


def _archive(published: Published) -> Path:
    kept = cache() / "tools" / f"{published.package}-{published.version}.tgz"
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
            subprocess.run([*pip, "--dest", folder, f"{published.package}=={published.version}"], check=True)
            (wheel,) = Path(folder).glob("*.whl")
            with zipfile.ZipFile(wheel) as opened:
                (inside,) = [name for name in opened.namelist() if name.endswith(".tgz")]
                Path(opened.extract(inside, folder)).rename(kept)
    return kept


def _files(archive: tarfile.TarFile) -> dict[str, list[str]]:
    """The compiled files by their folder under lib/; a large resource has several."""
    found: dict[str, list[str]] = {}
    for name in archive.getnames():
        parts = name.split("/")
        if name.endswith(".js") and "lib" in parts:
            found.setdefault(parts[parts.index("lib") + 1], []).append(name)
    return found


def _schema(archive: tarfile.TarFile, files: dict[str, list[str]], kind: str, name: str) -> dict[str, Any]:
    bare = name.split("_", 1)[-1].replace("_", "-")
    folder = {"resource": bare, "data": f"data-{name.replace('_', '-')}", "provider": "provider"}[kind]
    return Bindings(_sources(archive, files[folder])).schema(name)


def _sources(archive: tarfile.TarFile, names: list[str]) -> Iterator[str]:
    for name in names:
        opened = archive.extractfile(name)
        assert opened is not None, name
        yield from typescript(opened.read().decode())


def text_of(schema: dict[str, Any]) -> str:
    """As it is kept: a line a resource, so that a change is a readable one."""
    parts = [f'"version": {json.dumps(schema["version"])}', f'"provider": {_line(schema["provider"])}']
    for part in ("resources", "data"):
        lines = ",\n".join(f"{json.dumps(name)}: {_line(one)}" for name, one in schema[part].items())
        parts.append(f'"{part}": {{\n{lines}\n}}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _line(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def kept(provider: str) -> Path:
    """The file that is kept."""
    return FOLDER / f"{provider}.json"


def main(arguments: list[str]) -> int:
    """The exit code."""
    stale = []
    for provider in PUBLISHED:
        text = text_of(made(provider))
        if "--check" not in arguments:
            FOLDER.mkdir(exist_ok=True)
            kept(provider).write_text(text)
        elif not kept(provider).is_file() or kept(provider).read_text() != text:
            stale.append(provider)
    for provider in stale:
        print(f"{kept(provider).relative_to(ROOT)} is stale: python -m tools.terraform schema", file=sys.stderr)
    return int(bool(stale))
