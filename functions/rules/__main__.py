"""Look at rules without doing anything.

python -m functions.rules check rules.toml                       whether the file is right
python -m functions.rules check rules.toml gs://in/a.jpg …       and what would be made of these objects

Exit code 0: all is well, 1: the rules, or one of the addresses, are wrong, 2: the command is.
"""

import argparse
import os
import sys
from pathlib import Path

from functions.options import Reader
from functions.presets import load as load_presets
from functions.rules.model import Rules
from functions.rules.reading import RulesError, load
from functions.settings import SettingsError
from functions.settings import load as load_settings
from functions.sight import setup
from storage.address import Address
from storage.errors import StorageError


def main(arguments: list[str]) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(
        "python -m functions.rules", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="say what is wrong, and what would happen")
    check.add_argument("file", type=Path)
    check.add_argument("address", nargs="*")
    told = parser.parse_args(arguments)
    try:
        rules = _rules(told.file)
    except (RulesError, SettingsError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    lines = [f"warning: {warning}" for warning in rules.warnings]
    lines += [f"{told.file.name}: {len(rules.rules)} rules are right."]
    answers = [_said(rules, address) for address in told.address]
    print("\n".join([*lines, *(text for _, text in answers)]))  # noqa: T201
    return int(not all(good for good, _ in answers))


def _rules(file: Path) -> Rules:
    """Read with the settings of the environment, as the server would."""
    settings = load_settings({name: value for name, value in os.environ.items() if name != "DARKROOM_RULES"})
    reader = Reader(settings.limits(), load_presets(settings.presets_file()))
    models = setup.runtime(settings, setup.manifest(settings))
    results = Address.parse_prefix(settings.results) if settings.results else None
    return load(file, reader, results=results, models=models, assets=settings.assets_folder())


def _said(rules: Rules, text: str) -> tuple[bool, str]:
    """Whether an address is one, and what would be made of it."""
    try:
        planned = rules.plan(Address.parse(text))
    except StorageError as error:
        return False, f"{text}\n  {error.detail}"
    if not planned:
        return True, f"{text}\n  no rule takes it"
    lines = [
        f"  {one.rule.name}: {one.address} ({one.format}) by «{one.target.pipeline.canonical}», "
        f"{'removed' if one.rule.on_delete == 'remove' else 'kept'} when the source is"
        for one in planned
    ]
    return True, "\n".join([text, *lines])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
