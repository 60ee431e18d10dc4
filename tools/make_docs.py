"""Generate docs/*.md by running the code, or (`--check`) report where the committed ones differ.

python -m tools.make_docs [--check]
"""

import argparse
import math
import sys
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from tools import docs_cli, docs_filters, docs_formats, docs_http, docs_manifest

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
CLIENT = "../functions/pages/static/client.js"
"""The JavaScript client as the pages load it: only functions/ goes into an image."""
ALIKE_DB = 50.0
"""Encoders differ slightly between machines: pictures with at least this PSNR count as equal."""


def generate() -> dict[str, bytes]:
    """Every generated file by its path under docs/."""
    cv2.setNumThreads(1)
    return {
        **docs_filters.pages(),
        **docs_http.pages(),
        **docs_cli.pages(ROOT),
        **docs_manifest.pages(),
        **docs_formats.pages(),
        CLIENT: (ROOT / "clients" / "js" / "darkroom.js").read_bytes(),
    }


def differences(files: Mapping[str, bytes], folder: Path) -> list[str]:
    """One line for each file that is missing, differs, or is left over from a removed filter."""
    wrong = [f"{name}: {reason}" for name, data in files.items() if (reason := _difference(folder / name, data))]
    pictures = {f"{docs_filters.PICTURES}/{path.name}" for path in (folder / docs_filters.PICTURES).glob("*")}
    return wrong + [f"{name}: left over, no filter has it" for name in sorted(pictures - set(files))]


def _difference(path: Path, data: bytes) -> str | None:
    if not path.is_file():
        return "missing"
    committed = path.read_bytes()
    if committed == data:
        return None
    if path.suffix in {".md", ".js"}:
        return "differs, from line " + str(_first_difference(committed.decode(), data.decode()))
    likeness = psnr(committed, data)
    return None if likeness >= ALIKE_DB else f"looks different ({likeness:.1f} dB)"


def _first_difference(committed: str, new: str) -> int:
    pairs = zip(committed.splitlines(), new.splitlines(), strict=False)
    return next(
        (number for number, (a, b) in enumerate(pairs, 1) if a != b), min(committed.count("\n"), new.count("\n")) + 1
    )


def psnr(one: bytes, other: bytes) -> float:
    """How alike two encoded pictures are, dB."""
    a, b = (cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) for data in (one, other))
    if a is None or b is None or a.shape != b.shape:
        return 0.0
    error = float(np.mean((a.astype(np.float64) - b) ** 2))
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def _write(files: Mapping[str, bytes]) -> None:
    """Write only what differs: a picture that looks the same keeps its bytes."""
    for line in differences(files, DOCS):
        name, _, reason = line.partition(": ")
        path = DOCS / name
        if name not in files:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[name])
        print(f"docs/{name}: {reason}; {'written' if name in files else 'removed'}")


def main() -> int:
    """Exit code 1 if `--check` finds a difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if the documents differ")
    files = generate()
    if not parser.parse_args().check:
        _write(files)
        return 0
    wrong = differences(files, DOCS)
    for line in wrong:
        print(f"docs/{line}", file=sys.stderr)
    if wrong:
        print("The documents differ from the code: run `make docs`, review, and commit.", file=sys.stderr)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
