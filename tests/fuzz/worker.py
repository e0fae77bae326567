"""The process that runs inputs. It notes what it is about to try, so that even a crash leaves its input."""

from __future__ import annotations

import json
import mmap
import os
import sys
import time
import traceback
from pathlib import Path
from struct import Struct
from types import ModuleType

from known import is_known
from mutations import Mutator
from oracle import CoreNotCompiled, Difference, Oracle, load_cores
from targets import TARGETS

CORPUS = Path(__file__).with_name("corpus")
HARNESS_FAILED = 70
NOT_COMPILED = 71
ROOM = 4 * 1024 * 1024
# How many inputs were begun, and the length of the one that is being tried; its bytes follow.
NOTE = Struct("<QQ")
MAX_STORED = 4096
WITHOUT_ORJSON_EVERY = 16
MEMORY_EVERY = 1000


def corpus_of(name: str) -> list[bytes]:
    """The stored inputs of a target, in a fixed order."""
    return [file.read_bytes() for file in sorted((CORPUS / name).glob("*"))]


class Worker:
    """Runs the stored inputs, the bombs and then made ones, and prints one JSON line per report.

    Args:
        target: the decoder's name.
        executions: how many inputs altogether; the stored ones and the bombs are always run.
        seed: what the made inputs depend on.
        bomb_bytes: bombs above this size are left out.
        note: where the input that is being tried is written.
        cores: the variants by name.
    """

    def __init__(
        self,
        target: str,
        executions: int,
        seed: int,
        bomb_bytes: int,
        note: mmap.mmap,
        cores: dict[str, ModuleType],
    ) -> None:
        self.target = TARGETS[target]
        self.oracle = Oracle(self.target, cores)
        self.corpus = corpus_of(target)
        self.executions = executions
        self.mutator = Mutator(self.target, self.corpus, seed)
        self.bomb_bytes = bomb_bytes
        self.note = note
        self.examples: dict[str, bytes] | None = None
        self.done = 0
        self.refusals = 0
        self.differences = 0
        self.known = 0
        self.outcomes: dict[str, int] = {}
        self.kinds: dict[str, int] = {}

    def run(self) -> None:
        """All of it; the last line printed is the summary."""
        self.begin()
        while self.done < self.executions:
            self.attempt(self.mutator.next(), self.done % MEMORY_EVERY == 0)
            self.tell()
        self.end()

    def begin(self) -> None:
        """Run what is stored, and the bombs."""
        self.began = self.said = time.perf_counter()
        for data in (*self.target.seeds, *self.corpus):
            self.attempt(data, True)
        for data in self.target.bombs():
            if len(data) <= self.bomb_bytes:
                self.attempt(data, True)
        self.examples = {}

    def tell(self) -> None:
        """Say how far it is, every few seconds."""
        if self.done % 1000 == 0 and time.perf_counter() - self.said > 5:
            self.said = time.perf_counter()
            self.say(self.summary())

    def end(self) -> None:
        """Say how it ended, and hand over inputs that ended as no stored one did."""
        examples = [data.hex() for data in (self.examples or {}).values()]
        self.say({**self.summary(), "finished": True, "examples": examples})

    def attempt(self, data: bytes, thorough: bool) -> None:
        """One input."""
        self.done += 1
        self.note[: NOTE.size + min(len(data), ROOM)] = NOTE.pack(self.done, len(data)) + data[:ROOM]
        signature, found = self.oracle.judge(data, thorough, self.done % WITHOUT_ORJSON_EVERY == 0)
        seen = self.outcomes.get(signature, 0)
        self.outcomes[signature] = seen + 1
        self.refusals += self.oracle.refused
        if seen == 0:
            self.mutator.keep(data)
            if self.examples is not None and found is None and len(data) < MAX_STORED:
                self.examples[signature] = data
        elif self.examples is not None and found is None and len(data) < MAX_STORED:
            # Few outcomes: then inputs of every length stand for them.
            self.examples.setdefault(f"{signature} {len(data).bit_length()}", data)
        if found is not None and is_known(found.kind, found.detail, data):
            self.known += 1
        elif found is not None:
            self.report(found, data)

    def report(self, found: Difference, data: bytes) -> None:
        """Say what is wrong, a few times for each kind."""
        self.differences += 1
        self.kinds[found.kind] = self.kinds.get(found.kind, 0) + 1
        if self.kinds[found.kind] <= 5:
            self.say({"kind": found.kind, "detail": found.detail, "input": data.hex()})

    def summary(self) -> dict[str, object]:
        seconds = time.perf_counter() - self.began
        return {
            "executions": self.done,
            "outcomes": len(self.outcomes),
            "refusals": self.refusals,
            "differences": self.differences,
            "known": self.known,
            "per_second": round(self.done / seconds),
            "slowest": round(self.oracle.slowest, 3),
        }

    def say(self, line: dict[str, object]) -> None:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def main(arguments: list[str]) -> int:
    engine, target, executions, seed, bomb_bytes, path = arguments
    with open(path, "r+b") as file:
        note = mmap.mmap(file.fileno(), NOTE.size + ROOM)
        try:
            if engine == "atheris":
                import guided

                cores = guided.load_instrumented_cores()
            else:
                cores = load_cores()
            worker = Worker(target, int(executions), int(seed), int(bomb_bytes), note, cores)
            if engine == "atheris":
                guided.run(worker, int(seed))
            else:
                worker.run()
        except CoreNotCompiled:
            return NOT_COMPILED
        except Exception:
            traceback.print_exc()
            return HARNESS_FAILED
    return 0


if __name__ == "__main__":
    # At once, without destructors: a heap may be damaged.
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)
