"""Loading code fast: what a short verb loads is a third of its time."""

import gc
from types import TracebackType


class CollectorAtRest:
    """While it is open, nothing is searched for garbage: code that is being loaded is none."""

    def __enter__(self) -> None:
        gc.disable()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        gc.enable()
