"""Start and end the parts of compose.yaml as plain processes.

python -m tools.stack up      start them, and say where each listens (INSTALL=yes installs what is missing)
python -m tools.stack down    end them
"""

import argparse
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.stack import processes, programs
from tools.stack.compose import ROOT, STATE, Part, read_parts

_TARGET = "127.0.0.1:8080"
"""What infra/prometheus/prometheus.yml scrapes."""
_CONFIG = "infra/prometheus"


def main() -> int:
    """The exit code: 1 if a part that others need cannot start."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("up", "down"))
    parts = read_parts((ROOT / "compose.yaml").read_text(), os.environ)
    state = ROOT / STATE
    state.mkdir(exist_ok=True)
    return up(parts, state) if parser.parse_args().command == "up" else down(parts, state)


def up(parts: list[Part], state: Path) -> int:
    """Start what does not run yet."""
    absent = programs.missing(parts)
    if absent and os.environ.get("INSTALL") == "yes":
        programs.install(absent)
        absent = programs.missing(parts)
    for command, names in absent.items():
        print(f"{command} is missing, which {' and '.join(names)} need: {programs.install_line(command)}")
    if "go" in absent:
        print("Install it, or let `make up INSTALL=yes` do so.")
        return 1
    without = {name for names in absent.values() for name in names}
    playable = [part for part in parts if part.program and part.name not in without]
    taken = [part for part in playable if not processes.running(part.name, state) and processes.listens(part.port)]
    for part in taken:
        name = "PORT" if part.name == "app" else "MONGO_PORT" if part.name == "db" else f"{part.name.upper()}_PORT"
        print(f"Port {part.port} of {part.name} is taken. Choose another: make up {name}=…")
    if taken:
        return 1
    return _start_all(parts, playable, state)


def _start_all(parts: list[Part], playable: list[Part], state: Path) -> int:
    port = next(part.port for part in parts if part.name == "app")
    try:
        for part in playable:
            if not processes.running(part.name, state):
                _start(part, port, state)
    except processes.NotStartedError as error:
        print(error)
        return 1
    for part in parts:
        how = part.url if part in playable else "not started: " + _why_not(part)
        print(f"  {part.name:<12}{how}")
    app = next(part for part in parts if part.name == "app")
    print(f"Open {app.url}; pictures dropped into inbox/ end up in outbox/. `make down` ends it; logs are in {STATE}/.")
    return 0


def _why_not(part: Part) -> str:
    return "it is missing" if part.program else "it comes as an image only, by a container engine"


def _start(part: Part, port: int, state: Path) -> None:
    for folder in (*part.folders, *(("inbox", "outbox") if part.name == "app" else ())):
        (ROOT / folder).mkdir(parents=True, exist_ok=True)
    if part.name == "db":
        (ROOT / STATE / "db").mkdir(exist_ok=True)
        (ROOT / STATE / "db" / "s").unlink(missing_ok=True)  # the socket of one that was killed
    arguments = part.arguments
    if part.name == "prometheus":
        arguments = [word.replace(_CONFIG, _own_config(port, state)) for word in arguments]
    assert part.program
    command = [programs.path_of(part.program), *arguments]
    processes.start(part.name, command, part.port, _environment(part), ROOT, state)


def _own_config(port: int, state: Path) -> str:
    """A copy of Prometheus's configuration whose target is the app's port."""
    copy = state / "prometheus-config"
    shutil.copytree(ROOT / _CONFIG, copy, dirs_exist_ok=True)
    config = copy / "prometheus.yml"
    config.write_text(config.read_text().replace(_TARGET, f"127.0.0.1:{port}"))
    return str(copy)


def _environment(part: Part) -> Mapping[str, str]:
    """This shell's, without settings of ours that compose.yaml does not name."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DARKROOM_") and name != "PORT"}
    return {**kept, **part.environment}


def down(parts: list[Part], state: Path) -> int:
    """End what was started here, the app first."""
    for part in reversed(parts):
        if processes.stop(part.name, state):
            print(f"  {part.name} ended")
    return 0


if __name__ == "__main__":
    sys.exit(main())
