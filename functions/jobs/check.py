"""Look at rules without doing anything.

python -m functions.jobs.check rules.toml                       whether the file is right
python -m functions.jobs.check rules.toml gs://in/a.jpg …       and what would be made of these objects

Exit code 0: all is well, 1: the rules, or one of the addresses, are wrong, 2: the command is.
"""

import argparse
import os
import sys
from pathlib import Path

from service.rules.model import Rules
from service.rules.parsing import RulesError, load_rules
from service.service import Service
from service.settings import SettingsError
from storage.address import Address
from storage.errors import StorageError

_NOT_NEEDED = {"DARKROOM_RULES", "DARKROOM_WATCH"}


def main(arguments: list[str]) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(
        "python -m functions.jobs.check", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="the rules, a TOML file")
    parser.add_argument("address", nargs="*", help="an object, such as gs://in/a.jpg: say what would be made of it")
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
    service = Service.open({name: value for name, value in os.environ.items() if name not in _NOT_NEEDED})
    return load_rules(
        file, service.parser, results=service.storage.results, models=service.models,
        assets=service.settings.assets_folder(),
    )  # fmt: skip


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
