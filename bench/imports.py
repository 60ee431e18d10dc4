"""What `import main` brings in, and what it costs beside the bare imports that it cannot do without."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from bench.marks import mark

ROOT = Path(__file__).resolve().parent.parent
UNWANTED = ("openvino", "google.cloud.storage", "boto3", "pymongo", "PIL")
BARE = "import flask, functions_framework, cv2, numpy"
RUNS, MOST = 15, 1.35
_CODE = """
{line}
import json, sys, time
print(json.dumps([time.process_time(), [name for name in {unwanted!r} if name in sys.modules]]))
"""


def run() -> tuple[str, bool]:
    """The section's text, and whether every target is met."""
    subprocess.run([sys.executable, "-m", "compileall", "-q", "core", "storage", "catalog", "service", "functions"],
                   cwd=ROOT, check=True)  # fmt: skip
    rounds = [(_once("import main", ROOT), _once(BARE, ROOT)) for _ in range(RUNS)]
    brought = sorted({name for (_, names), _ in rounds for name in names})
    ratios = [ours / bare for (ours, _), (bare, _) in rounds]
    ratio = statistics.median(ratios)
    found = f"It brings in {', '.join(brought)} ✗" if brought else f"It brings in none of {', '.join(UNWANTED)} ✓"
    rows = "\n".join(
        f"| `{line}` | {_milliseconds([side[place][0] for side in rounds])} |"
        for place, line in enumerate(("import main", BARE))
    )
    text = (
        f"## Import\n\nProcessor time of a process, interleaved, {RUNS} runs each, bytecode present; ms: median "
        f"(least–greatest). {found}. Ratio {ratio:.2f} ({min(ratios):.2f}–{max(ratios):.2f}), at most {MOST} "
        f"{mark(ratio <= MOST)}\n\n| line | ms |\n|---|---|\n{rows}\n"
    )
    return text, not brought and ratio <= MOST


def cpu_of(line: str, tree: Path) -> float:
    """Processor seconds of a process that runs this line in a tree."""
    return _once(line, tree)[0]


def _once(line: str, tree: Path) -> tuple[float, list[str]]:
    code = _CODE.format(line=line, unwanted=UNWANTED)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tree, env=environment, capture_output=True, text=True, check=True
    )
    seconds, names = json.loads(ran.stdout.splitlines()[-1])
    return seconds, names


def _milliseconds(runs: list[float]) -> str:
    return f"{statistics.median(runs) * 1e3:.0f} ({min(runs) * 1e3:.0f}–{max(runs) * 1e3:.0f})"
