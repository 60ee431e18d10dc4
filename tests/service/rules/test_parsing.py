"""The file of rules: read, and refused with every mistake at once."""

import pytest

from core.limits import Limits
from service.options import OptionsParser
from service.rules import Rules
from service.rules.parsing import RulesError, parse_rules
from storage.address import Address

READER = OptionsParser(Limits(), {"tiny": "resize:16"})
RESULTS = Address.parse_prefix("gs://results/own/")


def rules(text: str) -> Rules:
    return parse_rules(text, READER, results=RESULTS)


def problems(text: str) -> list[str]:
    with pytest.raises(RulesError) as raised:
        rules(text)
    return raised.value.problems


def rule(**values: str) -> str:
    told = {"when": '"gs://in/**.jpg"', "to": '"gs://out/{dir}/{name}-{output}.{ext}"', "pipeline": '"blur"', **values}
    return "\n".join(["[[rule]]", *(f"{key} = {value}" for key, value in told.items() if value)]) + "\n"


def test_one_rule() -> None:
    (one,) = rules(rule(name='"thumbs"', quality="70", max_bytes="1000", metadata='{team = "x"}')).rules
    (target,) = one.targets
    assert (one.name, one.on_delete, one.max_bytes) == ("thumbs", "remove", 1000)
    assert (target.name, target.options.quality, dict(target.metadata)) == ("result", 70, {"team": "x"})
    assert target.options.max_bytes is None


def test_several_outputs_share_what_stands_beside_them() -> None:
    text = rule(
        pipeline="", format='"webp"', quality="70",
        outputs='[{name="a", pipeline="preset:tiny"}, {name="b", pipeline="sepia", format="png", max_bytes=9000}]',
    )  # fmt: skip
    found = rules(text).plan(Address("gs", "in", "x/a.jpg"))
    assert [(str(one.address), one.format, one.target.options.quality) for one in found] == [
        ("gs://out/x/a.jpg-a.webp", "webp", 70),
        ("gs://out/x/a.jpg-b.png", "png", 70),
    ]
    assert [one.target.options.max_bytes for one in found] == [None, 9000]


FORMATS = {
    "own": ("a.png", "", '"gs://out/{name}.{ext}"', "png"), "not-written": ("a.heic", "", '"gs://out/{name}.{ext}"', "jpeg"),  # noqa: E501
    "stills-of-gif": ("a.gif", "", '"gs://out/{name}.{ext}"', "png"), "nothing-known": ("a", "", '"gs://out/{name}.{ext}"', "jpeg"),  # noqa: E501
    "by-the-template": ("a.png", "", '"gs://out/{name}.webp"', "webp"), "said": ("a.png", '"avif"', '"gs://out/{name}"', "avif"),  # noqa: E501
    "json": ("a.png", "", '"gs://out/{name}.json"', "json"), "capitals": ("a.PNG", "", '"gs://out/{name}.{ext}"', "png"),  # noqa: E501
}  # fmt: skip


@pytest.mark.parametrize(("key", "said", "to", "settled"), FORMATS.values(), ids=FORMATS)
def test_format_is_known_from_the_name(key: str, said: str, to: str, settled: str) -> None:
    (planned,) = rules(rule(when='"gs://in/**"', to=to, format=said)).plan(Address("gs", "in", key))
    assert planned.format == settled


