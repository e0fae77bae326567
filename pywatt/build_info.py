"""What this installation of pywatt was built from."""

from __future__ import annotations

import logging
import os
import platform
from typing import TypedDict

logger = logging.getLogger(__name__)

UNKNOWN = "unknown"


class BuildInfo(TypedDict):
    """Where the code came from.

    Attributes:
        git_hash: the commit, from PYWATT_GIT_HASH, else "unknown".
        build_time_utc: RFC 3339, from PYWATT_BUILD_TIME_UTC, else "unknown".
        python_version: of the interpreter that runs.
    """

    git_hash: str
    build_time_utc: str
    python_version: str


class VersionInfo(BuildInfo):
    """The build, the release and the core.

    Attributes:
        sdk_version: the installed release of pywatt.
        core: "compiled" or "interpreted".
    """

    sdk_version: str
    core: str


def installed_version() -> str:
    """The release that is installed, "unknown" in a bare source tree."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("pywatt")
    except PackageNotFoundError:
        return UNKNOWN


def get_build_info() -> BuildInfo:
    """What this code was built from."""
    return {
        "git_hash": os.environ.get("PYWATT_GIT_HASH") or UNKNOWN,
        "build_time_utc": os.environ.get("PYWATT_BUILD_TIME_UTC") or UNKNOWN,
        "python_version": platform.python_version(),
    }


def get_version_info() -> VersionInfo:
    """The build, the release, and whether the core is compiled."""
    from pywatt_fast import COMPILED

    return {
        **get_build_info(),
        "sdk_version": installed_version(),
        "core": "compiled" if COMPILED else "interpreted",
    }


def emit_build_info() -> None:
    """Write the build to the log."""
    logger.info("pywatt build", extra={"build": get_version_info()})
