"""`darkroom models`: list the server's models, show, load or unload one."""

import shlex
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

from darkroom_client.cli.common import Exit, UsageError, connect, plain, say
from darkroom_client.cli.table import line, table
from darkroom_client.client import Darkroom
from darkroom_client.findings import Model

VERBS = ("load", "unload")
_COLUMNS = ("name", "task", "state", "MiB", "licence")


def models(args: Namespace) -> int:
    """List, show, load or unload models."""
    verb, name = _parse_words(args.words)
    with connect(args) as darkroom:
        if verb:
            _load_or_unload(darkroom, verb, name)
        elif name:
            _explain(darkroom.model(name))
        else:
            _list(darkroom.models())
    return Exit.DONE


def _parse_words(words: list[str]) -> tuple[str, str]:
    """The verb and the name, each empty where there is none."""
    verb, names = (words[0], words[1:]) if words[:1] and words[0] in VERBS else ("", words)
    if len(names) > 1:
        raise UsageError(plain(f"name one model at a time, not {len(names)}: {' '.join(names)}."))
    if verb and not names:
        raise UsageError(f"which model?  darkroom models {verb} NAME  (`darkroom models` lists them)")
    return verb, names[0] if names else ""


def _list(known: list[Model]) -> None:
    rows = ((model.name, model.task, model.state, _mib(model.bytes), model.licence) for model in known)
    table(_COLUMNS, rows, {"MiB"})
    line("\nDetails:  darkroom models NAME")


def _load_or_unload(darkroom: Darkroom, verb: str, name: str) -> None:
    """Load or unload a model, with a spinner, since a first load may fetch much."""
    with _waiting(f"{verb}ing {name} …"):
        model = darkroom.load_model(name) if verb == "load" else darkroom.unload_model(name)
    say(plain(f"{model.name} is {model.state} ({_mib(model.bytes)} MiB)."))


def _waiting(text: str) -> Any:
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True).status(plain(text))


def _explain(model: Model) -> None:
    line(f"{model.name} ({model.task})\n{model.title}\n")
    for name, value in _facts(model):
        line(f"{name:<9}{value}")
    line(f"\n{_advice(model)}")


def _facts(model: Model) -> Iterator[tuple[str, str]]:
    yield "state", model.state
    if model.reason:
        yield "reason", model.reason
    yield "size", f"{_mib(model.bytes)} MiB" + (f" ({_mib(model.memory)} in memory)" if model.memory else "")
    yield "licence", model.licence
    yield "source", model.source
    if model.latency_ms is not None:
        yield "latency", f"{model.latency_ms:.1f} ms ({model.runs} runs)"
    if model.labels:
        yield "labels", f"{', '.join(model.labels)} ({len(model.labels)})"


def _advice(model: Model) -> str:
    name = shlex.quote(model.name)
    if model.state == "absent":
        return f"fetch it:  darkroom models load {name}"
    task = "" if model.task == "detect" else f" --task {model.task}"
    return f"try:  darkroom detect photo.jpg{task} --model {name}"


def _mib(count: int) -> str:
    return f"{count / 2**20:.1f}"
