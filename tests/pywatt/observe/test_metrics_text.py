"""The text that Prometheus reads, as its own parser understands it."""

from __future__ import annotations

import math

from prometheus_client.parser import text_string_to_metric_families

from pywatt.observe.histogram import Histogram
from pywatt.observe.metrics_text import MetricsText


def samples(text: MetricsText) -> list[tuple[str, dict[str, str], float]]:
    families = text_string_to_metric_families(text.render().decode())
    return [
        (sample.name, dict(sample.labels), sample.value) for family in families for sample in family.samples
    ]


def test_a_family_has_its_help_and_type_once() -> None:
    text = MetricsText()
    text.counter("pywatt_cups_total", "Cups of tea.", [({"who": "ada"}, 2), ({"who": "bob"}, 1)])
    assert text.render().decode() == (
        "# HELP pywatt_cups_total Cups of tea.\n"
        "# TYPE pywatt_cups_total counter\n"
        'pywatt_cups_total{who="ada"} 2\n'
        'pywatt_cups_total{who="bob"} 1\n'
    )


def test_a_family_without_series_is_left_out() -> None:
    text = MetricsText()
    text.gauge("pywatt_cups", "Cups on the table.", [])
    text.histogram("pywatt_sip_seconds", "Time of a sip.", [])
    assert text.render() == b""


def test_what_labels_and_descriptions_hold_arrives_whole() -> None:
    awkward = 'back\\slash "quotes" new\nline {braces} \N{HOT BEVERAGE}'
    text = MetricsText()
    text.gauge("pywatt_cups", "Two\nlines \\ here.", [({"who": awkward}, 1)])
    assert samples(text) == [("pywatt_cups", {"who": awkward}, 1.0)]
    (family,) = text_string_to_metric_families(text.render().decode())
    assert family.documentation == "Two\nlines \\ here."


def test_an_empty_label_is_left_out() -> None:
    text = MetricsText()
    text.gauge("pywatt_cups", "Cups on the table.", [({"who": "", "where": ""}, 3)])
    assert text.render().endswith(b"\npywatt_cups 3\n")


def test_numbers_of_every_size() -> None:
    values = [0, 2**63, 0.0, 1.5, 1e-9, 123456789.25, math.inf, -math.inf]
    text = MetricsText()
    text.gauge("pywatt_cups", "Cups.", [({"n": str(n)}, value) for n, value in enumerate(values)])
    assert [value for _, _, value in samples(text)] == values
    text = MetricsText()
    text.gauge("pywatt_cups", "Cups.", [({}, math.nan)])
    assert math.isnan(samples(text)[0][2])


def test_a_histogram_has_buckets_sum_and_count() -> None:
    histogram = Histogram((0.5, 1.0))
    histogram.observe(0.75)
    text = MetricsText()
    text.histogram("pywatt_sip_seconds", "Time of a sip.", [({"who": "ada"}, histogram)])
    assert samples(text) == [
        ("pywatt_sip_seconds_bucket", {"who": "ada", "le": "0.5"}, 0.0),
        ("pywatt_sip_seconds_bucket", {"who": "ada", "le": "1"}, 1.0),
        ("pywatt_sip_seconds_bucket", {"who": "ada", "le": "+Inf"}, 1.0),
        ("pywatt_sip_seconds_sum", {"who": "ada"}, 0.75),
        ("pywatt_sip_seconds_count", {"who": "ada"}, 1.0),
    ]
