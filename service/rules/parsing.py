"""The TOML file of rules: every mistake in it is told at once."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from core.codecs import FORMATS, EncodeOptions
from core.errors import DarkroomError, ModelAbsentError, UnknownPictureError, nearest
from core.language.values import PictureName
from core.requirements import check_classes, required_models
from core.run import NO_MODELS, Models
from service.options import OptionsParser, OutputOptions
from service.rules import cycles
from service.rules.globs import Glob
from service.rules.model import Rule, RuleOutput, Rules, written_as
from service.rules.template import Template
from storage.address import Address
from storage.errors import StorageError
from storage.facts import ObjectMetadata

OWN = ("name", "when", "to", "outputs", "metadata", "cache_control", "on_delete", "max_bytes")
OF_OUTPUT = ("name", "to", "metadata", "cache_control")
ENCODING = ("pipeline", "format", *EncodeOptions.__struct_fields__)
ONLY = "result"
"""The output's name where a rule has one pipeline and no list of outputs."""
_NAME = re.compile(r"[a-z0-9_-]{1,32}\Z")
_LONGEST_SOURCE = 2**40
T = TypeVar("T")


class RulesError(ValueError):
    """What is wrong with a file of rules, all of it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("These rules are wrong:\n" + "\n".join(f"  {problem}" for problem in problems))
        self.problems = problems


def load_rules(
    file: Path,
    parser: OptionsParser,
    *,
    results: Address | None = None,
    models: Models = NO_MODELS,
    assets: Path | None = None,
) -> Rules:
    """The rules of a file. RulesError."""
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeError) as error:
        raise RulesError([f"«{file.name}» cannot be read: {type(error).__name__}."]) from None
    return parse_rules(text, parser, results=results, models=models, assets=assets)


def parse_rules(
    text: str,
    parser: OptionsParser,
    *,
    results: Address | None = None,
    models: Models = NO_MODELS,
    assets: Path | None = None,
) -> Rules:
    """The rules of a text. `results` is where our own objects are, which no rule may match. RulesError."""
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulesError([f"This is no TOML: {error}."]) from None
    reading = _Reading(parser, models, assets)
    rules = [rule for index, one in enumerate(reading.tables(told), 1) if (rule := reading.rule(index, one))]
    problems = [*reading.problems, *cycles.rule_problems(rules, results)]
    if problems:
        raise RulesError(problems)
    return Rules(tuple(rules), tuple(cycles.rule_warnings(rules)), parser.limits.outputs)


class _Reading:
    """Collects what is wrong on the way."""

    def __init__(self, parser: OptionsParser, models: Models, assets: Path | None) -> None:
        self.problems: list[str] = []
        self._parser, self._models, self._assets = parser, models, assets
        self._where = ""

    def tables(self, told: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The tables named `rule`."""
        self._unknown(told, ("rule",), "The file")
        rules = told.get("rule", [])
        if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
            self.problems.append("Rules are written [[rule]], a table each.")
            return []
        return rules

    def rule(self, index: int, told: dict[str, Any]) -> Rule | None:
        """One rule; where something is wrong with it, as much as can be looked at further. None without a pattern."""
        name = told.get("name", f"rule-{index}")
        self._where = f"Rule {index}" + (f" («{name}»)" if "name" in told else "")
        self._unknown(told, (*OWN, *ENCODING), self._where)
        self._say(isinstance(name, str) and bool(_NAME.match(name)), "«name» is 1 to 32 of a-z, 0-9, _ and -")
        when = self._made(Glob, told.get("when"), "«when» is missing: a pattern such as gs://bucket/photos/**.jpg")
        on_delete = told.get("on_delete", "remove")
        self._say(on_delete in {"remove", "keep"}, '«on_delete» is "remove" or "keep"')
        most = told.get("max_bytes")
        self._say(most is None or _whole(most, 1, _LONGEST_SOURCE), "«max_bytes» is the longest source, bytes")
        targets = [target for one in self._outputs(told) if (target := self._target(one))]
        if when is None:
            return None
        return Rule(name=str(name), when=when, targets=tuple(targets), on_delete=on_delete, max_bytes=most)

    def _outputs(self, told: Mapping[str, Any]) -> list[dict[str, Any]]:
        """A table for each output; what stands beside `outputs` is what each of them has unless it says otherwise."""
        shared = {key: told[key] for key in (*OF_OUTPUT[1:], *ENCODING) if key in told and key != "max_bytes"}
        listed = told.get("outputs")
        if listed is None:
            self._say("pipeline" in told or "format" in told, "there is neither «pipeline» nor «outputs»")
            return [{**shared, "name": ONLY}]
        if not isinstance(listed, list) or not listed or not all(isinstance(one, dict) for one in listed):
            self._say(False, '«outputs» is a list of tables such as {name = "small", pipeline = "resize:320"}')
            return []
        names = [one.get("name") for one in listed]
        self._say(len(listed) <= self._parser.limits.outputs, f"more than {self._parser.limits.outputs} outputs")
        for twice in dict.fromkeys(name for name in names if names.count(name) > 1):
            self._say(False, f"two outputs have the name «{twice}»")
        return [{**shared, **one} for one in listed]

    def _target(self, told: dict[str, Any]) -> RuleOutput | None:
        name = told.get("name")
        if not isinstance(name, str) or not _NAME.match(name):
            self._say(False, "each output has a «name» of 1 to 32 of a-z, 0-9, _ and -")
            return None
        self._unknown(told, (*OF_OUTPUT, *ENCODING), f"{self._where}, output «{name}»")
        to = self._made(Template, told.get("to"), "«to» is missing: a template such as gs://bucket/{stem}.{ext}")
        about = self._about(told)
        want = self._want({key: value for key, value in told.items() if key in ENCODING}, name)
        if not to:
            return None
        self._extension(want, to, name)
        return RuleOutput(
            name=name, pipeline=want.pipeline, format=want.format, options=want.encoding, to=to,
            metadata=about.metadata, cache_control=about.cache_control,
        )  # fmt: skip

    def _want(self, told: Mapping[str, Any], name: str) -> OutputOptions:
        """Pipeline, format and options; each is looked at by itself, so that all mistakes are told."""
        before = len(self.problems)
        for key, value in told.items():
            self._tried(lambda key=key, value=value: self._parser.parse([{key: value}], {}), f"output «{name}»: ")  # type: ignore[misc]
        if len(self.problems) > before:
            return OutputOptions()
        (want,) = self._parser.parse([told], {}).outputs
        self._tried(lambda: self._check(want), f"output «{name}»: ")
        return want

    def _check(self, want: OutputOptions) -> None:
        """Models, classes and second pictures that a pipeline names."""
        for other in want.pipeline.others(PictureName):
            if self._assets and not [*self._assets.glob(f"{other}*")]:
                raise UnknownPictureError(f"There is no asset «{other}».")
        try:
            required_models(want.pipeline, self._models)
            check_classes(want.pipeline, self._models)
        except ModelAbsentError:
            return  # its weights may come yet

    def _about(self, told: Mapping[str, Any]) -> ObjectMetadata:
        metadata, cache = told.get("metadata", {}), told.get("cache_control", "")
        texts = isinstance(metadata, dict) and all(isinstance(value, str) for value in metadata.values())
        if not texts or not isinstance(cache, str):
            self._say(False, "«metadata» is a table of texts, and «cache_control» a text")
            return ObjectMetadata()
        if ours := next((name for name in metadata if name.startswith(("dr-", "darkroom-"))), None):
            self._say(False, f"metadata «{ours}»: names that begin with dr- or darkroom- are ours")
        about = ObjectMetadata(metadata=metadata, cache_control=cache)
        self._tried(about.check, "")
        return about

    def _extension(self, want: OutputOptions, to: Template, name: str) -> None:
        """A name that says PNG should hold one."""
        said = written_as(to.suffix)
        known = to.suffix in {suffix for one in FORMATS.values() for suffix in one.extensions}
        self._say(not known or said is not None, f"output «{name}»: we write no .{to.suffix}")
        if want.format and said and want.format != said:
            self._say(False, f"output «{name}»: «to» ends in .{to.suffix}, but «format» is {want.format}")

    def _made(self, kind: Callable[[str], T], text: Any, missing: str) -> T | None:
        if not isinstance(text, str):
            self._say(False, missing)
            return None
        try:
            return kind(text)
        except ValueError as error:
            self.problems.append(f"{self._where}: {error}")
            return None

    def _tried(self, call: Callable[[], object], before: str) -> None:
        try:
            call()
        except (DarkroomError, StorageError) as error:
            self.problems.append(f"{self._where}: {before}{error.detail}")

    def _say(self, good: bool, otherwise: str) -> None:
        if not good:
            self.problems.append(f"{self._where}: {otherwise}.")

    def _unknown(self, told: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
        self.problems += [f"{where}: {text}" for text in _strange(told, known)]


def _strange(told: Mapping[str, Any], known: tuple[str, ...]) -> Iterator[str]:
    for key in told:
        if key not in known:
            guess = nearest(key, known)
            yield f"there is no key «{key[:40]}»." + (f" Did you mean «{guess}»?" if guess else "")


def _whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
