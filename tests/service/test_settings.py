"""Settings: one table, wrong ones reported all at once."""

from pathlib import Path
from typing import Any

import pytest

from core.limits import Limits
from core.planner.rules import RULES
from service.checks import load_settings
from service.settings import Settings, SettingsError, as_markdown, table


def test_nothing_set_is_the_defaults() -> None:
    assert load_settings({"PATH": "/bin", "PORT": "1"}) == Settings()
    assert Settings().limits() == Limits()


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("DARKROOM_AUTH", "none", "auth", "none"),
        ("DARKROOM_QUEUE", "0", "queue", 0),
        ("DARKROOM_QUEUE_SECONDS", "0.5", "queue_seconds", 0.5),
        ("DARKROOM_MAX_PIXELS", "1000", "max_pixels", 1000),
        ("DARKROOM_CORS_ORIGINS", "https://a.example http://b.example:81", "cors_origins", ("https://a.example", "http://b.example:81")),
        ("DARKROOM_QUEUE", "", "queue", Settings().queue),
        ("DARKROOM_PLANNER_OFF", "shrink, table", "planner_off", ("shrink", "table")),
    ],
)  # fmt: skip
def test_values_are_read(name: str, text: str, field: str, value: Any) -> None:
    assert getattr(load_settings({name: text}), field) == value


WRONG = {
    "DARKROOM_AUHT": "none",
    "DARKROOM_AUTH": "yes",
    "DARKROOM_QUEUE": "many",
    "DARKROOM_MAX_SECONDS": "nan",
    "DARKROOM_MAX_PIXELS": "-1",
    "DARKROOM_ASSETS": "nix",
    "DARKROOM_PRESETS": "nix",
    "DARKROOM_CORS_ORIGINS": "ftp://x",
    "DARKROOM_NOT_NEGOTIATED": "webp jpg2",
    "DARKROOM_PLANNER_OFF": "shrnk",
}


def test_all_wrong_ones_are_reported_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(WRONG)
    told = str(caught.value)
    assert len(caught.value.problems) == len(WRONG)
    assert all(name in told for name in WRONG)
    assert "Did you mean DARKROOM_AUTH?" in told


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("DARKROOM_MODEL_BATCH", ("0", "65", "many", "1.5", "-1", "nan", "4 8", "auto")),
        ("DARKROOM_MODEL_BATCH_DELAY", ("-1", "2", "nan", "inf", "2ms")),
    ],
)
def test_batches_of_no_number_or_out_of_bounds(name: str, texts: tuple[str, ...]) -> None:
    for text in texts:
        with pytest.raises(SettingsError, match=name) as caught:
            load_settings({name: text})
        assert len(caught.value.problems) == 1, text


@pytest.mark.parametrize("cloud", ["K_SERVICE", "AWS_LAMBDA_FUNCTION_NAME"])
def test_a_cloud_must_choose(cloud: str) -> None:
    with pytest.raises(SettingsError, match="DARKROOM_AUTH must be set"):
        load_settings({cloud: "darkroom"})
    assert load_settings({cloud: "darkroom", "DARKROOM_AUTH": "platform"}).auth == "platform"


def test_keys_need_their_file() -> None:
    with pytest.raises(SettingsError, match="DARKROOM_AUTH=keys needs DARKROOM_KEYS"):
        load_settings({"DARKROOM_AUTH": "keys"})


def test_variables_of_the_client_are_left_alone() -> None:
    assert (
        load_settings({"DARKROOM_SERVER": "http://x", "DARKROOM_KEY_FILE": "x", "DARKROOM_TEST_URL": "y"}) == Settings()
    )


def test_every_limit_is_a_setting() -> None:
    assert {f"max_{name}" for name in Limits.__struct_fields__} <= set(Settings.__struct_fields__)


def test_every_rule_of_the_planner_may_be_left_out() -> None:
    assert Settings().rules_of_planner() == {rule.name for rule in RULES}
    chosen = load_settings({"DARKROOM_PLANNER_OFF": " ".join(rule.name for rule in RULES)})
    assert chosen.rules_of_planner() == set()


def test_each_setting_says_what_it_is() -> None:
    assert all(setting.description and not setting.required for setting in table().values())


def test_the_table_has_a_row_each_and_no_path_of_this_machine() -> None:
    text = as_markdown()
    assert all(f"| `{name}` |" in text for name in table())
    assert str(Path.cwd()) not in text
