"""From the init line to a served module, and back down again."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
from typing import TYPE_CHECKING, Any, Final

from pywatt.channels.carrier import Carrier
from pywatt.channels.stdio import GuardedStdio
from pywatt.errors import AnnouncementError, BootstrapError, ConnectionClosed, NetworkError, ServerError
from pywatt.http.application import Application, ApplicationKind, adapt_application, application_kind
from pywatt.http.options import ServeOptions
from pywatt.messaging.handlers import MessageHandlers
from pywatt.module.author_code import describe
from pywatt.module.calls import Calls
from pywatt.module.carriers import Carriers
from pywatt.module.channel_security import check_level
from pywatt.module.definition import ModuleDefinition
from pywatt.module.dispatch import Dispatcher
from pywatt.module.environment import is_ipc_only, mark_ipc_only
from pywatt.module.lifecycle import DRAIN_TIME, Lifecycle, Phase
from pywatt.module.ports import PortNegotiation, candidate_addresses
from pywatt.module.process_signals import wake_loop_on_signals
from pywatt.module.state import AppState
from pywatt.protocol.init import InitBlob
from pywatt.protocol.operations import Announce, Operation
from pywatt.security.secret_client import SecretClient
from pywatt.security.secrets_mapping import Secrets

if TYPE_CHECKING:
    from pywatt.module.diagnostics.diagnostics import Diagnostics

logger = logging.getLogger(__name__)

SHUTDOWN_GRACE: Final = 1.0
"""Seconds beyond the drain for the application's own shutdown, when the drain used all of its time."""


class FrameworkMismatch(BootstrapError):
    """The module's function returned an application of another kind than its `framework` says."""


async def serve_module(
    definition: ModuleDefinition,
    init: InitBlob,
    guarded: GuardedStdio,
    lifecycle: Lifecycle,
    diagnostics: Diagnostics | None = None,
) -> None:
    """Start the module, serve it until it is asked to stop, and take it down in order.

    Args:
        definition: the decorated function and its options.
        init: what the orchestrator said.
        guarded: standard input and output.
        lifecycle: says when to stop.
        diagnostics: observes the process under `pywatt doctor`, else None.

    Raises:
        PyWattSDKError: it could not start; anything the module's own code raised also comes through.
    """
    loop = asyncio.get_running_loop()
    wake_loop_on_signals(loop)
    lifecycle.attach(loop)
    if diagnostics is not None:
        diagnostics.attach(loop, __file__)
    module = ServedModule(definition, init, lifecycle, diagnostics)
    starting = loop.create_task(module.start(guarded))
    stopping = loop.create_task(lifecycle.stop_requested())
    try:
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            await stopping
        else:
            starting.cancel()
            await asyncio.wait({starting}, timeout=lifecycle.time_left(DRAIN_TIME))
            if starting.done() and not starting.cancelled() and starting.exception() is not None:
                logger.warning("the start failed while it was being stopped: %s", starting.exception())
    finally:
        stopping.cancel()
        await module.stop()


