"""A strict orchestrator for tests: it drives a module as the Rust crate's types allow, no other way."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pywatt.protocol.listen import parse_listen
from pywatt.testing import payloads
from pywatt.testing.answers import Announcement, HttpAnswer, Identification, RotationAnswer, RoutedCall
from pywatt.testing.conversation import CallHandler
from pywatt.testing.errors import ConformanceError, NotSeenError
from pywatt.testing.grammar.judging import JSON_CODE
from pywatt.testing.payloads import compact
from pywatt.testing.plain_http import request_plainly
from pywatt.testing.session import ModuleSession
from pywatt.testing.settings import CARRIERS, DEADLINE, CarrierName, HttpCarrier, Settings


class ReferenceDriver(ModuleSession):
    """One running module, seen from an orchestrator that reads nothing but what the crate's types can read.

    Made by `ReferenceDriver.start`, and used as an asynchronous context manager. What the module sends and
    the crate could not read is a violation; it ends whatever the test waits for with `ConformanceError`, and
    so does leaving the block. Every wait has a deadline and says what was awaited. Requests, messages,
    heartbeats and rotations wait for the announcement first, as those of an orchestrator do.

    Attributes:
        transcript: all lines and frames, both ways.
    """

    @classmethod
    def start(
        cls,
        command: Sequence[str],
        *,
        module_id: str = "module",
        secrets: Mapping[str, str] | None = None,
        carriers: Sequence[CarrierName] = CARRIERS,
        listen: str = "127.0.0.1:0",
        environment: Mapping[str, str] | None = None,
        directory: Path | str | None = None,
        deadline: float = DEADLINE,
        strict: bool = True,
        compiled: bool = False,
        first_line: bytes | None = None,
        tagged_init: bool = False,
    ) -> Self:
        """A driver that starts a module when it is entered.

        Args:
            command: the program and its arguments.
            module_id: what the module is called.
            secrets: answers to what it asks for; another name is met with silence, the crate's only refusal.
            carriers: the channels offered beside standard input and output, "unix" and "tcp"; both required.
            listen: where the module shall serve HTTP by itself.
            environment: variables beside our own, of which those with the name of a secret are left out.
            directory: where it runs; None: here.
            deadline: how long each wait lasts unless it says otherwise, in seconds.
            strict: whether violations end waits and the block; otherwise they are only collected.
            compiled: whether the module is built with the published crate: answers to secrets are then
                repeated into silence, and a connection is used only when it has lived for 50 ms.
            first_line: written in the place of the init line; empty: nothing is written.
            tagged_init: whether the init line carries its `op`, as the crate prints it.

        Raises:
            ValueError: there is no such carrier.
        """
        settings = Settings(
            command=tuple(command),
            module_id=module_id,
            secrets=dict(secrets or {}),
            carriers=carriers,
            listen=listen,
            environment=dict(environment or {}),
            directory=None if directory is None else Path(directory),
            deadline=deadline,
            strict=strict,
            compiled=compiled,
            first_line=first_line,
            tagged_init=tagged_init,
        )
        return cls(settings)

    @property
    def calls(self) -> list[RoutedCall]:
        """The calls that the module made to other modules, oldest first."""
        return list(self._conversation.calls)

    @property
    def secrets_asked(self) -> list[str]:
        """The names of the secrets that the module asked for, in order."""
        return list(self._conversation.secrets_asked)

    @property
    def secrets_unknown(self) -> list[str]:
        """The names of the secrets that it asked for and was not given."""
        return self._conversation.secrets_unknown

    @property
    def identifications(self) -> list[Identification]:
        """What the module said of who it is, oldest first."""
        return list(self._conversation.identifications)

    @property
    def announcements(self) -> list[Announcement]:
        """What the module announced; more than one is a violation."""
        return list(self._conversation.announcements)

    async def announced(self, timeout: float | None = None) -> Announcement:
        """Wait for the announcement."""

        def look() -> Announcement | None:
            return next(iter(self._conversation.announcements), None)

        return await self.until(look, "the announcement", timeout)

    async def identified(self, carrier: CarrierName, timeout: float | None = None) -> Identification:
        """Wait until the module has said who it is on the newest connection of a carrier."""

        def look() -> Identification | None:
            number = self.times_connected(carrier)
            fitting = [each for each in self.identifications if each.carrier == carrier]
            return next((each for each in fitting if each.connection == number), None)

        return await self.until(look, f"identify on {carrier}", timeout)

    async def secret_asked(self, name: str, timeout: float | None = None) -> None:
        """Wait until the module has asked for a secret."""
        asked = self._conversation.secrets_asked
        await self.until(lambda: name in asked or None, f"get_secret for {name}", timeout)

    async def http(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        carrier: HttpCarrier | None = None,
        timeout: float | None = None,
    ) -> HttpAnswer:
        """Send an HTTP request and wait for its answer.

        Args:
            method: of the request.
            target: path and query.
            headers: of the request.
            body: of the request.
            carrier: "stdio", "unix" or "tcp"; "http" for plain HTTP to the announced address; None: the best
                carrier that was offered.
            timeout: in seconds.
        """
        if carrier == "http":
            return await self._plain_http(method, target, headers or {}, body, timeout)
        await self.announced(timeout)
        source = await self._source(carrier, timeout)
        request_id = str(uuid.uuid4())
        request = {"request_id": request_id, "method": method, "uri": target, "headers": dict(headers or {})}
        self._conversation.ask_http(request_id, source)
        try:
            await self._carriers.send(
                source, {"op": "http_request", **request, "body": list(body) if body else None}
            )
            return await self.until(
                lambda: self._conversation.http_answer(request_id),
                f"the answer to {method} {target} on {source.carrier}",
                timeout,
            )
        finally:
            self._conversation.give_up(request_id)

    async def call(
        self,
        endpoint: str,
        payload: object = None,
        *,
        source: str = "driver",
        carrier: CarrierName | None = None,
        timeout: float | None = None,
    ) -> Any:
        """Call a message endpoint of the module as another module would.

        Args:
            endpoint: what is called.
            payload: any JSON.
            source: the name of the calling module.
            carrier: what the message goes on; None: the best that was offered.
            timeout: in seconds; the message carries it too.

        Returns:
            The decoded result.

        Raises:
            CallError: the module answered with an error; the kinds are those of `AppState.call`.
        """
        seconds = self.deadline if timeout is None else timeout
        request_id = str(uuid.uuid4())
        self._conversation.ask_call(request_id, source)
        try:
            await self._send_message(
                request_id, endpoint, payload, caller=source, carrier=carrier, seconds=seconds, notify=False
            )
            answer = await self.until(
                lambda: self._conversation.call_answer(request_id),
                f"the answer to the call of {endpoint!r}",
                timeout,
            )
        finally:
            self._conversation.give_up(request_id)
        return payloads.result(answer, request_id)

    async def notify(
        self,
        endpoint: str,
        payload: object = None,
        *,
        source: str = "driver",
        carrier: CarrierName | None = None,
    ) -> None:
        """Send a message that expects no answer; the arguments are those of `call`."""
        await self._send_message(
            str(uuid.uuid4()),
            endpoint,
            payload,
            caller=source,
            carrier=carrier,
            seconds=self.deadline,
            notify=True,
        )

    def answer(self, target: str, endpoint: str, handler: CallHandler) -> None:
        """Answer calls that the module makes to another one.

        Args:
            target: the called module.
            endpoint: what is called.
            handler: takes the payload, returns the result or an awaitable of it. A `CallError` that it
                raises is answered as that error.
        """
        self._conversation.handle(target, endpoint, handler)

    async def called(self, target: str, endpoint: str, timeout: float | None = None) -> RoutedCall:
        """Wait until the module has called another one, and return the first such call."""

        def look() -> RoutedCall | None:
            calls = self._conversation.calls
            return next((call for call in calls if (call.target, call.endpoint) == (target, endpoint)), None)

        return await self.until(look, f"a call of {target} {endpoint!r}", timeout)

    async def heartbeat(self, carrier: CarrierName | None = None, timeout: float | None = None) -> float:
        """Send a heartbeat and wait for its acknowledgement on the same carrier.

        Returns:
            How long that took, in seconds.
        """
        await self.announced(timeout)
        return await self.raw_heartbeat(compact({"op": "heartbeat"}), carrier, timeout=timeout)

    async def raw_heartbeat(
        self,
        data: bytes,
        carrier: CarrierName | None = None,
        *,
        code: int = JSON_CODE,
        timeout: float | None = None,
    ) -> float:
        """Send a heartbeat in any form, and wait for its acknowledgement on the same carrier.

        Args:
            data: the line or payload.
            carrier: which.
            code: the format code of a frame.
            timeout: in seconds.

        Returns:
            How long that took, in seconds.
        """
        source = await self._source(carrier, timeout)
        look = self._conversation.ask_heartbeat(source)
        began = time.monotonic()
        await self._carriers.write(source, data, code)
        await self.until(look, f"heartbeat_ack on {source.carrier}", timeout)
        return time.monotonic() - began

    @contextlib.asynccontextmanager
    async def pump(self, carrier: CarrierName = "tcp", interval: float = 0.02) -> AsyncIterator[None]:
        """Send heartbeats as long as the block runs: a compiled module sends only after something came.

        Args:
            carrier: where.
            interval: seconds between two.
        """

        async def beat() -> None:
            while True:
                await self.heartbeat(carrier)
                await asyncio.sleep(interval)

        beating = asyncio.create_task(beat())
        try:
            yield
        finally:
            beating.cancel()
            await asyncio.wait({beating})

    async def rotate(
        self, names: Sequence[str], *, secrets: Mapping[str, str] | None = None, timeout: float | None = None
    ) -> RotationAnswer:
        """Tell the module that secrets have new values, and wait for its acknowledgement.

        Args:
            names: of the secrets.
            secrets: their new values; what is not there keeps its old one.
            timeout: in seconds.
        """
        for name, value in (secrets or {}).items():
            self.transcript.hide(value)
            self._conversation.secrets[name] = value
        await self.announced(timeout)
        rotation_id = str(uuid.uuid4())
        self._conversation.ask_rotation(rotation_id)
        await self.send({"op": "rotated", "keys": list(names), "rotation_id": rotation_id})
        return await self.until(
            lambda: self._conversation.rotation_answer(rotation_id), "rotation_ack", timeout
        )

    async def _plain_http(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, timeout: float | None
    ) -> HttpAnswer:
        announced = await self.announced(timeout)
        if not announced.listen:
            raise ConformanceError("the module announced no address, so there is no plain HTTP")
        seconds = self.deadline if timeout is None else timeout
        try:
            async with asyncio.timeout(seconds):
                return await request_plainly(parse_listen(announced.listen), method, target, headers, body)
        except TimeoutError:
            what = f"the answer to {method} {target} by plain HTTP from {announced.listen}"
            raise NotSeenError(what, seconds, self._advice()) from None

    async def _send_message(
        self,
        request_id: str,
        endpoint: str,
        payload: object,
        *,
        caller: str,
        carrier: CarrierName | None,
        seconds: float,
        notify: bool,
    ) -> None:
        await self.announced()
        content = payloads.request(
            endpoint,
            payload,
            source=caller,
            destination=self._settings.module_id,
            timeout=seconds,
            notify=notify,
        )
        message = {"source_module_id": caller, "original_request_id": request_id, "payload": content}
        await self._carriers.send(
            await self._source(carrier, None), {"op": "routed_module_message", **message}
        )
