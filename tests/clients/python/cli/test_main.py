import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from darkroom_client import __version__
from darkroom_client.cli.common import MEANINGS
from darkroom_client.cli.parser import Parser, build_parser

from tests.clients.python.fault_server import FaultServer, problem

Command = Callable[..., int]
COMMANDS = [
    "run",
    "detect",
    "explain",
    "images",
    "models",
    "sign",
    "stream",
    "filters",
    "formats",
    "version",
    "completions",
]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(["--version"], 0, f"darkroom {__version__}", id="version-option"),
        pytest.param([], 0, "examples:", id="bare"),
        pytest.param(["version"], 0, "version 1.2.3", id="version"),
        pytest.param(["filters"], 0, "Writes [bold]text[/].", id="filters"),
        pytest.param(["filters", "blur"], 0, "darkroom run blur:15 photo.jpg", id="example"),
        pytest.param(["filters", "blur"], 0, "Side of the square, pixels", id="unit"),
        pytest.param(["filters", "blur"], 0, "integer from 1 to 99", id="range"),
        pytest.param(["filters", "blur"], 0, "mirror | black", id="choices"),
        pytest.param(["filters", "blur"], 0, "number above 0 or null", id="either"),
        pytest.param(["filters", "text"], 0, "(required)", id="required"),
        pytest.param(["filters", "text"], 0, "darkroom run 'text:it'\"'\"'s' photo.jpg", id="quoted-example"),
        pytest.param(["filters", "blurr"], 2, 'Did you mean "blur"?', id="filter-mistyped"),
        pytest.param(["filters", "zzzz"], 2, "lists them", id="filter-unknown"),
        pytest.param(["formats"], 0, "jpeg    jpg, jpeg  yes   yes", id="formats"),
        pytest.param(["rum", "x", "y"], 2, 'Did you mean "run"?', id="command-mistyped"),
        pytest.param(["completions", "fisch"], 2, 'Did you mean "fish"?', id="shell-mistyped"),
        pytest.param(["zzzz"], 2, "Try: darkroom --help", id="command-unknown"),
        pytest.param(["detect", "--task", "face", "x"], 2, 'Did you mean "faces"?', id="task-mistyped"),
        pytest.param(["--server", "nonsense", "filters"], 2, "must look like", id="server-before-command"),
        pytest.param(["filters", "--server=nonsense"], 2, "must look like", id="server-after-command"),
    ],
)
def test_says(darkroom: Command, capsys: pytest.CaptureFixture[str], words: list[str], code: int, said: str) -> None:
    assert darkroom(*words) == code
    captured = capsys.readouterr()
    assert said in (captured.err if code else captured.out)
    assert "Traceback" not in captured.err


@pytest.mark.parametrize("command", ["filters", "formats", "models"])
def test_nobody_there(darkroom: Command, nowhere: str, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert darkroom(command, "--server", nowhere) == 3
    assert "make run" in capsys.readouterr().err


def test_version_without_a_server(darkroom: Command, nowhere: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert darkroom("version", "--server", nowhere) == 0
    assert f"server  none answers at {nowhere}" in capsys.readouterr().out


def test_version_of_a_server_that_refuses(
    darkroom: Command, server: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.script = [problem(401, code="unauthorized", detail="Say who you are.")]
    assert darkroom("version") == 0
    assert "server  Say who you are. [401 unauthorized]" in capsys.readouterr().out


def test_a_list_to_a_pipe_has_one_line_a_row(darkroom: Command, capsys: pytest.CaptureFixture[str]) -> None:
    darkroom("filters")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["name", "blur", "text"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_teaches_by_examples(darkroom: Command, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert darkroom(command, "--help") == 0
    said = capsys.readouterr().out
    assert "example" in said
    assert f"darkroom {command}" in said.partition("example")[2]


def test_help_lists_the_exit_codes(darkroom: Command, capsys: pytest.CaptureFixture[str]) -> None:
    readme = (Path(__file__).parents[4] / "clients/python/README.md").read_text()
    darkroom("--help")
    said = capsys.readouterr().out
    for code, meaning in MEANINGS.items():
        assert f"{code:<4}{meaning}" in said
        assert f"| {code} | {meaning} |" in readme


def test_every_help_example_parses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("logo.png").touch()
    parser = build_parser()
    texts = [parser.format_help(), *(command.format_help() for command in _choices(parser).values())]
    examples = re.findall(r"^  .*\bdarkroom (.+?)(?:   .*| > .*)?$", "\n".join(texts), re.MULTILINE)
    assert len(examples) > 15
    for example in examples:
        if example != "--version":
            assert parser.parse_args(shlex.split(example)).command in COMMANDS


def _choices(parser: Parser) -> dict[str, Parser]:
    return next(dict(action.choices) for action in parser._actions if action.dest == "command" and action.choices)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        pytest.param(["darkroom", ""], {*COMMANDS, "--help", "--version"}, id="commands"),
        pytest.param(["darkroom", "f"], {"filters", "formats"}, id="command"),
        pytest.param(["darkroom", "run", "--q"], {"--quality", "--quiet"}, id="options"),
        pytest.param(["darkroom", "completions", "z"], {"zsh"}, id="shells"),
        pytest.param(["darkroom", "run", "--output", "--q"], set(), id="a-value-is-no-option"),
        pytest.param(["darkroom", "detect", "--s"], {"--score", "--server"}, id="options-of-detect"),
        pytest.param(["darkroom", "detect", "--task", "s"], {"segment"}, id="values-of-an-option"),
        pytest.param(["darkroom", "models", "un"], {"unload"}, id="words-beside-names"),
    ],
)
def test_bash_completes(
    darkroom: Command, capsys: pytest.CaptureFixture[str], line: list[str], offered: set[str]
) -> None:
    assert darkroom("completions", "bash") == 0
    words = " ".join(f"'{word}'" for word in line)
    ask = f"COMP_WORDS=({words}); COMP_CWORD={len(line) - 1}; _darkroom; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    script = capsys.readouterr().out + ask
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True, text=True)
    assert set(done.stdout.split()) == offered
    assert done.stderr == ""


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_know_every_option(darkroom: Command, capsys: pytest.CaptureFixture[str], shell: str) -> None:
    darkroom("completions", shell)
    script = capsys.readouterr().out
    for command, parser in _choices(build_parser()).items():
        assert command in script
        for option in parser._option_string_actions:
            assert (option.lstrip("-") if shell == "fish" else option) in script


@pytest.mark.parametrize(
    ("command", "places"),
    [("run", ["'1:pipeline:'", "'*:picture:_files'"]), ("detect", ["'*:picture:_files'"]), ("models", ["'1:value:("])],
    ids=["run", "detect", "models"],
)
def test_zsh_knows_what_comes_where(
    darkroom: Command, capsys: pytest.CaptureFixture[str], command: str, places: list[str]
) -> None:
    darkroom("completions", "zsh")
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith(f"    {command})")]
    assert re.findall(r"'[1*]:[a-z]+:(?:_files'|'|\()", line) == places