class ServedModule:
    """One module in this process: what it is made of, and the order in which that comes up and goes down.

    Args:
        definition: the decorated function and its options.
        init: what the orchestrator said.
        lifecycle: says when to stop.
        diagnostics: is told how far the start has come.
    """

    def __init__(
        self,
        definition: ModuleDefinition,
        init: InitBlob,
        lifecycle: Lifecycle,
        diagnostics: Diagnostics | None = None,
    ) -> None:
        self._diagnostics = diagnostics
        self._definition = definition
        self._options = definition.options
        self._config = definition.options.config
        self._init = init
        self._lifecycle = lifecycle
        self._carriers = Carriers(
            init,
            self._options.channels,
            self._config.identify,
            self._receive,
            lambda: lifecycle.request_stop("end of standard input"),
        )
        self._secrets = SecretClient(
            self._carriers.send_line,
            timeout=self._config.secret_timeout,
            time_to_live=self._config.secret_time_to_live,
        )
        self._calls = Calls(init.module_id, self._carriers.send, self._config.call_timeout)
        self._ports = PortNegotiation(self._carriers.send_line)
        self._handlers = MessageHandlers(limit=self._config.max_concurrent_messages)
        self._dispatcher = Dispatcher(
            init.module_id,
            lifecycle,
            secrets=self._secrets,
            calls=self._calls,
            handlers=self._handlers,
            ports=self._ports,
            send=self._carriers.send,
            max_messages=self._config.max_concurrent_messages,
        )
        self._state: AppState | None = None
        self._application: Application | None = None
        self._server: Any = None

    def _receive(self, operation: Operation, carrier: Carrier) -> None:
        # The dispatcher answers on carriers, the carriers hear for the dispatcher: one is made first.
        self._dispatcher.receive(operation, carrier)

    async def start(self, guarded: GuardedStdio) -> None:
        """Everything from the first channel to the announcement."""
        check_level(self._init, self._options.security_level)
        if self._options.bind_http is False:
            mark_ipc_only()
        self._calls.attach(asyncio.get_running_loop())
        await self._carriers.open_stdio(guarded)
        await self._carriers.connect(self._config.connect_timeout)
        self._reached("CONNECTED")
        self._state = await self._make_state()
        app = await self._make_application(self._state)
        if self._diagnostics is not None:
            self._diagnostics.examine_routes(app)
        application = self._adapt(app)
        self._reached("FUNCTION")
        self._application = application
        await application.startup()
        self._reached("STARTUP")
        address = await self._bind(application)
        self._reached("BOUND")
        self._lifecycle.enter(Phase.SERVING)
        self._dispatcher.open(application)
        self._announce(address, application)
        if self._diagnostics is not None:
            self._diagnostics.declared(
                self._options.secrets,
                [endpoint.path for endpoint in self._options.endpoints],
                self._handlers.endpoints,
            )
        self._reached("ANNOUNCED")
        # What was loaded to get here stays for good: the collector need not look at it again under load.
        gc.collect()
        gc.freeze()

    async def stop(self) -> None:
        """Everything down again: unready, no new work, finish what is under way, close."""
        if self._lifecycle.stop_reason is None:
            self._lifecycle.request_stop("start-up failed")
        else:
            logger.info("stopping: %s", self._lifecycle.stop_reason)
        self._lifecycle.enter(Phase.DRAINING)
        self._dispatcher.refuse_early()
        if self._server is not None:
            self._server.stop_accepting()
        await self._drain()
        reason = f"the module is stopping ({self._lifecycle.stop_reason})"
        self._calls.close(reason)
        self._handlers.close()
        self._secrets.close(reason)
        await self._carriers.close()
        self._lifecycle.enter(Phase.STOPPED)

    async def _drain(self) -> None:
        work = [self._dispatcher.finish()]
        if self._server is not None:
            work.append(self._server.close(self._lifecycle.time_left(DRAIN_TIME)))
        await asyncio.gather(*work)
        if self._state is not None:
            await self._state.stop_background(SHUTDOWN_GRACE)
        if self._application is not None:
            try:
                async with asyncio.timeout(self._lifecycle.time_left(DRAIN_TIME) + SHUTDOWN_GRACE):
                    await self._application.shutdown()
            except TimeoutError:
                logger.warning("the application's shutdown was cut: it took too long")
            except Exception:
                logger.exception("the application's shutdown failed")

    async def _make_state(self) -> AppState:
        if self._config.seed_from_init_env:
            for name, value in self._init.env.items():
                self._secrets.insert(name, value)
        declared = await self._secrets.get_secrets(self._options.secrets)
        self._reached("SECRETS")
        make_secrets = Secrets if self._diagnostics is None else self._diagnostics.observed_secrets
        secrets = make_secrets(self._secrets, declared, follow_rotations=self._options.rotate)
        builder = self._options.state
        user_state = None if builder is None else await _resolved(builder(self._init, declared))
        self._reached("STATE")
        return AppState(
            init=self._init,
            config=self._config,
            secrets=secrets,
            secret_client=self._secrets,
            calls=self._calls,
            handlers=self._handlers,
            carriers=self._carriers,
            lifecycle=self._lifecycle,
            user_state=user_state,
        )

    def _reached(self, phase: str) -> None:
        if self._diagnostics is not None:
            self._diagnostics.reached(phase)

    async def _make_application(self, state: AppState) -> object:
        try:
            return await _resolved(self._definition.function(state))
        except Exception as error:
            name = getattr(self._definition.function, "__qualname__", "the module's function")
            raise BootstrapError(f"{name} failed: {describe(error)}", error) from error

    def _adapt(self, app: object) -> Application:
        _check_framework(app, self._options.framework)
        return adapt_application(
            app,
            ServeOptions(
                module_id=self._init.module_id,
                health_path=self._options.health_path,
                metrics_path="/metrics" if self._options.metrics else None,
                version=self._options.version,
                declared=self._options.endpoints,
                max_response_body=self._config.max_response_body,
                max_concurrent=self._config.max_concurrent_requests,
            ),
        )

    async def _bind(self, application: Application) -> str:
        """Serve on a socket of our own, if that is wanted; the address that was bound, or nothing."""
        if not (application.must_listen or self._binds_http()):
            return ""
        from pywatt.http.server import serve

        candidates = await candidate_addresses(
            self._init.listen, self._options.listen_addr, self._options.specific_port, self._ports
        )
        for address in candidates:
            try:
                self._server = await serve(application, address)
                break
            except ServerError:
                if address is candidates[-1]:
                    raise
        return str(self._server.address)

    def _binds_http(self) -> bool:
        if self._options.bind_http is not None:
            return self._options.bind_http
        ipc_only = self._config.ipc_only
        return not (is_ipc_only() if ipc_only is None else ipc_only)

    def _announce(self, address: str, application: Application) -> None:
        endpoints = application.endpoints()
        for endpoint in endpoints:
            if endpoint.auth is not None:
                logger.warning(
                    "endpoint %s is announced with auth %r, which nothing in this module enforces",
                    endpoint.path,
                    endpoint.auth,
                )
        try:
            self._carriers.send_line(Announce(address, endpoints))
        except ConnectionClosed:
            logger.warning("the orchestrator closed its end before the announcement")
        except NetworkError as error:
            raise AnnouncementError(error.message, error) from error
        count = "1 endpoint" if len(endpoints) == 1 else f"{len(endpoints)} endpoints"
        logger.info("serving %s%s", count, f" on {address}" if address else "")


async def _resolved(value: object) -> Any:
    return await value if inspect.isawaitable(value) else value


def _check_framework(app: object, framework: str | None) -> None:
    if framework is None:
        return
    if framework in (ApplicationKind.ASGI.value, ApplicationKind.WSGI.value):
        fits = application_kind(app).value == framework
    else:
        fits = any(kind.__module__.partition(".")[0] == framework for kind in type(app).__mro__)
    if not fits:
        raise FrameworkMismatch(
            f"the module says framework={framework!r}, but its function returned {type(app).__qualname__}",
        )
