"""What was worked out of a source before: a request asks several times how outputs are made, and what that costs."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
_MOST = 64


class Known:
    """The last answers. Objects are told apart by which they are, so none of them may change; they are kept as long."""

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
