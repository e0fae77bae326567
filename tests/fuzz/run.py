"""Fuzzes the decoders of the core: every variant on the same hostile inputs, compared.

    python tests/fuzz/run.py --target all --executions 1000000 --seed 1 --json report.json

The inputs run in a process of their own. When it dies or stalls, the input that did it is kept and a new
process goes on with another seed.
"""

from __future__ import annotations

import argparse
import json
import mmap
import selectors
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "fixtures"), str(HERE.parents[1])]

from oracle import CoreNotCompiled  # noqa: E402
from targets import TARGETS  # noqa: E402
from worker import CORPUS, HARNESS_FAILED, NOT_COMPILED, NOTE, ROOM  # noqa: E402

COLUMNS = ("target", "executions", "outcomes", "refusals", "differences", "known", "per_second", "slowest")
STALLED_AFTER = 60.0
MAX_DEATHS = 5
MAX_CORPUS = 48


class Run:
    """One target in its process.

    Args:
        name: the target's.
        options: as `arguments_of` gives them.
    """

    def __init__(self, name: str, options: argparse.Namespace) -> None:
        self.name = name
        self.executions: int = options.executions
        self.seed: int = options.seed
        self.bomb_bytes: int = options.bomb_bytes
        self.finds: Path = options.finds
        self.quiet: bool = options.quiet
        self.grow: bool = options.grow
        self.engine: str = options.engine
        self.found: list[dict[str, Any]] = []
        self.total: dict[str, Any] = dict.fromkeys(COLUMNS[1:], 0) | {"target": name, "seed": self.seed}

    def run(self) -> dict[str, Any]:
        """Until all inputs were run, or the process died too often."""
        seed = self.seed
        for _ in range(MAX_DEATHS):
            summary, death = self._one_process(self.executions - self.total["executions"], seed)
            for column in ("executions", "refusals", "differences", "known"):
                self.total[column] += summary.get(column, 0)
            for column in ("outcomes", "per_second", "slowest"):
                self.total[column] = max(self.total[column], summary.get(column, 0))
            if self.grow:
                self._store(summary.get("examples", []))
            if death is None or self.total["executions"] >= self.executions:
                break
            self.total["differences"] += 1
            seed += 1_000_003
        return {**self.total, "found": self.found}

    def _one_process(self, executions: int, seed: int) -> tuple[dict[str, Any], str | None]:
        with tempfile.NamedTemporaryFile() as file, tempfile.TemporaryFile("w+") as said:
            file.truncate(NOTE.size + ROOM)
            note = mmap.mmap(file.fileno(), NOTE.size + ROOM)
            command = [
                sys.executable,
                str(HERE / "worker.py"),
                self.engine,
                self.name,
                str(executions),
                str(seed),
                str(self.bomb_bytes),
                file.name,
            ]
            environment = {"PYTHONPATH": ":".join(sys.path[:3]), "PYTHONHASHSEED": "0"}
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=said, text=True, env=environment
            )
            summary, death = self._follow(process, note, said)
            if death is not None:
                begun, size = NOTE.unpack(note[: NOTE.size])
                data = note[NOTE.size : NOTE.size + min(size, ROOM)]
                summary["executions"] = begun
                self._keep({"kind": death, "detail": f"the input numbered {begun}", "input": data.hex()})
        return summary, death

    def _follow(
        self, process: subprocess.Popen[str], note: mmap.mmap, said: IO[str]
    ) -> tuple[dict[str, Any], str | None]:
        """Read what the process says until it ends; end it when it makes no step for long."""
        assert process.stdout is not None
        summary: dict[str, Any] = {}
        begun, since = -1, time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while True:
                if selector.select(1.0):
                    line = process.stdout.readline()
                    if not line:
                        break
                    summary = self._heard(json.loads(line), summary)
                now = NOTE.unpack(note[: NOTE.size])[0]
                if now != begun:
                    begun, since = now, time.monotonic()
                elif time.monotonic() - since > STALLED_AFTER:
                    process.kill()
                    process.wait()
                    return summary, "hang"
        code = process.wait()
        said.seek(0)
        words = said.read()[-2000:]
        if code == NOT_COMPILED:
            raise CoreNotCompiled
        if code == HARNESS_FAILED:
            raise SystemExit(f"fuzz: the harness itself failed on {self.name}\n{words}")
        if code != 0 or not summary.get("finished"):
            return summary, f"the process ended with {code}: {words}"
        return summary, None

    def _heard(self, line: dict[str, Any], summary: dict[str, Any]) -> dict[str, Any]:
        if "kind" in line:
            self._keep(line)
            return summary
        if not self.quiet:
            rate, done = line["per_second"], line["executions"]
            print(f"{self.name}: {done} executions, {line['outcomes']} outcomes, {rate}/s", flush=True)
        return line

    def _store(self, examples: list[str]) -> None:
        """Add inputs to the corpus that ended as no stored one did."""
        folder = CORPUS / self.name
        folder.mkdir(parents=True, exist_ok=True)
        for data in sorted(map(bytes.fromhex, examples), key=len)[: MAX_CORPUS - len(list(folder.iterdir()))]:
            (folder / sha256(data).hexdigest()[:12]).write_bytes(data)

    def _keep(self, found: dict[str, Any]) -> None:
        data = bytes.fromhex(found["input"])
        self.finds.mkdir(parents=True, exist_ok=True)
        path = self.finds / f"{self.name}-{len(self.found)}"
        path.write_bytes(data)
        self.found.append({**found, "path": str(path)})
        hexadecimal = found["input"] if len(data) <= 2000 else found["input"][:400] + "..."
        print(f"{self.name}: {found['kind']}\n{found['detail']}\n  {data[:300]!r}", flush=True)
        print(f"  hex {hexadecimal}\n  kept as {path}", flush=True)


def print_table(rows: list[dict[str, Any]]) -> None:
    lines = [COLUMNS, *(tuple(f"{row[column]}" for column in COLUMNS) for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(COLUMNS))]
    for line in lines:
        cells = [line[0].ljust(widths[0]), *(cell.rjust(widths[at + 1]) for at, cell in enumerate(line[1:]))]
        print("  ".join(cells))


def arguments_of(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--target", default="all", choices=["all", *TARGETS], help="which decoder")
    parser.add_argument("--executions", type=int, default=100_000, help="inputs per target")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same inputs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report there as well")
    parser.add_argument(
        "--finds", type=Path, default=Path("fuzz-finds"), help="folder for inputs that failed"
    )
    parser.add_argument("--bomb-bytes", type=int, default=2**30, help="leave out bombs above this size")
    parser.add_argument(
        "--engine",
        choices=["mutations", "atheris"],
        default="mutations",
        help="atheris is guided by the coverage of the interpreted core (pip install atheris)",
    )
    parser.add_argument("--grow", action="store_true", help="add inputs with new outcomes to the corpus")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--list", action="store_true", help="print the names of the targets and stop")
    return parser.parse_args(words)


def main(words: list[str]) -> int:
    arguments = arguments_of(words)
    if arguments.list:
        print("\n".join(TARGETS))
        return 0
    rows = []
    for name in TARGETS if arguments.target == "all" else [arguments.target]:
        try:
            rows.append(Run(name, arguments).run())
        except CoreNotCompiled:
            print("fuzz: the compiled core is not built here: there is nothing to compare", file=sys.stderr)
            return 2
        if arguments.json is not None:
            arguments.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print_table(rows)
    return 1 if any(row["differences"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
