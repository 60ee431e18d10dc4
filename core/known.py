"""What was worked out of a source before: how outputs are made, and what that costs."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
_MOST, _KEPT = 64, 256


class Known:
    """The last answers of a request, which asks several times.

    Objects are told apart by which they are, so none of them may change; they are kept as long.
    """

    def __init__(self) -> None:
        self._answers: dict[tuple[object, ...], tuple[Sequence[object], Any]] = {}

    def of(self, name: str, about: Sequence[object], found: Callable[[], T]) -> T:
        """What `found` gives, called once for a name and these objects. Errors are those of `found`, each time."""
        key = (name, *map(id, about))
        answer = self._answers.get(key)
        if answer is None:
            if len(self._answers) >= _MOST:
                self._answers = {}
            answer = self._answers[key] = (tuple(about), found())
        made: T = answer[1]
        return made


class Kept:
    """The last answers of all requests, by the values that they follow from."""

    def __init__(self) -> None:
        self._answers: dict[Hashable, Any] = {}

    def of(self, about: Hashable, found: Callable[[], T]) -> T:
        """What `found` gave for these values, or gives now. Errors are those of `found`, each time."""
        answer: T | None = self._answers.get(about)
        if answer is None:
            answer = found()
            if len(self._answers) >= _KEPT:
                self._answers = {}
            self._answers[about] = answer
        return answer
