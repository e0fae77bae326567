"""`pywatt doctor` on the real module of the crate."""

from __future__ import annotations

from pathlib import Path

from clinics import Clinic
from crate_modules import BUILD_TIMEOUT

pytestmark = BUILD_TIMEOUT


def test_one_that_is_not_marked_is_recognised(clinic: Clinic, crate_module: Path) -> None:
    run = clinic.doctor("--", str(crate_module), "worker")
    assert (run.code, run.codes) == (1, {"crate-without-tcp"}), run.output
    assert 'sdk = "crate"' in run.finding("crate-without-tcp")["cure"]


def test_one_that_takes_no_tcp_channel_is_told_apart(clinic: Clinic, crate_module: Path) -> None:
    run = clinic.doctor("--sdk", "crate", "--", str(crate_module), "no-tcp")
    assert "ChannelPreferences" in run.finding("crate-without-tcp")["cure"]


def test_a_marked_one_is_healthy_when_its_endpoints_are_left_alone(
    clinic: Clinic, crate_module: Path
) -> None:
    run = clinic.doctor("--no-requests", "--sdk", "crate", "--", str(crate_module), "serve")
    assert (run.code, run.codes) == (0, set()), run.output


def test_an_endpoint_that_panics_and_one_that_never_answers(clinic: Clinic, crate_module: Path) -> None:
    run = clinic.doctor("--sdk", "crate", "--", str(crate_module), "serve")
    assert run.finding("endpoint-fails")["where"] == "GET /panic"
    assert run.finding("endpoint-silent")["where"] == "GET /never"


def test_a_missing_secret_is_not_waited_for(clinic: Clinic, crate_module: Path) -> None:
    run = clinic.doctor("--time", "600", "--sdk", "crate", "--", str(crate_module), "serve", "API_KEY")
    assert run.finding("missing-secret")["where"] == "API_KEY"


def test_one_that_does_not_leave_is_ended(clinic: Clinic, crate_module: Path) -> None:
    run = clinic.doctor("--no-requests", "--sdk", "crate", "--", str(crate_module), "stubborn")
    assert "SIGKILL" in run.finding("ignores-stop")["what"]
