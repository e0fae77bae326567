"""What was seen of a module: plain data, from which the checks make their findings."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from pywatt.orchestrator.configuration.settings import ModuleConfiguration
from pywatt.orchestrator.processes.child_process import ProcessExit
from pywatt.protocol.operations import Announce


@frozen
class Frame:
    """A place in code.

    Attributes:
        file: its path.
        line: the line.
        function: the function.
        text: the line of source.
        own: whether it is the module author's code.
    """

    file: str
    line: int
    function: str = ""
    text: str = ""
    own: bool = True

    @property
    def place(self) -> str:
        """File and line, as editors and terminals recognise it."""
        return f"{self.file}:{self.line}"


@frozen
class RecordedError:
    """An error that ended the module, or one that led to it.

    Attributes:
        type: the name of its class.
        bases: the names of its class and all above.
        message: its text.
        stack: the frames that it passed through, outermost first.
        details: what its kind has besides: `name` and `path` of an import; `file`, `line`, `column` and
            `text` of a syntax error; `errno`, the `code` of an exit, the places of a duplicate handler.
    """

    type: str
    bases: tuple[str, ...]
    message: str
    stack: tuple[Frame, ...] = ()
    details: dict[str, Any] = field(factory=dict)


@frozen
class ImportTime:
    """One import that took a while.

    Attributes:
        name: the imported module.
        own_seconds: without what it imported itself.
        whole_seconds: with it.
        importer: the module that imported it; None for the module's own file.
        place: the line that asked for it.
    """

    name: str
    own_seconds: float
    whole_seconds: float
    importer: str | None
    place: Frame


@frozen
class Block:
    """A time in which the event loop did not turn.

    Attributes:
        began: monotonic seconds.
        seconds: how long, without what the machine ran meanwhile of others; None when it had not ended.
        phase: the last point the start had come to.
        stack: what ran, outermost first.
    """

    began: float
    seconds: float | None
    phase: str
    stack: tuple[Frame, ...]


@frozen
class Output:
    """A place that wrote to standard output."""

    place: Frame
    count: int
    text: str


@frozen
class Waiting:
    """Where a start stood that took long."""

    stack: tuple[Frame, ...]
    phase: str


@frozen
class DuplicateRoute:
    """An HTTP method and path with two handlers, each as `name (file:line)`."""

    method: str
    path: str
    first: str
    second: str


@frozen
class Diagnostics:
    """What the module process recorded about itself.

    Attributes:
        python: the version of its interpreter.
        executable: its interpreter.
        began: when pywatt ran in it, in monotonic seconds.
        began_starved: for how many seconds until then it was ready to run and the machine ran others.
        phases: when the start came to each point, in monotonic seconds.
        starved: the same as `began_starved` for each of these points.
        failure: the error that ended it and what led to it, the first cause first.
        complete: False when it stopped recording because of the bound.
    """

    python: str = ""
    executable: str = ""
    began: float = 0.0
    began_starved: float = 0.0
    phases: dict[str, float] = field(factory=dict)
    starved: dict[str, float] = field(factory=dict)
    imports: tuple[ImportTime, ...] = ()
    outputs: tuple[Output, ...] = ()
    inputs: tuple[Frame, ...] = ()
    blocks: tuple[Block, ...] = ()
    waits: tuple[Waiting, ...] = ()
    failure: tuple[RecordedError, ...] = ()
    duplicate_routes: tuple[DuplicateRoute, ...] = ()
    endpoints: tuple[str, ...] = ()
    declared_paths: tuple[str, ...] = ()
    declared_secrets: tuple[str, ...] = ()
    read_secrets: frozenset[str] = frozenset()
    files: tuple[str, ...] = ()
    complete: bool = True


@frozen
class LogLine:
    """A line that the module wrote, without secrets.

    Attributes:
        at: monotonic seconds.
        text: the line.
    """

    at: float
    text: str


@frozen
class AskedSecret:
    """A secret that the module asked for.

    Attributes:
        name: its name.
        source: where it was found; None when it was not given.
        reason: why it was not given.
        refused: whether it may not have it, whether or not there is one.
        hidden: whether logs are cleaned of its value.
        listed: whether the configuration or the module's file names it.
    """

    name: str
    source: str | None
    reason: str = ""
    refused: bool = False
    hidden: bool = True
    listed: bool = True


@frozen
class Probe:
    """One request for an endpoint.

    Attributes:
        path: what was asked for.
        began: monotonic seconds.
        seconds: until the answer.
        status: of the answer; None when there was none.
        problem: why there was none; empty when there was none in time.
        starved: for how many of these seconds the machine ran others.
    """

    path: str
    began: float
    seconds: float
    status: int | None
    problem: str = ""
    starved: float = 0.0


@frozen
class CallAway:
    """A message to another module, which does not run here."""

    at: float
    module: str
    endpoint: str


@frozen
class Stop:
    """How the module was stopped.

    Attributes:
        seconds: how long it took.
        allowed: how long it may take before SIGTERM, in seconds.
        children: the commands of processes that it left behind; None where that cannot be seen.
    """

    seconds: float
    allowed: float
    children: tuple[str, ...] | None


@frozen
class Interpreter:
    """The Python that a command starts.

    Attributes:
        command: the program, as it is written.
        version: its version; empty when it did not say.
        prefix: where its packages are.
        has_pywatt: whether it can import pywatt.
    """

    command: str
    version: str
    prefix: str
    has_pywatt: bool


@frozen
class Evidence:
    """All that was seen.

    Attributes:
        module: what was started, with the deadlines of the examination.
        target: what the user named.
        directory: what places are shown relative to.
        source: the author's file that is started; None when there is no such file.
        source_texts: the author's files by path, as far as they were read.
        spawned: when the process was started, in monotonic seconds; 0 when it was not.
        ready: when it was ready; None when it never was.
        starved: for how many seconds until then it was ready to run and the machine ran others.
        announcement: what it announced; None when it did not.
        exit: how its process ended; None when it had none.
        ended_early: whether it ended before it was asked to.
        failure: why it was not ready, or ended, in the words of the supervision.
        diagnostics: what it recorded about itself; None when it recorded nothing.
        log: the last lines that it wrote.
        warnings: what its supervision warned of.
        noise: lines on its standard output that are not the protocol.
        noise_count: how many there were.
        secrets: what it asked for.
        looked_in: the sources of secrets, in their order.
        calls: messages to modules that do not run here.
        heartbeats: how many heartbeats were sent, and how many answered.
        probes: requests for endpoints, in their order.
        skipped: endpoints that were not asked for, with the reason.
        stop: how it was stopped; None when it had ended before.
        interpreter: the Python of a command; None for others.
        seconds: how long all of it took.
    """

    module: ModuleConfiguration
    target: str = ""
    directory: str = ""
    source: str | None = None
    source_texts: dict[str, str] = field(factory=dict, repr=False)
    spawned: float = 0.0
    ready: float | None = None
    starved: float = 0.0
    announcement: Announce | None = None
    exit: ProcessExit | None = None
    ended_early: bool = False
    failure: str = ""
    diagnostics: Diagnostics | None = None
    log: tuple[LogLine, ...] = ()
    warnings: tuple[str, ...] = ()
    noise: tuple[str, ...] = ()
    noise_count: int = 0
    secrets: tuple[AskedSecret, ...] = ()
    looked_in: tuple[str, ...] = ()
    calls: tuple[CallAway, ...] = ()
    heartbeats: tuple[int, int] = (0, 0)
    probes: tuple[Probe, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    stop: Stop | None = None
    interpreter: Interpreter | None = None
    seconds: float = 0.0

    @property
    def is_python(self) -> bool:
        """Whether it is started by pywatt from Python code, not by a command."""
        return self.module.command is None

    @property
    def ran_out_of_time(self) -> bool:
        """Whether it was ended because it was not ready in time: how it ended then is our doing."""
        return self.failure.startswith("was not ready within")

    def log_between(self, begin: float, end: float) -> list[LogLine]:
        """Return the lines of log of a time.

        Args:
            begin: monotonic seconds.
            end: monotonic seconds, not included.
        """
        return [line for line in self.log if begin <= line.at < end]
