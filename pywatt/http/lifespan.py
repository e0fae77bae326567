"""The ASGI lifespan of an application: startup before it is announced, shutdown after the drain."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from pywatt.errors import ServerError
from pywatt.http.scope import AsgiCallable, Message

_log = logging.getLogger(__name__)

CANCEL_GRACE: Final = 1.0


class LifespanError(ServerError):
    """The application's own startup or shutdown failed.

    Args:
        phase: ``startup`` or ``shutdown``.
        reason: what the application said.
    """

    def __init__(self, phase: str, reason: str) -> None:
        super().__init__(f"application {phase} failed: {reason}")
        self.phase = phase
        self.reason = reason


class Lifespan:
    """Runs one application's lifespan in a task of its own, as cancel scopes and context managers need it.

    Args:
        app: the ASGI application.
        timeout: seconds for startup, and again for shutdown.

    Attributes:
        state: what the application put into its lifespan state, for the scopes of its requests.
    """

    def __init__(self, app: AsgiCallable, timeout: float) -> None:
        self._app = app
        self._timeout = timeout
        self.state: dict[str, Any] = {}
        self._task: asyncio.Task[None] | None = None
        self._answers: dict[str, asyncio.Future[str | None]] = {}
        self._stop: asyncio.Future[None] | None = None
        self._asked = False

    async def startup(self) -> None:
        """Start the application; one that knows no lifespan is left alone.

        Raises:
            LifespanError: it reported a failure, or did not answer in time.
        """
        loop = asyncio.get_running_loop()
        self._answers = {"startup": loop.create_future(), "shutdown": loop.create_future()}
        self._stop = loop.create_future()
        self._asked = False
        self._task = loop.create_task(self._run(), name="asgi-lifespan")
        failure = await self._answer("startup")
        if failure is not None:
            await self._end(patience=0.0)
            raise LifespanError("startup", failure)

    async def shutdown(self) -> None:
        """Tell the application to stop, and wait until it has.

        Raises:
            LifespanError: it reported a failure, or did not answer in time.
        """
        if self._task is None or self._stop is None:
            return
        if not self._stop.done():
            self._stop.set_result(None)
        failure = await self._answer("shutdown")
        await self._end(patience=1.0)
        if failure is not None:
            raise LifespanError("shutdown", failure)

    async def _answer(self, phase: str) -> str | None:
        done, _ = await asyncio.wait({self._answers[phase]}, timeout=self._timeout)
        if not done:
            return f"no answer within {self._timeout:g} s"
        return self._answers[phase].result()

    async def _end(self, patience: float) -> None:
        task, self._task = self._task, None
        if task is None:
            return
        _, running = await asyncio.wait({task}, timeout=patience)
        if running:
            task.cancel()
            _, running = await asyncio.wait({task}, timeout=CANCEL_GRACE)
        if running:
            _log.warning("the application's lifespan does not end; it is left behind")

    async def _run(self) -> None:
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self._app(scope, self._receive, self._send)
        except (Exception, SystemExit) as error:
            self._note_end(error)
        else:
            self._note_end(None)
        finally:
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_result(None)

    def _note_end(self, error: BaseException | None) -> None:
        if not self._answers["startup"].done():
            # Applications that know no lifespan fail on its scope, or return.
            level = logging.WARNING if error is not None and self._asked else logging.DEBUG
            _log.log(level, "the application does not take part in the lifespan", exc_info=error)
        elif not self._answers["shutdown"].done():
            if error is not None:
                _log.error("the application's lifespan ended with an error", exc_info=error)
                self._answers["shutdown"].set_result(f"{type(error).__name__}: {error}")
            elif self._stop is not None and not self._stop.done():
                _log.debug("the application's lifespan ended before shutdown")

    async def _receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "lifespan.startup"}
        assert self._stop is not None
        await asyncio.shield(self._stop)
        return {"type": "lifespan.shutdown"}

    async def _send(self, message: Message) -> None:
        kind = message["type"]
        words = kind.split(".") if isinstance(kind, str) else []
        if len(words) != 3 or words[0] != "lifespan" or words[1] not in self._answers:
            raise RuntimeError(f"an application may not send {kind!r} in its lifespan")
        answer = self._answers[words[1]]
        if answer.done():
            raise RuntimeError(f"{kind!r} was already answered")
        if words[2] == "complete":
            answer.set_result(None)
        elif words[2] == "failed":
            answer.set_result(self._reason(words[1], str(message.get("message") or "")))
        else:
            raise RuntimeError(f"an application may not send {kind!r} in its lifespan")

    def _reason(self, phase: str, text: str) -> str:
        """Frameworks send a whole traceback: it belongs into the log, its last line into the error."""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if len(lines) > 1:
            _log.error("application %s failed\n%s", phase, text)
        return lines[-1] if lines else "no reason given"
