"""Parses the TOML file of rules, and reports all of its mistakes at once."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from core.codecs import FORMATS, EncodeOptions
from core.errors import DarkroomError, ModelAbsentError, UnknownPictureError, nearest
from core.language.values import PictureName
from core.requirements import check_classes, required_models
from core.run import NO_MODELS, Models
from service.errors import reason_of
from service.options import OptionsParser, OutputOptions
from service.rules import cycles
from service.rules.globs import Glob
from service.rules.model import Rule, RuleOutput, Rules, writable_format
from service.rules.template import Template
from storage.address import Address
from storage.errors import StorageError
from storage.facts import ObjectMetadata

OWN = ("name", "when", "to", "outputs", "metadata", "cache_control", "on_delete", "max_bytes")
OF_OUTPUT = ("name", "to", "metadata", "cache_control")
ENCODING = ("pipeline", "format", *EncodeOptions.__struct_fields__)
ONLY = "result"
"""The output's name if a rule has one pipeline and no list of outputs."""
_NAME = re.compile(r"[a-z0-9_-]{1,32}\Z")
_MAX_SOURCE_BYTES = 2**40
T = TypeVar("T")


class RulesError(ValueError):
    """`problems` lists everything that is wrong with a file of rules."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("These rules are invalid:\n" + "\n".join(f"  {problem}" for problem in problems))
        self.problems = problems


def load_rules(
    file: Path,
    parser: OptionsParser,
    *,
    results: Address | None = None,
    models: Models = NO_MODELS,
    assets: Path | None = None,
) -> Rules:
    """Read the rules in a file. RulesError."""
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise RulesError([f'"{file.name}" cannot be read: {reason_of(error)}.']) from None
    return parse_rules(text, parser, results=results, models=models, assets=assets)


def parse_rules(
    text: str,
    parser: OptionsParser,
    *,
    results: Address | None = None,
    models: Models = NO_MODELS,
    assets: Path | None = None,
) -> Rules:
    """Parse rules. `results` is the prefix of the server's own objects, which no rule may match. RulesError."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulesError([f"The file is not valid TOML: {error}."]) from None
    rules_parser = _RulesParser(parser, models, assets)
    rules = [
        rule for index, one in enumerate(rules_parser.tables(document), 1) if (rule := rules_parser.rule(index, one))
    ]
    problems = [*rules_parser.problems, *cycles.rule_problems(rules, results)]
    if problems:
        raise RulesError(problems)
    return Rules(tuple(rules), tuple(cycles.rule_warnings(rules)), parser.limits.outputs)


