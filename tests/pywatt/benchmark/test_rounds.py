"""Rounds of measures: what is told of them, and that a failure is told."""

import os
from pathlib import Path

import pytest

from pywatt.benchmark.processes import BenchmarkError, Children
from pywatt.benchmark.rivals import CODECS, RIVALS, TRANSPORTS, is_installed
from pywatt.benchmark.rounds import Result, measure
from pywatt.benchmark.subjects import OURS, SUBJECTS


def test_a_ratio_is_taken_round_by_round() -> None:
    subject = SUBJECTS["identifier"]
    floor = subject.floors[0]
    # The machine was half as fast in the second round, for both.
    rates = {("identifier", "pure", OURS): [10.0, 5.0], ("identifier", "pure", floor): [20.0, 10.0]}
    result = Result({"pure": {}}, rates, [subject], [])
    ratio = result.ratio("identifier", "pure", OURS, floor)
    assert ratio is not None
    assert (ratio.low, ratio.median, ratio.high) == (0.5, 0.5, 0.5)
    assert result.noise() == pytest.approx(2 / 3)


@pytest.mark.parametrize("name", RIVALS)
def test_a_rival_that_is_installed_is_measured(name: str) -> None:
    if not is_installed(name):
        assert not os.environ.get("CI"), f"{name} is not installed"
        pytest.skip(f"{name} is not installed")
    names = ["encode-small", "decode-small"] if name in CODECS else ["echo-1", "echo-64"]
    assert (name in CODECS) is not (name in TRANSPORTS)
    result = measure([SUBJECTS[each] for each in names], [name], 0.2, lambda *_: None)
    for each in names:
        rate = result.rate(each, result.variants[0], name)
        assert rate is not None
        assert rate.high > 0


def test_a_child_that_fails_is_named_with_its_last_words(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        child = children.start("pure worker", "worker", pure=True)
        with pytest.raises(BenchmarkError, match=r"the pure worker ended: KeyError: 'folder'"):
            child.ask({}, 20)


def test_a_child_that_does_not_answer_is_not_waited_for(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        child = children.start("pure worker", "worker", pure=True)
        with pytest.raises(BenchmarkError, match=r"did not answer within 0.05 s"):
            child.receive(0.05)
