"""Our provider without a cloud (provider/, in Go), built once, and the configuration that makes Terraform use it."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tools.emulators.processes import cache
from tools.terraform import schema

SOURCE = Path(__file__).parent / "provider"


def built() -> Path:
    """A folder with a folder for each provider, and cli.tfrc. Concurrent builds are safe."""
    parts = [*sorted(SOURCE.iterdir()), *sorted(schema.FOLDER.iterdir())]
    name = f"terraform-provider-{hashlib.sha256(b''.join(path.read_bytes() for path in parts)).hexdigest()[:12]}"
    folder = cache() / "tools" / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
                _build(Path(fresh) / "made", folder)
                (Path(fresh) / "made").rename(folder)
    return folder


def _build(fresh: Path, final: Path) -> None:
    program = fresh / "program"
    fresh.mkdir()
    go = [shutil.which("go") or "go", "build", "-C", str(SOURCE), "-trimpath", "-o", str(program), "."]
    subprocess.run(go, check=True, env={**os.environ, "CGO_ENABLED": "0"})
    for provider in schema.PUBLISHED:
        (fresh / provider).mkdir()
        os.link(program, fresh / provider / f"terraform-provider-{provider}")
        shutil.copy(schema.kept(provider), fresh / provider / "schema.json")
    overrides = "\n".join(f'    "hashicorp/{name}" = "{final / name}"' for name in schema.PUBLISHED)
    text = f"provider_installation {{\n  dev_overrides {{\n{overrides}\n  }}\n  direct {{}}\n}}\n"
    (fresh / "cli.tfrc").write_text(text)
