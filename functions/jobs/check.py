"""Check rules without running them.

python -m functions.jobs.check rules.toml                       check the file
python -m functions.jobs.check rules.toml gs://in/a.jpg …       also show what would be made from these objects

Exit code 0: valid, 1: the rules or one of the addresses are invalid, 2: wrong usage.
"""

import argparse
import os
import sys
from pathlib import Path

from functions.jobs import run
from service.rules.model import Rules
from service.rules.parsing import RulesError, load_rules
from service.service import Service
from service.settings import SettingsError
from storage.address import Address
from storage.errors import StorageError

_IGNORED = {"DARKROOM_RULES", "DARKROOM_WATCH"}


def main(arguments: list[str]) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(
        "python -m functions.jobs.check", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="the rules, a TOML file")
    parser.add_argument("address", nargs="*", help="an object such as gs://in/a.jpg: show what would be made from it")
    options = parser.parse_args(arguments)
    try:
        rules = _rules(options.file)
    except (RulesError, SettingsError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - the output of a command
        return 1
    lines = [f"warning: {warning}" for warning in rules.warnings]
    count = len(rules.rules)
    lines += [f"{options.file.name}: {count} {'rule is' if count == 1 else 'rules are'} valid."]
    reports = [_report(rules, address) for address in options.address]
    print("\n".join([*lines, *(text for _, text in reports)]))  # noqa: T201
    return int(not all(valid for valid, _ in reports))


def _rules(file: Path) -> Rules:
    """Load rules with the settings of the environment, as the server would."""
    service = Service.open({name: value for name, value in os.environ.items() if name not in _IGNORED})
    return load_rules(
        file, service.parser, results=service.storage.results, models=service.models,
        assets=service.settings.assets_folder(),
    )  # fmt: skip


def _report(rules: Rules, text: str) -> tuple[bool, str]:
    """Whether an address is valid, and what would be made from it."""
    try:
        planned = rules.plan(Address.parse(text))
    except StorageError as error:
        return False, f"{text}\n  {error.detail}"
    if not planned:
        return True, f"{text}\n  no rule matches it"
    lines = [
        f'  {one.rule.name}: {one.address} ({one.format}) by "{one.target.pipeline.canonical}", '
        f"{'removed' if one.rule.on_delete == 'remove' else 'kept'} when the source is"
        for one in planned
    ]
    return True, "\n".join([text, *lines])


if __name__ == "__main__":
    run(main)
