"""`darkroom completions`: scripts generated from the parser."""

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass

from darkroom_client.cli.parser import Parser


@dataclass(frozen=True)
class Option:
    """One option: its names, its help, and its values (None: it takes no value)."""

    names: tuple[str, ...]
    help: str
    values: tuple[str, ...] | None


@dataclass(frozen=True)
class Command:
    """One subcommand. `words` are the fixed values of its positional argument; `files` whether it takes files.

    `text` is the argument before the files, if there is one.
    """

    name: str
    help: str
    options: tuple[Option, ...]
    words: tuple[str, ...]
    files: bool
    text: str


def script(shell: str, parser: Parser) -> str:
    """The completion script of a shell: bash, zsh or fish."""
    commands = list(_commands(parser))
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](commands)


def _commands(parser: Parser) -> Iterator[Command]:
    subparsers = next(action for action in _actions(parser) if isinstance(action, argparse._SubParsersAction))  # noqa: SLF001
    helps = {choice.dest: choice.help or "" for choice in subparsers._choices_actions}  # noqa: SLF001
    for name, command in subparsers.choices.items():
        positionals = [action for action in _actions(command) if not action.option_strings]
        yield Command(
            name,
            helps[name],
            tuple(_option(action) for action in _actions(command) if action.option_strings),
            (*command.offers, *(str(choice) for action in positionals for choice in action.choices or ())),
            files=any(action.dest == "inputs" for action in positionals),
            text=next((action.dest for action in positionals if action.dest != "inputs"), ""),
        )


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return parser._actions  # noqa: SLF001 - argparse has no public way to list them


def _option(action: argparse.Action) -> Option:
    values = None if action.nargs == 0 else tuple(str(choice) for choice in action.choices or ())
    return Option(tuple(action.option_strings), action.help or "", values)


def _bash(commands: list[Command]) -> str:
    names = " ".join(command.name for command in commands)
    cases = "\n".join(
        f"    {command.name}) words='{' '.join((*_spellings(command), *command.words))}' ;;" for command in commands
    )
    options = [option for command in commands for option in command.options]
    takers = "|".join(sorted({name for option in options if option.values is not None for name in option.names}))
    chosen = "".join(
        f"    {'|'.join(option.names)}) COMPREPLY=($(compgen -W '{' '.join(option.values)}' -- \"$cur\")); return ;;\n"
        for option in options
        if option.values
    )
    return f"""\
# bash completion of darkroom
_darkroom() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} command='' word words
  COMPREPLY=()
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case $word in {names.replace(" ", "|")}) command=$word; break ;; esac
  done
  case $prev in
{chosen}    {takers}) return ;;
  esac
  case $command in
{cases}
    *) words='{names} --help --version' ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}}
complete -o default -o bashdefault -F _darkroom darkroom
"""


def _spellings(command: Command) -> Iterator[str]:
    return (name for option in command.options for name in option.names)


def _zsh(commands: list[Command]) -> str:
    names = "\n".join(f"    {_quoted(f'{command.name}:{command.help}')}" for command in commands)
    cases = "\n".join(f"    {command.name}) _arguments {_zsh_arguments(command)} ;;" for command in commands)
    return f"""\
#compdef darkroom
# zsh completion of darkroom
_darkroom() {{
  local -a commands=(
{names}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    _arguments '--help[show help]' '--version[show the version]'
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
{cases}
  esac
}}
compdef _darkroom darkroom
"""


def _zsh_arguments(command: Command) -> str:
    specs = []
    for option in command.options:
        text = re.sub(r"([\[\]:\\])", r"\\\1", option.help)
        tail = (
            "" if option.values is None else f":value:({' '.join(option.values)})" if option.values else ":value:_files"
        )
        specs += [_quoted(f"{name}[{text}]{tail}") for name in option.names]
    if command.files:
        specs += [f"'1:{command.text}:'"] if command.text else []
        specs.append("'*:picture:_files'")
    elif command.words:
        specs.append(f"'1:value:({' '.join(command.words)})'")
    return " ".join(specs)


def _fish(commands: list[Command]) -> str:
    lines = [
        "# fish completion of darkroom",
        "complete -c darkroom -n __fish_use_subcommand -f -l version -d 'show the version'",
    ]
    for command in commands:
        lines.append(f"complete -c darkroom -n __fish_use_subcommand -f -a {command.name} -d {_quoted(command.help)}")
        within = f"complete -c darkroom -n '__fish_seen_subcommand_from {command.name}'"
        if not command.files:
            lines.append(f"{within} -f" + (f" -a '{' '.join(command.words)}'" if command.words else ""))
        lines += [f"{within} {_fish_option(option)}" for option in command.options]
    return "\n".join(lines) + "\n"


def _fish_option(option: Option) -> str:
    names = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)
    takes = "" if option.values is None else " -r" + (f" -f -a '{' '.join(option.values)}'" if option.values else "")
    return f"{names}{takes} -d {_quoted(option.help)}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
