"""Which models a pipeline needs, and which findings reach which step: known before a pixel is decoded."""

from collections.abc import Iterable, Iterator
from typing import Any

from core.errors import UnknownClassError
from core.models.model import Model
from core.models.vision import Models, labels_of
from core.pipeline import Pipeline, Step


def model_of(step: Step, models: Models) -> Model:
    """The model that a vision step uses; UnknownModelError (400) if there is none."""
    name = step.arguments["model"]
    return models.find(step.filter.task, None if name is None else str(name))


def required_models(pipeline: Pipeline, models: Models) -> list[Model]:
    """The models that a pipeline needs, one per vision step, in order."""
    return [model_of(step, models) for step in pipeline.steps if step.filter.task]


def model_identities(pipeline: Pipeline, models: Models) -> list[dict[str, Any]]:
    """What identifies each model that a pipeline needs, for the digest."""
    return [models.identity(model) for model in required_models(pipeline, models)]


def class_names(pipeline: Pipeline, models: Models) -> dict[str, tuple[str, ...]]:
    """All classes of each model that a pipeline needs, and of each step that finds without one, by its name."""
    known = {step.filter.name: step.filter.labels for step in pipeline.steps if step.filter.labels}
    return {model.name: labels_of(models, model) for model in required_models(pipeline, models)} | known


def check_classes(pipeline: Pipeline, models: Models) -> None:
    """Refuse a step that names a class which the models before it do not know, or were not asked to detect.

    Errors: UnknownClassError (400), UnknownModelError (400).
    """
    for index, step in enumerate(pipeline.steps):
        named = step.filter.names(step.arguments)
        if named:
            finds = step.filter.finds and not step.filter.findings
            known = _labels(step, models) if finds else _reaching(pipeline, index, models)
            _check(step, named, known)


def _reaching(pipeline: Pipeline, index: int, models: Models) -> Iterator[str]:
    """The classes that may reach the step at this index."""
    step = pipeline.steps[index]
    reads = step.filter.reads(step.arguments)
    for before in pipeline.steps[:index]:
        if reads and before.filter.feeds(reads):
            yield from before.filter.names(before.arguments) or _labels(before, models)


def _labels(step: Step, models: Models) -> tuple[str, ...]:
    """The classes that a step may find."""
    return labels_of(models, model_of(step, models)) if step.filter.task else step.filter.labels


def _check(step: Step, named: Iterable[str], known: Iterable[str]) -> None:
    known = list(dict.fromkeys(known))
    for name in named:
        if name not in known:
            raise UnknownClassError(f"{step.filter.name}.{_parameter(step, name)}", name, known)


def _parameter(step: Step, name: str) -> str:
    """The parameter that names the class, for the error."""
    values = {key: value if isinstance(value, tuple) else (value,) for key, value in step.arguments.items()}
    return next((key for key, value in values.items() if name in value), "gravity")
