"""Histograms: which bucket a value belongs to."""

import math

from pywatt.observe.histogram import LATENCY_BOUNDS, Histogram


def test_each_bucket_holds_all_that_is_not_above_its_bound() -> None:
    histogram = Histogram((0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 1.0, 7.0):
        histogram.observe(value)
    assert list(histogram.cumulative()) == [(0.1, 2), (1.0, 4), (math.inf, 5)]
    assert (histogram.count, histogram.sum) == (5, 8.65)


def test_one_without_values_has_all_its_buckets() -> None:
    counts = dict(Histogram().cumulative())
    assert list(counts) == [*LATENCY_BOUNDS, math.inf]
    assert not any(counts.values())
