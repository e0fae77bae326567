"""`pywatt doctor` examines a module built with the Rust crate 0.5.3."""

from __future__ import annotations

from pathlib import Path

from clinics import Clinic
from crate_modules import BUILD_TIMEOUT

pytestmark = BUILD_TIMEOUT


def test_a_sound_one_has_no_finding(clinic: Clinic, crate_module: Path) -> None:
    run = clinic.doctor("--sdk", "crate", "--no-requests", "--", str(crate_module), "serve")
    assert run.codes == set(), run.output
    assert run.code == 0


def test_one_that_refuses_its_tcp_channel_is_recognised_by_the_crates_own_words(
    clinic: Clinic, crate_module: Path
) -> None:
    run = clinic.doctor("--sdk", "crate", "--", str(crate_module), "no-tcp")
    assert run.code == 1
    assert "took no TCP channel, which it was offered" in run.finding("crate-without-tcp")["what"]


def test_one_that_is_not_marked_as_built_with_the_crate_is_told_to_be(
    clinic: Clinic, crate_module: Path
) -> None:
    run = clinic.doctor("--", str(crate_module), "serve")
    assert run.code == 1
    assert 'sdk = "crate"' in run.finding("crate-without-tcp")["cure"]


def test_one_that_serves_nothing_on_its_port_is_told(clinic: Clinic, crate_module: Path) -> None:
    run = clinic.doctor("--sdk", "crate", "--time", "2", "--", str(crate_module), "elsewhere")
    assert run.code == 1
    assert "refuses connections" in run.finding("not-ready")["what"]
