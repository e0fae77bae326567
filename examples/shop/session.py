"""Records a terminal session on a copy of the shop: every command of `pywatt` that operates modules, as text.

`python examples/shop/session.py` prints the session; `--markdown FILE` writes it as a page. It fails when a
command does not leave with the exit code that it should.
"""

import argparse
import contextlib
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SHOP = Path(__file__).parent
COMMAND_DEADLINE = 60.0
WATCHED = 2.5  # seconds for which a command that never ends is looked at
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>78]")
HOME = "\x1b[H"
ERASED = re.compile(r"[^\n]*\n(\x1b\[\?25h)?\r?\x1b\[1A\x1b\[2K|[^\n]*\x1b\[2K")
COLUMNS = 110


@dataclass
class Step:
    """A command of the session.

    Args:
        command: as it is typed.
        code: the exit code that it has to leave with.
        seconds: after which Ctrl-C ends it; None for a command that ends by itself.
        before: what happens behind the scenes first; its text is shown as a comment.
        during: what happens while the command runs, once all modules are ready.
    """

    command: str
    code: int = 0
    seconds: float | None = None
    before: "Change | None" = None
    during: "Change | None" = None


@dataclass
class Change:
    """Something that is done to the shop meanwhile.

    Args:
        comment: what is done, for the reader.
        act: does it, in the folder of the shop.
    """

    comment: str
    act: Callable[[Path], object]


class SessionError(Exception):
    """A command of the session did not leave as it should."""


def replace_in(name: str, old: str, new: str) -> Callable[[Path], object]:
    def act(folder: Path) -> None:
        path = folder / name
        text = path.read_text()
        if old not in text:
            raise SessionError(f"{name} does not hold {old!r}")
        path.write_text(text.replace(old, new))

    return act


class Terminal:
    """A terminal of its own for each command, with what it showed as plain text."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment

    def run(self, step: Step) -> tuple[int, str]:
        controller, side = pty.openpty()
        subprocess.run(["stty", "-F", os.ttyname(side), "cols", str(COLUMNS), "rows", "40"], check=True)
        process = subprocess.Popen(
            ["sh", "-c", step.command if "|" in step.command else f"exec {step.command}"],
            cwd=self.folder,
            env=self.environment,
            preexec_fn=lambda: os.login_tty(side),  # noqa: PLW1509  # its own terminal, so that Ctrl-C reaches it
        )
        os.close(side)
        shown = b""
        began = time.monotonic()
        pending, interrupted = step.during, False
        while True:
            passed = time.monotonic() - began
            if select.select([controller], [], [], 0.1)[0]:
                try:
                    piece = os.read(controller, 65536)
                except OSError:  # the other end is closed
                    break
                if not piece:
                    break
                shown += piece
            if pending is not None and b"Ready  all" in shown:
                pending.act(self.folder)
                pending = None
            if step.seconds is not None and passed > step.seconds and not interrupted:
                os.write(controller, b"\x03")
                interrupted = True
            if passed > COMMAND_DEADLINE:
                process.kill()
        os.close(controller)
        code = process.wait(10)
        if code < 0:  # ended by a signal; a shell adds 128 to its number
            code = 128 - code
        return code, readable(shown.decode(errors="replace"))


def readable(text: str) -> str:
    """The text without escapes, and of each line what stood there in the end."""
    if HOME in text:  # it was drawn again and again
        text = text.rsplit(HOME, 1)[-1]
    text = ERASED.sub("", text)
    lines = ESCAPES.sub("", text).replace("\r\n", "\n").split("\n")
    return "\n".join(line.rsplit("\r", 1)[-1].rstrip() for line in lines).strip("\n")


STEPS = [
    Step("pywatt up -d"),
    Step("pywatt up -d", code=1),
    Step("pywatt ps"),
    Step("pywatt ps --json | head -c 400"),
    Step("pywatt get /catalog/products"),
    Step("pywatt get /m/catalog/nothing-here", code=1),
    Step("""pywatt call catalog price '{"sku":"A1"}'"""),
    Step("""pywatt call orders place '{"sku":"A1","quantity":2}'"""),
    Step("""pywatt call catalog price '{"sku":"Z9"}'""", code=1),
    Step("pywatt wait catalog --timeout 30"),
    Step("pywatt logs orders"),
    Step("pywatt logs --level WARN --since 10m"),
    Step("pywatt logs catalog --grep serving --json"),
    Step("pywatt restart catalog"),
    Step("pywatt events"),
    Step("pywatt stop storefront"),
    Step("pywatt ps"),
    Step("pywatt get /shop/", code=1),
    Step("pywatt start storefront"),
    Step("pywatt logs -f catalog", code=130, seconds=WATCHED),
    Step("pywatt ps --watch", code=130, seconds=WATCHED),
    Step("pywatt get /metrics | grep -E 'pywatt_module_(ready|restarts)'"),
    Step("pywatt get '/readyz?verbose'"),
    Step("pywatt down"),
    Step("pywatt ps", code=3),
    Step("pywatt doctor catalog"),
    Step(
        "pywatt doctor catalog",
        code=1,
        before=Change("a mistake is made in catalog.py", replace_in("catalog.py", "import", "imoprt")),
    ),
    Step(
        "pywatt dev",
        seconds=9.0,
        before=Change("and mended", replace_in("catalog.py", "imoprt", "import")),
        during=Change("catalog.py is saved", replace_in("catalog.py", "3450", "3650")),
    ),
]


def record(folder: Path) -> list[tuple[Step, int, str]]:
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "COLUMNS")},
        "NO_COLOR": "1",
        "TERM": "xterm",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYWATT_RUN_DIR": str(folder / ".run"),
    }
    (folder / ".run").mkdir(mode=0o700)
    terminal = Terminal(folder, environment)
    recorded = []
    try:
        for step in STEPS:
            if step.before is not None:
                step.before.act(folder)
            code, text = terminal.run(step)
            print("\n".join(as_text(step, code, text)), flush=True)
            recorded.append((step, code, text))
            if code != step.code:
                raise SessionError(f"{step.command!r} left with {code}, not with {step.code}")
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(
                [sys.executable, "-m", "pywatt", "down"],
                cwd=folder,
                env=environment,
                capture_output=True,
                timeout=COMMAND_DEADLINE,
                check=False,
            )
    return recorded


def as_text(step: Step, code: int, text: str) -> list[str]:
    lines = [f"# {step.before.comment}"] if step.before is not None else []
    lines.append(f"$ {step.command}" + (f"    # meanwhile {step.during.comment}" if step.during else ""))
    if step.seconds is not None:
        text += "\n^C" if "^C" not in text else ""
    if text:
        lines.append(text)
    if code not in (0, 130):
        lines.append(f"[exit code {code}]")
    return [*lines, ""]


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--markdown", type=Path, metavar="FILE", help="write the session there, as a page")
    wanted = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="shop-") as temporary:
        folder = Path(temporary) / "shop"
        shutil.copytree(SHOP, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "secrets.toml").chmod(0o600)
        try:
            recorded = record(folder)
        except SessionError as error:
            print(f"The session failed: {error}", file=sys.stderr)
            return 1
    if wanted.markdown is not None:
        page = [
            "# A session at the terminal",
            "",
            "Recorded by `examples/shop/session.py`, on a copy of the shop.",
            "",
        ]
        page += ["```console", *[line for entry in recorded for line in as_text(*entry)], "```"]
        wanted.markdown.write_text("\n".join(page) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
