"""Everything that is checked of infra/: form, schema, tests, and our rules about what the tests made."""

import sys
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.terraform import amazon, google, sources
from tools.terraform.rules import Plan, Rule
from tools.terraform.run import INFRA, Outcome, Terraform, roots

RULES: dict[str, tuple[Rule, ...]] = {"gcp": google.RULES, "aws": amazon.RULES}
_AT_ONCE = 2
"""Each starts providers of its own."""


def rules_of(root: Path) -> tuple[Rule, ...]:
    """The rules of a root module: those of the cloud whose folder it is, or is in."""
    return RULES[next(part for part in reversed(root.parts) if part in RULES)]


def judged(root: Path, outcome: Outcome, left_out: Collection[str] = ()) -> list[str]:
    """What a test found, and what our rules, but for those left out, find in what it made, once each."""
    found = [
        f"[{rule.__name__}] {problem}"
        for applied in outcome.applied
        for rule in rules_of(root)
        if rule.__name__ not in left_out
        for problem in rule(Plan(applied.resources))
    ]
    return [*outcome.problems, *dict.fromkeys(found)]


def checked(root: Path, terraform: Terraform, left_out: Collection[str] = ()) -> tuple[list[str], set[str]]:
    """The problems of one root module, and the types that its tests made."""
    if problems := terraform.validated(root):
        return problems, set()
    outcome = terraform.tested(root)
    kinds = {one.kind for applied in outcome.applied for one in applied.resources}
    return judged(root, outcome, left_out), kinds


def untested(infra: Path, kinds: set[str]) -> Iterator[str]:
    """Resources that no test makes."""
    for source in sources.sources(infra):
        for kind, name, _ in sources.declared(source):
            if kind not in kinds:
                yield f"{source.path.relative_to(infra)}: no test makes {kind}.{name}"


def problems(terraform: Terraform, infra: Path = INFRA, left_out: Collection[str] = ()) -> list[str]:
    """All problems of all modules and examples; prints how long each took."""
    found = [*terraform.formatted(infra), *sources.problems(infra)]
    kinds: set[str] = set()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        started = time.monotonic()
        for root, (wrong, made) in zip(
            roots(infra), pool.map(lambda root: checked(root, terraform, left_out), roots(infra)), strict=True
        ):
            name = root.relative_to(infra.parent)
            print(f"{name}: {f'{len(wrong)} wrong' if wrong else 'good'}, after {time.monotonic() - started:.0f} s")
            found += [f"{name}: {one}" for one in wrong]
            kinds |= made
    return found + list(untested(infra, kinds))


def main(terraform: Terraform, infra: Path = INFRA, left_out: Collection[str] = ()) -> int:
    """The exit code; rules of ours can be left out by their names."""
    found = problems(terraform, infra, left_out)
    for one in found:
        print(one, file=sys.stderr)
    print(f"{terraform.program}: {f'{len(found)} problems' if found else 'everything is as it should be'}.")
    return int(bool(found))