PROBLEMS = {
    "no-toml": ("[[rule]", "not valid TOML"),
    "unknown-table": ("[rules]\n", 'Did you mean "rule"'),
    "not-a-list": ("[rule]\n", "[[rule]]"),
    "unknown-key": (rule(formt='"webp"'), 'Did you mean "format"'),
    "unknown-key-of-an-output": (rule(pipeline="", outputs='[{name="a", pipelin="blur"}]'), 'Did you mean "pipeline"'),
    "no-when": (rule(when=""), '"when" must be'),
    "bad-when": (rule(when='"gs://in/{a"'), "brace"),
    "no-to": (rule(to=""), '"to" must be'),
    "bad-to": (rule(to='"gs://out/{stm}.jpg"'), "Did you mean {stem}"),
    "nothing-to-do": (rule(pipeline=""), '"pipeline" or "outputs" is required'),
    "bad-pipeline": (rule(pipeline='"blurr"'), 'Did you mean "blur"'),
    "bad-parameter": (rule(pipeline='"blur:4"'), "odd number"),
    "bad-format": (rule(format='"webpp"'), 'Did you mean "webp"'),
    "bad-option": (rule(quality="101"), "quality"),
    "unknown-model": (rule(pipeline='"detect:model=nobody"'), 'no model "nobody"'),
    "bad-name": (rule(name='"A b"'), '"name"'),
    "bad-output-name": (rule(outputs='[{name="A b"}]'), '"name"'),
    "same-output-name": (rule(outputs='[{name="a"}, {name="a"}]'), "two outputs"),
    "no-outputs": (rule(outputs="[]"), '"outputs" must be a list'),
    "too-many-outputs": (rule(outputs=str([{"name": f"o{n}"} for n in range(17)]).replace(":", "=").replace("'name'", "name")), "16 outputs"),  # noqa: E501
    "bad-on-delete": (rule(on_delete='"maybe"'), '"on_delete"'),
    "bad-max-bytes": (rule(max_bytes="0"), '"max_bytes"'),
    "our-metadata": (rule(metadata='{dr-source = "x"}'), "are reserved"),
    "bad-metadata": (rule(metadata='{team = "ä"}'), "Not every storage can keep the metadata"),
    "metadata-of-numbers": (rule(metadata="{team = 1}"), "table of strings"),
    "other-extension": (rule(to='"gs://out/{name}.png"', format='"webp"'), "ends in .png"),
    "unwritten-extension": (rule(to='"gs://out/{name}.heic"'), ".heic cannot be written"),
    "into-itself": (rule(to='"gs://in/thumbs/{name}.jpg"'), "matched by its own pattern"),
    "into-itself-by-folder": (rule(when='"gs://in/a/**"', to='"gs://in/a/b/{name}.{ext}"'), "its own pattern"),
    "ring": (
        rule(name='"one"', to='"gs://mid/{name}.{ext}"') + rule(name='"two"', when='"gs://mid/**"', to='"gs://in/{name}.jpg"'),
        'pattern of rule "two"',
    ),
    "chain": (rule(name='"one"', to='"gs://mid/{name}.{ext}"') + rule(name='"two"', when='"gs://mid/*.jpg"'), 'pattern of rule "two"'),  # noqa: E501
    "one-name-of-two-rules": (
        rule(name='"one"', when='"gs://in/*.jpg"', to='"gs://out/{stem}.webp"')
        + rule(name='"two"', when='"gs://in/*.png"', to='"gs://out/{stem}.webp"'),
        'rule "two" would write the same name',
    ),
    "one-name-of-two-outputs": (rule(to='"gs://out/{name}.webp"', outputs='[{name="a"}, {name="b"}]'), "use {output}"),
    "our-own-records": (rule(when='"gs://results/**.json"'), "objects of the server itself"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "why"), PROBLEMS.values(), ids=PROBLEMS)
def test_refuses(text: str, why: str) -> None:
    found = problems(text)
    assert any(why in problem for problem in found), found


def test_all_at_once() -> None:
    text = rule(formt='"webp"', pipeline='"blurr"', quality="101") + rule(when="", on_delete='"maybe"')
    found = problems(text)
    assert [word for word in ("formt", "blurr", "quality", '"when"', '"on_delete"') if word not in "".join(found)] == []
    assert len(found) == 5


FINE = {
    "other-bucket": rule(to='"gs://other/{name}.jpg"'),
    "other-scheme": rule(to='"s3://in/{name}.jpg"'),
    "flat-into-a-folder": rule(when='"gs://in/*.jpg"', to='"gs://in/thumbs/{name}.jpg"'),
    "other-folder": rule(when='"gs://in/a/**"', to='"gs://in/b/{dir}/{name}.jpg"'),
    "other-extension": rule(when='"gs://in/**.png"', to='"gs://in/{dir}/{stem}.webp"'),
    "two-rules-two-folders": rule(when='"gs://in/a/*"', to='"gs://out/{dir}/{name}"') + rule(when='"gs://in/b/*"', to='"gs://out/{dir}/{name}"'),
    "two-outputs": rule(to='"gs://out/{output}/{dir}/{name}"', outputs='[{name="a"}, {name="b"}]'),
    "beside-our-own": rule(when='"gs://results/own/in/**"'),
}  # fmt: skip


@pytest.mark.parametrize("text", FINE.values(), ids=FINE)
def test_takes(text: str) -> None:
    assert rules(text).rules


WARNED = {
    "extensions-meet": (rule(when='"gs://in/*.{jpg,png}"', to='"gs://out/{stem}.webp"'), "a.jpg and a.png"),
    "any-extension": (rule(when='"gs://in/*"', to='"gs://out/{stem}.webp"'), "a.jpg and a.png"),
    "folders-meet": (rule(to='"gs://out/{stem}.webp"'), "x/a.jpg and y/a.jpg"),
    "one-name": (rule(to='"gs://out/latest.webp"'), "the same name"),
}


@pytest.mark.parametrize(("text", "why"), WARNED.values(), ids=WARNED)
def test_warns(text: str, why: str) -> None:
    (warning,) = rules(text).warnings
    assert why in warning


def test_the_rules_that_ship_are_right() -> None:
    from tests.conftest import ROOT

    found = parse_rules((ROOT / "rules.toml").read_text(), READER, results=Address.parse_prefix("file://outbox"))
    assert found.warnings == ()
    planned = found.plan(Address.parse("file://inbox/x/a.JPG"))
    assert [str(one.address) for one in planned] == [
        f"file://outbox/x/a.JPG-{name}" for name in ("web.webp", "square.webp", "sepia.jpg")
    ]
