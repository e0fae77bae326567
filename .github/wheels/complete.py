"""Whether a folder holds exactly the artefacts of a release, each one once and each one sound.

A repairer chooses the exact platform tag, so a name is known but for the version of the system in it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from contents import check_archive, check_wheel

PYTHONS = ("cp311", "cp312", "cp313")
PLATFORMS = {
    "manylinux, x86_64": r"(manylinux\w+_x86_64\.)*manylinux\w+_x86_64",
    "manylinux, aarch64": r"(manylinux\w+_aarch64\.)*manylinux\w+_aarch64",
    "musllinux, x86_64": r"musllinux_\d+_\d+_x86_64",
    "musllinux, aarch64": r"musllinux_\d+_\d+_aarch64",
    "macOS, arm64": r"macosx_\d+_\d+_arm64",
    "macOS, x86_64": r"macosx_\d+_\d+_x86_64",
    "Windows, x86_64": r"win_amd64",
}
PURE = "py3-none-any"


def expected(version: str) -> dict[str, str]:
    """A pattern for the name of each artefact, by what people call it."""
    start = re.escape(f"pywatt-{version}")
    wheels = {
        f"{python}, {platform}": rf"{start}-{python}-{python}-{pattern}\.whl"
        for python in PYTHONS
        for platform, pattern in PLATFORMS.items()
    }
    return {"source archive": rf"{start}\.tar\.gz", PURE: rf"{start}-{PURE}\.whl", **wheels}


def problems_of_names(names: list[str]) -> list[str]:
    """What is missing, what is there twice, and what is not known."""
    archives = [name for name in names if name.endswith(".tar.gz")]
    if len(archives) != 1:
        return [f"there are {len(archives)} source archives"]
    version = archives[0].removeprefix("pywatt-").removesuffix(".tar.gz")
    problems = []
    unknown = set(names)
    for what, pattern in expected(version).items():
        found = [name for name in names if re.fullmatch(pattern, name)]
        unknown -= set(found)
        if len(found) != 1:
            problems.append(f"{what}: {', '.join(found) or 'missing'}")
    return problems + [f"{name}: not an artefact of a release" for name in sorted(unknown)]


def problems_of(file: Path) -> list[str]:
    if file.suffix == ".whl":
        return check_wheel(file, "interpreted" if file.stem.endswith(PURE) else "compiled")
    return check_archive(file) if file.name.endswith(".tar.gz") else []


def main() -> int:
    files = sorted(Path(sys.argv[1]).iterdir())
    problems = problems_of_names([file.name for file in files])
    problems += [f"{file.name}: {problem}" for file in files for problem in problems_of(file)]
    print(*(problems or [f"all {len(files)} artefacts are there"]), sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
