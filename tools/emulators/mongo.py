"""MongoDB's protocol on loopback for tests: FerretDB v1 (Apache-2.0) over SQLite files, as one small Go program.

python -m tools.emulators.mongo      builds it if need be, and prints its path
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parent / "ferretdb"
_VERSION = re.compile(r"^require github\.com/FerretDB/FerretDB (v\S+)$", re.MULTILINE)
_PATIENCE = 10


def built() -> Path:
    """The program, in the user's cache folder by version and source. Concurrent builds are safe."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "darkroom" / "tools"
    program = cache / _name() / "ferretdb"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{_name()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.is_file():
            with tempfile.TemporaryDirectory(dir=cache) as fresh:
                made = Path(fresh) / "ferretdb"
                go = [shutil.which("go") or "go", "build", "-C", str(SOURCE), "-o", str(made), "."]
                subprocess.run(go, check=True)
                program.parent.mkdir(exist_ok=True)
                made.rename(program)
    return program


def _name() -> str:
    (version,) = _VERSION.findall((SOURCE / "go.mod").read_text())
    source = b"".join(path.read_bytes() for path in sorted(SOURCE.iterdir()))
    return f"ferretdb-{version}-{hashlib.sha256(source).hexdigest()[:8]}"


@contextlib.contextmanager
def started(folder: Path | None = None) -> Iterator[str]:
    """A server's URI. It ends with its caller, however that ends; without a folder its data is temporary."""
    with contextlib.ExitStack() as stack:
        # A path of its own at the top: the socket's name within may not be longer than 107 bytes.
        where = str(folder or stack.enter_context(tempfile.TemporaryDirectory(prefix="ferret-")))
        process = stack.enter_context(
            subprocess.Popen([built(), where], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
        stack.callback(_end, process)
        assert process.stdout is not None
        uri = process.stdout.readline().strip()
        if not uri:
            raise RuntimeError("FerretDB does not start; its output is above")
        yield uri


def _end(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.close()  # it ends when its stdin is closed
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()


if __name__ == "__main__":
    print(built())
