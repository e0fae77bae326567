"""The text in which Prometheus reads metrics: exposition format 0.0.4.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final

from pywatt.observe.histogram import Histogram

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Labels = Mapping[str, str]
Samples = Iterable[tuple[Labels, float]]

_LABEL_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_HELP_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n"})


class MetricsText:
    """Collects the families of one page.

    A label without a value is left out: to Prometheus it is the same as one that is not there.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []

    def counter(self, name: str, description: str, samples: Samples) -> None:
        """Adds what only grows.

        Args:
            name: ends with `_total`.
            description: one sentence.
            samples: labels and value of each series.
        """
        self._family(name, "counter", description, samples)

    def gauge(self, name: str, description: str, samples: Samples) -> None:
        """Adds what goes up and down.

        Args:
            name: with its unit, such as `_bytes`.
            description: one sentence.
            samples: labels and value of each series.
        """
        self._family(name, "gauge", description, samples)

    def histogram(self, name: str, description: str, series: Iterable[tuple[Labels, Histogram]]) -> None:
        """Adds distributions.

        Args:
            name: with its unit, such as `_seconds`.
            description: one sentence.
            series: labels and buckets of each.
        """
        begun = False
        for labels, histogram in series:
            if not begun:
                self._head(name, "histogram", description)
                begun = True
            inner = _inner(labels)
            before = f"{name}_bucket{{{inner}," if inner else f"{name}_bucket{{"
            for bound, count in histogram.cumulative():
                self._lines.append(f'{before}le="{_number(bound)}"}} {count}\n')
            self._sample(f"{name}_sum", inner, histogram.sum)
            self._sample(f"{name}_count", inner, histogram.count)

    def render(self) -> bytes:
        """The whole page."""
        return "".join(self._lines).encode()

    def _family(self, name: str, kind: str, description: str, samples: Samples) -> None:
        begun = False
        for labels, value in samples:
            if not begun:
                self._head(name, kind, description)
                begun = True
            self._sample(name, _inner(labels), value)

    def _head(self, name: str, kind: str, description: str) -> None:
        self._lines.append(f"# HELP {name} {description.translate(_HELP_ESCAPES)}\n# TYPE {name} {kind}\n")

    def _sample(self, name: str, inner: str, value: float) -> None:
        self._lines.append(f"{name}{{{inner}}} {_number(value)}\n" if inner else f"{name} {_number(value)}\n")


def _inner(labels: Labels) -> str:
    """What stands between the braces."""
    return ",".join([f'{label}="{_escaped(text)}"' for label, text in labels.items() if text])


def _escaped(text: str) -> str:
    # Nearly every text is a name; to look is ten times as fast as to translate.
    if "\\" in text or '"' in text or "\n" in text:
        return text.translate(_LABEL_ESCAPES)
    return text


def _number(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if math.isnan(value):
        return "NaN"
    # Nanoseconds are as fine as any of our clocks; repr would write small ones with an exponent.
    return f"{value:.9f}".rstrip("0").rstrip(".")