class _RulesParser:
    """Parses rules and collects the problems."""

    def __init__(self, parser: OptionsParser, models: Models, assets: Path | None) -> None:
        self.problems: list[str] = []
        self._parser = msgspec.structs.replace(parser, strict=False)
        self._models, self._assets = models, assets
        self._where = ""

    def tables(self, document: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The tables named `rule`."""
        self._unknown(document, ("rule",), "The file")
        rules = document.get("rule", [])
        if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
            self.problems.append("Each rule must be a table [[rule]].")
            return []
        return rules

    def rule(self, index: int, table: dict[str, Any]) -> Rule | None:
        """One rule, checked as far as possible even if part of it is invalid. None without a pattern."""
        name = table.get("name", f"rule-{index}")
        self._where = f"Rule {index}" + (f' ("{name}")' if "name" in table else "")
        self._unknown(table, (*OWN, *ENCODING), self._where)
        self._require(isinstance(name, str) and bool(_NAME.match(name)), '"name" must be 1 to 32 of a-z, 0-9, _ and -')
        when = self._parse(Glob, table.get("when"), '"when" must be a pattern such as gs://bucket/photos/**.jpg')
        on_delete = table.get("on_delete", "remove")
        self._require(on_delete in {"remove", "keep"}, '"on_delete" must be "remove" or "keep"')
        max_bytes = table.get("max_bytes")
        self._require(
            max_bytes is None or _whole(max_bytes, 1, _MAX_SOURCE_BYTES), '"max_bytes" must be a number of bytes'
        )
        targets = [target for one in self._outputs(table) if (target := self._output(one))]
        if when is None:
            return None
        return Rule(name=str(name), when=when, targets=tuple(targets), on_delete=on_delete, max_bytes=max_bytes)

    def _outputs(self, table: Mapping[str, Any]) -> list[dict[str, Any]]:
        """A table for each output; keys beside `outputs` are the defaults of each."""
        shared = {key: table[key] for key in (*OF_OUTPUT[1:], *ENCODING) if key in table and key != "max_bytes"}
        listed = table.get("outputs")
        if listed is None:
            self._require("pipeline" in table or "format" in table, '"pipeline" or "outputs" is required')
            return [{**shared, "name": ONLY}]
        if not isinstance(listed, list) or not listed or not all(isinstance(one, dict) for one in listed):
            self._require(False, '"outputs" must be a list of tables such as {name = "small", pipeline = "resize:320"}')
            return []
        names = [one.get("name") for one in listed]
        self._require(
            len(listed) <= self._parser.limits.outputs, f"there are more than {self._parser.limits.outputs} outputs"
        )
        for duplicate in dict.fromkeys(name for name in names if names.count(name) > 1):
            self._require(False, f'two outputs are named "{duplicate}"')
        return [{**shared, **one} for one in listed]

    def _output(self, table: dict[str, Any]) -> RuleOutput | None:
        name = table.get("name")
        if not isinstance(name, str) or not _NAME.match(name):
            self._require(False, 'each output must have a "name" of 1 to 32 of a-z, 0-9, _ and -')
            return None
        self._unknown(table, (*OF_OUTPUT, *ENCODING), f'{self._where}, output "{name}"')
        to = self._parse(Template, table.get("to"), '"to" must be a template such as gs://bucket/{stem}.{ext}')
        about = self._metadata(table)
        options = self._options({key: value for key, value in table.items() if key in ENCODING}, name)
        if not to:
            return None
        self._check_extension(options, to, name)
        return RuleOutput(
            name=name, pipeline=options.pipeline, format=options.format, options=options.encoding, to=to,
            metadata=about.metadata, cache_control=about.cache_control,
        )  # fmt: skip

    def _options(self, table: Mapping[str, Any], name: str) -> OutputOptions:
        """Pipeline, format and options; each is checked separately, so that all mistakes are reported."""
        before = len(self.problems)
        for key, value in table.items():
            self._collect(lambda key=key, value=value: self._parser.parse([{key: value}], {}), f'output "{name}": ')  # type: ignore[misc]
        if len(self.problems) > before:
            return OutputOptions()
        (options,) = self._parser.parse([table], {}).outputs
        self._collect(lambda: self._check(options), f'output "{name}": ')
        return options

    def _check(self, options: OutputOptions) -> None:
        """Check the models, classes and second pictures that a pipeline names."""
        for other in options.pipeline.others(PictureName):
            if self._assets and not [*self._assets.glob(f"{other}*")]:
                raise UnknownPictureError(f'There is no asset "{other}".')
        try:
            required_models(options.pipeline, self._models)
            check_classes(options.pipeline, self._models)
        except ModelAbsentError:
            return  # its weights may still be downloaded

    def _metadata(self, table: Mapping[str, Any]) -> ObjectMetadata:
        metadata, cache = table.get("metadata", {}), table.get("cache_control", "")
        texts = isinstance(metadata, dict) and all(isinstance(value, str) for value in metadata.values())
        if not texts or not isinstance(cache, str):
            self._require(False, '"metadata" must be a table of strings, and "cache_control" a string')
            return ObjectMetadata()
        if reserved := next((name for name in metadata if name.startswith(("dr-", "darkroom-"))), None):
            self._require(False, f'metadata "{reserved}": names that begin with dr- or darkroom- are reserved')
        about = ObjectMetadata(metadata=metadata, cache_control=cache)
        self._collect(about.check, "")
        return about

    def _check_extension(self, options: OutputOptions, to: Template, name: str) -> None:
        """The extension of an output must agree with its format."""
        implied = writable_format(to.suffix)
        known = to.suffix in {suffix for one in FORMATS.values() for suffix in one.extensions}
        self._require(not known or implied is not None, f'output "{name}": .{to.suffix} cannot be written')
        if options.format and implied and options.format != implied:
            self._require(False, f'output "{name}": "to" ends in .{to.suffix}, but "format" is {options.format}')

    def _parse(self, kind: Callable[[str], T], text: Any, problem: str) -> T | None:
        if not isinstance(text, str):
            self._require(False, problem)
            return None
        try:
            return kind(text)
        except ValueError as error:
            self.problems.append(f"{self._where}: {error}")
            return None

    def _collect(self, call: Callable[[], object], prefix: str) -> None:
        try:
            call()
        except (DarkroomError, StorageError) as error:
            self.problems.append(f"{self._where}: {prefix}{error.detail}")

    def _require(self, condition: bool, problem: str) -> None:
        if not condition:
            self.problems.append(f"{self._where}: {problem}.")

    def _unknown(self, table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
        self.problems += [f"{where}: {text}" for text in _unknown_keys(table, known)]


def _unknown_keys(table: Mapping[str, Any], known: tuple[str, ...]) -> Iterator[str]:
    for key in table:
        if key not in known:
            guess = nearest(key, known)
            yield f'unknown key "{key[:40]}".' + (f' Did you mean "{guess}"?' if guess else "")


def _whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
