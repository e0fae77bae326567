"""The observer of one module process: what bootstrap tells it, and what it finds out by itself."""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Final

from pywatt.module.author_code import is_authors
from pywatt.module.diagnostics.duplicate_routes import duplicate_routes
from pywatt.module.diagnostics.failures import describe_failure
from pywatt.module.diagnostics.import_times import ImportTimes
from pywatt.module.diagnostics.loop_watch import LoopWatch
from pywatt.module.diagnostics.record_file import RecordFile
from pywatt.module.diagnostics.standard_streams import watch_standard_streams
from pywatt.observe.diagnostic_records import RecordKind, StartPhase
from pywatt.observe.starvation import starved_seconds
from pywatt.security.secret import Secret
from pywatt.security.secrets_mapping import Secrets

if TYPE_CHECKING:
    import asyncio

    from pywatt.security.secret_client import SecretClient

logger = logging.getLogger(__name__)

MAX_FILES: Final = 500
MAX_ROUTES: Final = 50


class Diagnostics:
    """Observes this process and records what it sees.

    Args:
        path: the file for the records.
    """

    def __init__(self, path: str) -> None:
        self._records = RecordFile(path)
        self._phase = ""
        self._process = os.getpid()
        if sys.stderr is not None:
            faulthandler.enable(all_threads=False)  # where C code crashes, for the log
        self._output = watch_standard_streams(self._records)
        self._imports = ImportTimes(self._records)
        self._records.write(
            RecordKind.BEGUN,
            python=sys.version.split()[0],
            executable=sys.executable,
            starved=starved_seconds(self._process),
        )
        self._watch = LoopWatch(self._records, lambda: self._phase)

    def loading(self) -> None:
        """The author's code is loaded now."""
        self.reached("INTRODUCED")
        self._imports.start()

    def loaded(self) -> None:
        """The author's code is there."""
        self.reached("LOADED")

    def attach(self, loop: asyncio.AbstractEventLoop, start_file: str) -> None:
        """From now on this loop has to turn.

        Args:
            loop: runs the module.
            start_file: the file of the coroutine that starts the module.
        """
        self._watch.attach(loop, start_file)

    def reached(self, point: str) -> None:
        """The start has come to a point.

        Args:
            point: the name of a StartPhase; a text, so that nobody loads the type in vain.
        """
        phase = StartPhase[point]
        self._phase = phase.value
        self._records.write(RecordKind.PHASE, name=phase.value, starved=starved_seconds(self._process))
        if phase is StartPhase.ANNOUNCED:
            self._imports.stop()
            self._watch.started()

    def examine_routes(self, app: object) -> None:
        """Look for routes that the application has twice.

        Args:
            app: what the module's function returned.
        """
        try:
            for route in islice(duplicate_routes(app), MAX_ROUTES):
                self._records.write(RecordKind.DUPLICATE_ROUTE, **route._asdict())
        except Exception as error:
            # A framework of another version than was foreseen: the module does not suffer from that.
            logger.debug("the routes could not be examined: %s", error)

    def declared(self, secrets: Iterable[str], paths: Iterable[str], endpoints: Iterable[str]) -> None:
        """What the module says of itself.

        Args:
            secrets: the names that its decorator lists.
            paths: of the HTTP endpoints that its decorator lists, whether or not the application has them.
            endpoints: what other modules may call.
        """
        self._records.write(RecordKind.SECRETS, declared=list(secrets), paths=list(paths))
        self._records.write(RecordKind.HANDLERS, endpoints=list(endpoints))
        self._tell_files()

    def observed_secrets(
        self, client: SecretClient, declared: Mapping[str, Secret[str]], *, follow_rotations: bool
    ) -> Secrets:
        """Secrets as `Secrets` makes them, which also record when one is looked at."""
        return ObservedSecrets(client, declared, follow_rotations=follow_rotations, records=self._records)

    def failed(self, error: BaseException) -> None:
        """An error ends the process."""
        self._imports.stop()
        self._tell_files()
        self._records.write(RecordKind.FAILURE, errors=describe_failure(error))

    def close(self) -> None:
        """The process ends."""
        self._watch.stop()
        if self._output is not None:
            self._output.tell_totals()

    def _tell_files(self) -> None:
        files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
        own = sorted({file for file in files if isinstance(file, str) and is_authors(file)})
        self._records.write(RecordKind.FILES, paths=own[:MAX_FILES])


class ObservedSecrets(Secrets):
    """Secrets that record when one is looked at for the first time.

    Args:
        client, declared, follow_rotations: as for Secrets.
        records: where it is told.
    """

    def __init__(
        self,
        client: SecretClient,
        declared: Mapping[str, Secret[str]],
        *,
        follow_rotations: bool,
        records: RecordFile,
    ) -> None:
        super().__init__(client, declared, follow_rotations=follow_rotations)
        self._records = records
        self._seen: set[str] = set()

    def __getitem__(self, name: str) -> Secret[str]:
        secret = super().__getitem__(name)
        if name not in self._seen:
            self._seen.add(name)
            self._records.write(RecordKind.SECRET_READ, name=name)
        return secret
