"""Checks of rules against each other: outputs that would trigger a rule again, and outputs with the same name.

The checks compare patterns, before any object exists, and err on the side of refusing.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

from service.rules.globs import DEEP, Glob, Tokens, common_key, literal
from service.rules.model import Rule, RuleOutput, extension, own_format_by_suffix
from service.rules.template import Shapes
from storage.address import Address
from storage.errors import StorageError

OWN = ("errors", "tries", "sweep", "renders", "batches")
"""The server's own folders under the results, which no rule may match."""


def rule_problems(rules: Sequence[Rule], results: Address | None) -> Iterator[str]:
    """Conflicts that are refused, one sentence each."""
    for rule in rules:
        for other in rules:
            yield from _retriggered(rule, other)
        yield from _own_objects(rule, results)
        yield from _same_names(rule)
    for one, other in combinations(rules, 2):
        yield from _shared_names(one, other)


def rule_warnings(rules: Sequence[Rule]) -> Iterator[str]:
    """Conflicts that some keys may cause; they are refused as `name_taken` when they occur."""
    for rule in rules:
        shapes = Shapes.of(rule.when)
        for target in rule.targets:
            fields = target.to.fields
            if not fields & {"stem", "name"}:
                yield f"{_title(rule, target)}: all sources would get the same name; use {{stem}} or {{name}}."
            elif shapes.dir and "dir" not in fields:
                yield f"{_title(rule, target)}: x/a.jpg and y/a.jpg would get the same name; use {{dir}}."
            elif shapes.suffix and not fields & {"name", "suffix"}:
                yield f"{_title(rule, target)}: a.jpg and a.png would get the same name; use {{name}} or {{suffix}}."
        for one, two in combinations(rule.targets, 2):
            if not _same_name(rule, one, two) and _common_key(_images(rule, one), _images(rule, two)):
                yield f'{_title(rule, one)}: some of its names may be those of output "{two.name}".'


def _retriggered(rule: Rule, other: Rule) -> Iterator[str]:
    """Outputs of `rule` that `other` would match as sources."""
    for target in rule.targets:
        if _place(target.to.place) == (other.when.scheme, other.when.bucket):
            key = _common_key(_images(rule, target), other.when.alternatives)
            if key is not None:
                whose = "its own pattern" if rule is other else f'the pattern of rule "{other.name}"'
                yield f'{_title(rule, target)}: "{target.to.place}{key}" would be matched by {whose}, in a loop.'


def _own_objects(rule: Rule, results: Address | None) -> Iterator[str]:
    """A rule that would match the server's own objects."""
    if results is None or _place(results) != (rule.when.scheme, rule.when.bucket):
        return
    for name in OWN:
        if _common_key(rule.when.alternatives, [(*literal(own_key(results, name)), "\\/", DEEP)]) is not None:
            folder = results.at(own_key(results, name))
            yield f'Rule "{rule.name}": "when" matches objects of the server itself under "{folder}".'
            return


def own_key(results: Address, name: str) -> str:
    """The key of one of the server's own objects under the results."""
    return f"{results.key.rstrip('/')}/{name}" if results.key else name


def _same_names(rule: Rule) -> Iterator[str]:
    """Two outputs of one rule with the same name."""
    for one, two in combinations(rule.targets, 2):
        if _same_name(rule, one, two):
            yield f'{_title(rule, one)}: output "{two.name}" would be written to the same name; use {{output}}.'


def _shared_names(one: Rule, other: Rule) -> Iterator[str]:
    for first in one.targets:
        for second in other.targets:
            if _place(first.to.place) == _place(second.to.place):
                key = _common_key(_images(one, first), _images(other, second))
                if key is not None:
                    yield (
                        f'{_title(one, first)}: rule "{other.name}" would write the same name, '
                        f'such as "{first.to.place}{key}".'
                    )


def _same_name(rule: Rule, one: RuleOutput, two: RuleOutput) -> bool:
    """Whether two outputs of a source would have the same name: tried on a key of each plain pattern."""
    for alternative in rule.when.alternatives:
        key = common_key(alternative, (DEEP,)) or "x"
        try:
            if _filled(one, key) == _filled(two, key):
                return True
        except StorageError:
            continue
    return False


def _filled(target: RuleOutput, key: str) -> Address:
    return target.to.fill(key, target.name, extension(target.format_of(key)))


def _images(rule: Rule, target: RuleOutput) -> list[Tokens]:
    """Patterns of the keys an output may be written to."""
    suffixes = {"jpg", "png", *(extension(own_format_by_suffix(suffix)) for suffix in ("webp", "avif", "tif"))}
    known = {extension(target.format_of("x"))} if target.format or target.to.suffix else suffixes
    return [image for ext in sorted(known) for image in target.to.images(rule.when, target.name, ext)]


def _common_key(ones: Sequence[Tokens], others: Sequence[Tokens]) -> str | None:
    """A key that matches patterns of both, or None."""
    found = (common_key(one, other) for one in ones for other in others)
    return next((key for key in found if key is not None), None)


def _place(of: Address | Glob) -> tuple[str, str]:
    return of.scheme, of.bucket


def _title(rule: Rule, target: RuleOutput) -> str:
    return f'Rule "{rule.name}", output "{target.name}"'
