"""What rules would do to each other: outputs that trigger again, and names that two things would be written to.

The judgement is made on patterns, before an object is there, and errs on the side of refusing.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

from service.rules.globs import DEEP, Glob, Tokens, literal, meet
from service.rules.model import Rule, RuleOutput, extension, own_format_by_suffix
from service.rules.template import Shapes
from storage.address import Address
from storage.errors import StorageError

OWN = ("errors", "tries", "sweep", "renders")
"""Folders of our own under the results, which no rule may match."""


def rule_problems(rules: Sequence[Rule], results: Address | None) -> Iterator[str]:
    """What must not be."""
    for rule in rules:
        for other in rules:
            yield from _again(rule, other)
        yield from _ours(rule, results)
        yield from _within(rule)
    for one, other in combinations(rules, 2):
        yield from _between(one, other)


def rule_warnings(rules: Sequence[Rule]) -> Iterator[str]:
    """What may go wrong with some keys, and is refused as `name_taken` when it does."""
    for rule in rules:
        shapes = Shapes.of(rule.when)
        for target in rule.targets:
            fields = target.to.fields
            if not fields & {"stem", "name"}:
                yield f"{_title(rule, target)}: all sources would be written to one name; use {{stem}} or {{name}}."
            elif shapes.dir and "dir" not in fields:
                yield f"{_title(rule, target)}: x/a.jpg and y/a.jpg would meet in one name; use {{dir}}."
            elif shapes.suffix and not fields & {"name", "suffix"}:
                yield f"{_title(rule, target)}: a.jpg and a.png would meet in one name; use {{name}} or {{suffix}}."
        for one, two in combinations(rule.targets, 2):
            if not _same_name(rule, one, two) and _met(_images(rule, one), _images(rule, two)):
                yield f"{_title(rule, one)}: some of its names may be some of output «{two.name}»."


def _again(rule: Rule, other: Rule) -> Iterator[str]:
    """An output of `rule` that `other` would take for a source."""
    for target in rule.targets:
        if _place(target.to.place) == (other.when.scheme, other.when.bucket):
            key = _met(_images(rule, target), other.when.alternatives)
            if key is not None:
                whose = "its own pattern" if rule is other else f"the pattern of rule «{other.name}»"
                yield f"{_title(rule, target)}: «{target.to.place}{key}» would be taken again by {whose}, in a ring."


def _ours(rule: Rule, results: Address | None) -> Iterator[str]:
    """Our own records would be taken for pictures."""
    if results is None or _place(results) != (rule.when.scheme, rule.when.bucket):
        return
    for name in OWN:
        if _met(rule.when.alternatives, [(*literal(own_key(results, name)), "\\/", DEEP)]) is not None:
            yield f"Rule «{rule.name}»: «when» takes our own objects under «{results.at(own_key(results, name))}»."
            return


def own_key(results: Address, name: str) -> str:
    """The key of something of ours under the results."""
    return f"{results.key.rstrip('/')}/{name}" if results.key else name


def _within(rule: Rule) -> Iterator[str]:
    """Two outputs of one source under one name."""
    for one, two in combinations(rule.targets, 2):
        if _same_name(rule, one, two):
            yield f"{_title(rule, one)}: output «{two.name}» would be written to the same name; use {{output}}."


def _between(one: Rule, other: Rule) -> Iterator[str]:
    for first in one.targets:
        for second in other.targets:
            if _place(first.to.place) == _place(second.to.place):
                key = _met(_images(one, first), _images(other, second))
                if key is not None:
                    yield (
                        f"{_title(one, first)}: rule «{other.name}» would write the same name, "
                        f"such as «{first.to.place}{key}»."
                    )


def _same_name(rule: Rule, one: RuleOutput, two: RuleOutput) -> bool:
    """Whether some source's two outputs would have one name: tried on a key of each plain pattern."""
    for alternative in rule.when.alternatives:
        key = meet(alternative, (DEEP,)) or "x"
        try:
            if _filled(one, key) == _filled(two, key):
                return True
        except StorageError:
            continue
    return False


def _filled(target: RuleOutput, key: str) -> Address:
    return target.to.fill(key, target.name, extension(target.settled(key)))


def _images(rule: Rule, target: RuleOutput) -> list[Tokens]:
    """Patterns of what an output may be written to."""
    suffixes = {"jpg", "png", *(extension(own_format_by_suffix(suffix)) for suffix in ("webp", "avif", "tif"))}
    known = {extension(target.settled("x"))} if target.format or target.to.suffix else suffixes
    return [image for ext in sorted(known) for image in target.to.images(rule.when, target.name, ext)]


def _met(ones: Sequence[Tokens], others: Sequence[Tokens]) -> str | None:
    """A key that fits some pattern of both, None where there is none."""
    found = (meet(one, other) for one in ones for other in others)
    return next((key for key in found if key is not None), None)


def _place(of: Address | Glob) -> tuple[str, str]:
    return of.scheme, of.bucket


def _title(rule: Rule, target: RuleOutput) -> str:
    return f"Rule «{rule.name}», output «{target.name}»"
