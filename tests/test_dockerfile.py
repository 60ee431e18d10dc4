"""The Dockerfile's lint: rules of this repository's own on its instructions, each of which a planted mistake breaks.

The linter that everybody uses is under the GPL and comes as a binary only; what it would say here is in these rules,
with Docker's own build checks (https://docs.docker.com/reference/build-checks/).
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from tests.conftest import ROOT
from tools.image_size import SWITCHES

TEXT = (ROOT / "Dockerfile").read_text()


class Instruction(NamedTuple):
    """An instruction of a Dockerfile, its continued lines joined; `stage` counts the FROMs up to it."""

    name: str
    words: str
    stage: int


def read(text: str) -> list[Instruction]:
    joined = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE))
    found: list[Instruction] = []
    for line in filter(None, map(str.strip, joined.splitlines())):
        name, _, words = line.partition(" ")
        stage = (found[-1].stage if found else 0) + (name == "FROM")
        found.append(Instruction(name, words.strip(), stage))
    return found


def shipped(lines: list[Instruction], name: str) -> list[str]:
    """The words of an instruction in the last stage, which is what ships."""
    return [one.words for one in lines if one.name == name and one.stage == lines[-1].stage]


def is_exec(words: str) -> bool:
    try:
        return isinstance(json.loads(words), list)
    except ValueError:
        return False


def bases(lines: list[Instruction]) -> Iterator[bool]:
    stages = [one.words.split()[-1] for one in lines if one.name == "FROM" and " AS " in one.words]
    for words in (one.words.split()[0] for one in lines if one.name == "FROM"):
        yield words in stages or bool(re.fullmatch(r"[\w./-]+:\d[\w.-]*", words))


def copies_from_stages(lines: list[Instruction]) -> Iterator[bool]:
    stages = {one.words.split()[-1] for one in lines if one.name == "FROM" and " AS " in one.words}
    for one in lines:
        for source in re.findall(r"--from=(\S+)", one.words):
            yield source in stages


def installs(lines: list[Instruction]) -> Iterator[bool]:
    for one in lines:
        if one.name == "RUN" and "pip" in one.words and " install " in one.words:
            yield "--require-hashes" in one.words and "--no-cache-dir" in one.words


KNOWN = {"FROM", "RUN", "ARG", "COPY", "LABEL", "WORKDIR", "ENV", "USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "CMD"}
"""What this file needs; ADD fetches and unpacks, ENTRYPOINT would stand in Lambda's way, ONBUILD and SHELL surprise."""
RULES: dict[str, Callable[[list[Instruction]], bool]] = {
    "only instructions that are needed": lambda lines: {one.name for one in lines} <= KNOWN,
    "bases have a version": lambda lines: all(bases(lines)),
    "copies come from a stage that is there": lambda lines: all(copies_from_stages(lines)),
    "packages are installed by hash, without a cache": lambda lines: all([*installs(lines)]) and any(installs(lines)),
    "nothing is installed in what ships": lambda lines: (
        not any(re.search(r"\b(pip install|apt(-get)? |apk |curl|wget|sudo)", words) for words in shipped(lines, "RUN"))
    ),
    "it runs as a number that is not root": lambda lines: bool(
        re.fullmatch(r"[1-9]\d*:[1-9]\d*", (shipped(lines, "USER") or [""])[-1])
    ),
    "nothing is changed after the user": lambda lines: (
        not any(one.name in {"RUN", "COPY"} for one in lines[[one.name for one in lines].index("USER") :])
        if shipped(lines, "USER")
        else False
    ),
    "one command, without a shell": lambda lines: [is_exec(words) for words in shipped(lines, "CMD")] == [True],
    "one health check, without a shell": lambda lines: (
        [is_exec(words.partition("CMD ")[2]) for words in shipped(lines, "HEALTHCHECK")] == [True]
    ),
    "folders are absolute": lambda lines: all(words.startswith("/") for words in shipped(lines, "WORKDIR")),
    "no secret is kept": lambda lines: (
        not any(
            one.name in {"ARG", "ENV"} and re.search(r"(?i)(SECRET|PASSWORD|TOKEN|_KEY)\w*=", one.words)
            for one in lines
        )
    ),
    "ports are numbers": lambda lines: all(words.isdigit() for words in shipped(lines, "EXPOSE")),
    "a signal ends it": lambda lines: shipped(lines, "STOPSIGNAL") == ["SIGTERM"],
}
PLANTED: dict[str, tuple[str, str]] = {
    "only instructions that are needed": ("COPY . /srv/darkroom", "ADD . /srv/darkroom"),
    "bases have a version": ("FROM python:3.13-slim-trixie\n", "FROM python:latest\n"),
    "copies come from a stage that is there": ("--from=build /opt", "--from=built /opt"),
    "packages are installed by hash, without a cache": (" --require-hashes", ""),
    "nothing is installed in what ships": ("WORKDIR /srv", "RUN apt-get install -y curl\nWORKDIR /srv"),
    "it runs as a number that is not root": ("USER 65532:65532", "USER root"),
    "nothing is changed after the user": ("EXPOSE 8080", "RUN true\nEXPOSE 8080"),
    "one command, without a shell": ('CMD ["gunicorn", "--config", ', "CMD gunicorn --config "),
    "one health check, without a shell": ('CMD ["python", "-c", ', "CMD python -c "),
    "folders are absolute": ("WORKDIR /srv", "WORKDIR srv"),
    "no secret is kept": ("ARG VISION=yes", "ARG VISION=yes\nENV API_TOKEN=a"),
    "ports are numbers": ("EXPOSE 8080", "EXPOSE http"),
    "a signal ends it": ("STOPSIGNAL SIGTERM\n", ""),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_rule(rule: str) -> None:
    assert RULES[rule](read(TEXT))


@pytest.mark.parametrize("rule", RULES)
def test_a_mistake_is_seen(rule: str) -> None:
    right, wrong = PLANTED[rule]
    assert right in TEXT
    assert not RULES[rule](read(TEXT.replace(right, wrong)))


@pytest.mark.parametrize(("switch", "packages"), SWITCHES.items())
def test_what_is_left_out(switch: str, packages: tuple[str, ...]) -> None:
    """The expression that the Dockerfile hands to sed, on the lock itself."""
    (expression,) = re.findall(rf'"\${switch}" = no \]; then sed -i \'([^\']+)\' requirements\.txt', TEXT)
    first, last = re.fullmatch(r"/(.+?)/,/(.+?)/d", expression).groups()  # type: ignore[union-attr]
    kept, gone, is_inside = [], [], False
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        is_inside = is_inside or bool(re.search(first, line))
        (gone if is_inside else kept).append(line)
        is_inside = is_inside and not re.search(last, line)
    pins = [re.match(r"[a-z0-9.-]+", line)[0] for line in gone if "==" in line]  # type: ignore[index]
    assert pins == [*packages]
    assert f"{packages[0]}==" not in "\n".join(kept)
