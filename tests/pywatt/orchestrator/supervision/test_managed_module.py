"""A module under supervision: ready, unready, started again, stopped. All modules are real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

import pytest
from supervised import BARE, DEADLINE, READY, Workshop, is_alive, until, workshop

from pywatt.errors import ModuleUnavailable
from pywatt.orchestrator.supervision import readiness
from pywatt.orchestrator.supervision.http_probe import ProbeError, probe_connection
from pywatt.orchestrator.supervision.managed_module import ManagedModule
from pywatt.orchestrator.supervision.module_state import ModuleState, StateError
from pywatt.protocol.listen import ListenAddress, TcpAddress, UnixAddress
from pywatt_fast.operations.types import HttpRequest

__all__ = ["workshop"]

NOBODY = "announce('127.0.0.1:1')\nserve()\n"  # no server ever listens on port 1
WEB = """
import http.server
from socketserver import UnixStreamServer

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response({"/health": 200, "/sick": 500}.get(self.path, 404))
        self.send_header("content-length", "0")
        self.end_headers()
    def log_message(self, *arguments): pass
    def address_string(self): return "unix"
"""


# A module that waits until the test tells it to go on; the signal is kept until then.
TOLD = """
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})

def wait_until_told():
    signal.sigwait({signal.SIGUSR1})
"""


def tell(module: ManagedModule) -> None:
    assert module.pid is not None
    os.kill(module.pid, signal.SIGUSR1)


class TestReadiness:
    async def test_a_module_that_announces_and_answers_heartbeats_is_ready(self, workshop: Workshop) -> None:
        module = await workshop.start_one()
        assert module.is_ready
        assert module.http_address is None
        await module.stop()
        assert workshop.states("one") == [
            ModuleState.WAITING,
            ModuleState.STARTING,
            ModuleState.READY,
            ModuleState.DRAINING,
            ModuleState.STOPPED,
        ]

    async def test_an_announcement_alone_is_not_enough(self, workshop: Workshop) -> None:
        configuration = workshop.configuration("one", "announce()\nsignal.pause()\n")
        module = workshop.start(configuration).modules["one"]
        await until(lambda: module.missing == "it does not answer heartbeats")
        assert module.state is ModuleState.STARTING

    async def test_what_is_missing_is_told_when_the_time_is_over(self, workshop: Workshop) -> None:
        configuration = workshop.configuration("one", "signal.pause()\n", start_timeout=0.3)
        module = workshop.start(configuration, one_only=True).modules["one"]
        await workshop.until_state(module, ModuleState.FAILED)
        assert module.last_error == "was not ready within 0.3 s: it has not announced itself"

    async def test_a_health_path_must_answer_200_over_the_carrier(self, workshop: Workshop) -> None:
        module = await workshop.start_one("""
            asked = []
            def http(request):
                asked.append(request)
                log("asked for " + request["uri"])
                respond(request, 200 if len(asked) > 2 else 503)
            announce(endpoints=[{"path": "/health", "methods": ["GET"]}])
            serve(http)
        """)
        await workshop.recorder.until_logged("asked for /health")
        assert module.last_error is None

    async def test_a_health_path_that_is_ill_is_told(self, workshop: Workshop) -> None:
        configuration = workshop.configuration(
            "one",
            'announce(endpoints=[{"path": "/health", "methods": ["get"]}])\n'
            "serve(lambda request: respond(request, 500))\n",
        )
        module = workshop.start(configuration).modules["one"]
        await until(lambda: module.missing == "GET /health answered 500")

    async def test_a_health_path_on_an_address_of_its_own(self, workshop: Workshop) -> None:
        module = await workshop.start_one(
            WEB
            + """
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
announce("127.0.0.1:%d" % server.server_address[1], [{"path": "/health", "methods": ["GET"]}])
serve()
"""
        )
        assert isinstance(module.http_address, TcpAddress)

    async def test_the_listen_path_of_the_first_line_can_be_served(self, workshop: Workshop) -> None:
        module = await workshop.start_one(
            WEB
            + """
server = UnixStreamServer(init["listen"], Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
announce(init["listen"], [{"path": "/health", "methods": ["GET"]}])
serve()
""",
            health="/health",
        )
        assert module.http_address == UnixAddress(workshop.record.http_socket_path("one"))

    async def test_a_port_nobody_listens_on_is_told(self, workshop: Workshop) -> None:
        module = workshop.start(workshop.configuration("one", NOBODY)).modules["one"]
        await until(lambda: module.missing.startswith("127.0.0.1:1 refuses connections"))

    async def test_an_address_bound_after_the_announcement_is_waited_for(
        self, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refused = asyncio.Event()

        async def probe(address: ListenAddress, timeout: float) -> None:
            try:
                await probe_connection(address, timeout)
            except ProbeError:
                refused.set()
                raise

        monkeypatch.setattr(readiness, "probe_connection", probe)
        text = (
            TOLD
            + """
server = socket.socket()
server.bind(("127.0.0.1", 0))
announce("127.0.0.1:%d" % server.getsockname()[1])
wait_until_told()
server.listen()
serve()
"""
        )
        module = workshop.start(workshop.configuration("one", text)).modules["one"]
        async with asyncio.timeout(DEADLINE):
            await refused.wait()
        assert not module.is_ready
        tell(module)
        await workshop.until_state(module, ModuleState.READY)

    async def test_port_0_means_that_nothing_is_bound(self, workshop: Workshop) -> None:
        module = await workshop.start_one("announce('127.0.0.1:0')\nserve()\n")
        assert module.http_address is None

    async def test_a_listen_that_is_no_address_is_told_and_not_used(self, workshop: Workshop) -> None:
        module = await workshop.start_one("announce('somewhere')\nserve()\n")
        assert module.http_address is None
        assert workshop.recorder.said("'somewhere'", "one")

    async def test_a_second_announcement_replaces_the_first_and_is_told(self, workshop: Workshop) -> None:
        module = await workshop.start_one("""
            announce(endpoints=[{"path": "/old", "methods": ["GET"]}])
            announce(endpoints=[{"path": "/new", "methods": ["GET"]}])
            serve()
        """)
        assert module.announcement is not None
        assert [endpoint.path for endpoint in module.announcement.endpoints] == ["/new"]
        assert workshop.recorder.said("announced itself again", "one")

    async def test_garbage_on_the_protocol_does_no_harm(self, workshop: Workshop) -> None:
        module = await workshop.start_one("""
            wrong = (b'{"op":"no_such"}', b'{"op":"announce"}')
            for line in (b"hello", b"", b"\\xff\\xfe", b"[" * 100000, *wrong):
                sys.stdout.buffer.write(line + b"\\n")
            sys.stdout.buffer.write(b"x" * 3_000_000 + b"\\n")
            sys.stdout.flush()
            announce()
            serve()
        """)
        assert module.is_ready


class TestHeartbeats:
    async def test_three_missed_make_it_unready_and_an_answer_ready_again(self, workshop: Workshop) -> None:
        module = await workshop.start_one(heartbeat_interval=0.1, heartbeat_timeout=60.0)
        assert module.pid is not None
        os.kill(module.pid, signal.SIGSTOP)
        await workshop.until_state(module, ModuleState.UNREADY)
        assert not module.is_ready
        assert module.last_error == "answered none of the last 3 heartbeats"
        os.kill(module.pid, signal.SIGCONT)
        await workshop.until_state(module, ModuleState.READY)
        assert module.last_error is None

    async def test_a_long_silence_ends_it_and_it_is_started_again(self, workshop: Workshop) -> None:
        module = await workshop.start_one(heartbeat_interval=0.1, heartbeat_timeout=0.5)
        first = module.pid
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        await workshop.until(lambda: module.is_ready and module.pid != first)
        assert not is_alive(first)
        assert workshop.recorder.said("answered no heartbeat for 0.5 s; it is started again", "one")


class TestEnds:
    async def test_an_exit_before_the_announcement_tells_the_last_error(self, workshop: Workshop) -> None:
        configuration = workshop.configuration("one", 'raise SystemExit("no coffee today")\n')
        module = workshop.start(configuration, one_only=True).modules["one"]
        await workshop.until_state(module, ModuleState.FAILED)
        assert module.last_error == "exited with code 1 before it announced itself: no coffee today"
        assert workshop.states("one").count(ModuleState.STARTING) == 1

    async def test_it_is_started_again_until_it_ended_too_often(self, workshop: Workshop) -> None:
        module = workshop.start(workshop.configuration("one", "sys.exit(3)\n")).modules["one"]
        await workshop.until_state(module, ModuleState.CRASH_LOOPING)
        assert workshop.states("one").count(ModuleState.STARTING) == 5
        assert workshop.recorder.said("crash-looping: it ended 5 times within 60 s", "one")
        assert module.failed_to_start
        assert workshop.ended == ["one"] * 5

    async def test_a_clean_exit_is_final_unless_the_policy_says_always(self, workshop: Workshop) -> None:
        text = (
            TOLD
            + "announce()\nassert hear()['op'] == 'heartbeat'\nsay(op='heartbeat_ack')\nwait_until_told()\n"
        )
        calm = workshop.configuration("calm", text)
        eager = workshop.configuration("eager", text, restart={"policy": "always"})
        supervisor = workshop.supervise(calm, eager)
        supervisor.on_change(lambda module, _before: tell(module) if module.is_ready else None)
        supervisor.start_all()
        await workshop.until_state(supervisor.modules["calm"], ModuleState.EXITED)
        assert not supervisor.modules["calm"].failed_to_start
        assert supervisor.modules["calm"].ended_clean
        await workshop.until(lambda: workshop.states("eager").count(ModuleState.READY) >= 2)

    async def test_an_exit_with_0_before_it_was_ready_is_a_failed_start(self, workshop: Workshop) -> None:
        module = workshop.start(workshop.configuration("one", "sys.exit(0)\n")).modules["one"]
        await workshop.until_state(module, ModuleState.EXITED)
        assert module.failed_to_start
        assert module.last_error == "exited with code 0 before it announced itself"

    async def test_a_module_that_segfaults_is_started_again(self, workshop: Workshop) -> None:
        module = await workshop.start_one()
        first = module.pid
        assert first is not None
        os.kill(first, signal.SIGSEGV)
        await workshop.until(lambda: module.is_ready and module.pid != first)
        assert workshop.recorder.said("was ended by SIGSEGV; it is started again in 0.01 s", "one")

    async def test_a_program_that_does_not_exist_is_not_tried_again(self, workshop: Workshop) -> None:
        configuration = workshop.configuration("one", command=["./no-such-program"])
        module = workshop.start(configuration).modules["one"]
        await workshop.until_state(module, ModuleState.FAILED)
        assert module.last_error is not None
        assert "cannot start './no-such-program'" in module.last_error
        assert module.failed_to_start

    async def test_what_was_announced_in_the_last_moment_still_counts(self, workshop: Workshop) -> None:
        module = workshop.start(
            workshop.configuration("one", "announce()\nsys.exit(1)\n"), one_only=True
        ).modules["one"]
        await workshop.until_state(module, ModuleState.FAILED)
        assert module.last_error == "exited with code 1"
        assert module.announcement is not None


class TestStops:
    async def test_a_module_is_asked_to_leave_before_it_is_made_to(self, workshop: Workshop) -> None:
        module = await workshop.start_one("announce()\nserve()\nlog('left by itself')\n")
        await module.stop()
        assert workshop.recorder.logged("left by itself")
        assert not workshop.record.end_left_overs()

    @pytest.mark.parametrize(
        ("text", "settings"),
        [
            ("signal.pause()\n", {}),
            ("signal.signal(signal.SIGTERM, signal.SIG_IGN)\nlog('deaf')\nsignal.pause()\n", {}),
            ("sys.exit(3)\n", {"restart": {"initial_delay": 60.0, "max_delay": 60.0}}),
        ],
        ids=["starting", "deaf", "backing off"],
    )
    async def test_every_state_can_be_stopped(self, workshop: Workshop, text: str, settings: Any) -> None:
        module = workshop.start(workshop.configuration("one", text, stop_timeout=0.6, **settings)).modules[
            "one"
        ]
        await workshop.until(lambda: module.state in (ModuleState.STARTING, ModuleState.BACKING_OFF))
        await until(lambda: module.pid is not None or module.state is ModuleState.BACKING_OFF)
        await module.stop()
        assert module.state is ModuleState.STOPPED
        assert module.pid is None

    async def test_a_stop_while_it_waits_for_another(self, workshop: Workshop) -> None:
        supervisor = workshop.start(
            workshop.configuration("first", "signal.pause()\n"),
            workshop.configuration("second", after=["first"]),
        )
        second = supervisor.modules["second"]
        assert second.state is ModuleState.WAITING
        await second.stop()
        assert second.state is ModuleState.STOPPED

    async def test_one_that_lives_cannot_be_started_once_more(self, workshop: Workshop) -> None:
        module = await workshop.start_one()
        with pytest.raises(StateError):
            module.start()

    async def test_a_kill_does_not_wait(self, workshop: Workshop) -> None:
        module = await workshop.start_one(
            """
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            announce()
            serve()
            signal.pause()
        """,
            stop_timeout=1000.0,
        )
        stop = asyncio.create_task(module.stop())
        await asyncio.sleep(0)
        await module.kill()
        await stop
        assert module.state is ModuleState.STOPPED


class TestRestarts:
    async def test_the_old_process_leaves_before_the_new_one_starts(self, workshop: Workshop) -> None:
        module = await workshop.start_one("announce()\nserve()\nlog('left by itself')\n")
        first = module.pid
        await module.restart()
        await workshop.until_state(module, ModuleState.READY)
        assert module.pid != first
        assert workshop.recorder.logged("left by itself")
        assert workshop.states("one")[-3:] == [ModuleState.DRAINING, ModuleState.STARTING, ModuleState.READY]
        assert workshop.recorder.said("ready again in", "one")
        assert module.restarts == 1

    @pytest.mark.parametrize(
        ("text", "state", "settings"),
        [
            ("sys.exit(3)\n", ModuleState.CRASH_LOOPING, {}),
            ("sys.exit(3)\n", ModuleState.EXITED, {"restart": {"policy": "never"}}),
            (
                "sys.exit(3)\n",
                ModuleState.BACKING_OFF,
                {"restart": {"initial_delay": 60.0, "max_delay": 60.0}},
            ),
            ("signal.pause()\n", ModuleState.STARTING, {}),
        ],
        ids=["crash-looping", "exited", "backing off", "starting"],
    )
    async def test_whatever_has_become_of_it_a_restart_starts_it_with_its_newest_text(
        self, workshop: Workshop, text: str, state: ModuleState, settings: Any
    ) -> None:
        module = workshop.start(workshop.configuration("one", text, **settings)).modules["one"]
        await workshop.until_state(module, state)
        workshop.script("one", READY)
        async with asyncio.timeout(DEADLINE):
            await module.restart()
        await workshop.until_state(module, ModuleState.READY)

    async def test_a_stopped_one_is_started(self, workshop: Workshop) -> None:
        module = await workshop.start_one()
        await module.stop()
        await module.restart()
        await workshop.until_state(module, ModuleState.READY)

    async def test_one_that_could_not_be_started_is_started(self, workshop: Workshop) -> None:
        configuration = workshop.configuration("one", command=["./program"])
        module = workshop.start(configuration).modules["one"]
        await workshop.until_state(module, ModuleState.FAILED)
        program = workshop.folder / "program"
        program.write_text(f"#!{sys.executable}\n" + BARE + READY)
        program.chmod(0o700)
        await module.restart()
        await workshop.until_state(module, ModuleState.READY)

    async def test_one_that_waits_for_others_goes_on_waiting(self, workshop: Workshop) -> None:
        supervisor = workshop.start(
            workshop.configuration("first", TOLD + "log('waits')\nwait_until_told()\n" + READY),
            workshop.configuration("second", after=["first"]),
        )
        first, second = supervisor.modules.values()
        await second.restart()
        assert second.state is ModuleState.WAITING
        await workshop.recorder.until_logged("waits")
        tell(first)
        await workshop.until_state(second, ModuleState.READY)

    async def test_it_does_not_wait_again_for_those_it_comes_after(self, workshop: Workshop) -> None:
        supervisor = workshop.start(
            workshop.configuration("first"), workshop.configuration("second", after=["first"])
        )
        second = supervisor.modules["second"]
        await workshop.until_state(second, ModuleState.READY)
        await supervisor.modules["first"].stop()
        await second.restart()
        await workshop.until_state(second, ModuleState.READY)

    async def test_restarts_that_come_before_the_new_process_are_one(self, workshop: Workshop) -> None:
        module = await workshop.start_one()
        async with asyncio.timeout(DEADLINE):
            await asyncio.gather(*(module.restart() for _ in range(5)))
        await workshop.until_state(module, ModuleState.READY)
        assert module.restarts == 1

    async def test_one_that_comes_while_the_new_process_starts_brings_another(
        self, workshop: Workshop
    ) -> None:
        module = await workshop.start_one()
        workshop.script("one", "log('started in vain')\nsignal.pause()\n")
        await module.restart()
        await workshop.recorder.until_logged("started in vain")
        workshop.script("one", READY)
        await module.restart()
        await workshop.until_state(module, ModuleState.READY)
        assert module.restarts == 2
        assert ModuleState.BACKING_OFF not in workshop.states("one")

    async def test_a_stop_that_comes_meanwhile_counts_more(self, workshop: Workshop) -> None:
        module = await workshop.start_one()
        restart = asyncio.create_task(module.restart())
        await workshop.until_state(module, ModuleState.DRAINING)
        async with asyncio.timeout(DEADLINE):
            await module.stop()
            await restart
        assert module.state is ModuleState.STOPPED
        assert module.restarts == 0

    async def test_one_that_comes_during_a_stop_starts_it_afterwards(self, workshop: Workshop) -> None:
        module = await workshop.start_one()
        stop = asyncio.create_task(module.stop())
        await workshop.until_state(module, ModuleState.DRAINING)
        async with asyncio.timeout(DEADLINE):
            await module.restart()
            await stop
        await workshop.until_state(module, ModuleState.READY)

    async def test_one_that_is_deaf_is_not_waited_for(self, workshop: Workshop) -> None:
        module = await workshop.start_one(heartbeat_interval=0.1, heartbeat_timeout=60.0, stop_timeout=1000.0)
        first = module.pid
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        await workshop.until_state(module, ModuleState.UNREADY)
        module.gate.enter()  # a request that it will never answer
        await module.restart()
        await workshop.until_state(module, ModuleState.READY)
        assert module.pid != first

    async def test_what_it_was_asked_is_answered_before_it_is_told_to_leave(self, workshop: Workshop) -> None:
        module = await workshop.start_one("""
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
            announce()
            while (message := hear()) is not None and message["op"] != "shutdown":
                if message["op"] == "heartbeat":
                    say(op="heartbeat_ack")
                elif message["op"] == "http_request":
                    log("asked")
                    signal.sigwait({signal.SIGUSR1})
                    respond(message, body=b"finished")
            log("told to leave")
        """)
        module.gate.enter()
        request = HttpRequest("00000000-0000-4000-8000-000000000001", "GET", "/", {}, None)
        answer = asyncio.create_task(module.link.exchange(request, DEADLINE))
        answer.add_done_callback(lambda _: module.gate.leave())
        await workshop.recorder.until_logged("asked")
        restart = asyncio.create_task(module.restart())
        await workshop.until_state(module, ModuleState.DRAINING)
        tell(module)
        assert (await answer).body == b"finished"
        await restart
        await workshop.until_state(module, ModuleState.READY)
        assert workshop.recorder.said("the old process finished 1 more", "one")

    async def test_one_that_dies_while_it_finishes_is_replaced(self, workshop: Workshop) -> None:
        module = await workshop.start_one(stop_timeout=1000.0)
        first = module.pid
        assert first is not None
        module.gate.enter()
        restart = asyncio.create_task(module.restart())
        await workshop.until_state(module, ModuleState.DRAINING)
        os.kill(first, signal.SIGKILL)
        await restart
        await workshop.until_state(module, ModuleState.READY)
        assert workshop.recorder.said("1 was cut", "one")
        module.gate.leave()

    async def test_what_waits_hears_at_once_why_the_new_process_failed(self, workshop: Workshop) -> None:
        module = await workshop.start_one()
        workshop.script("one", 'raise SystemExit("no coffee today")\n')
        restart = asyncio.create_task(module.restart())
        await workshop.until_state(module, ModuleState.DRAINING)
        with pytest.raises(ModuleUnavailable, match="no coffee today"):
            await module.gate.wait_for_release(0)
        await restart


class TestPlainServers:
    async def test_a_server_without_the_protocol_is_ready_when_its_port_accepts(
        self, workshop: Workshop
    ) -> None:
        configuration = workshop.configuration(
            "files",
            command=["sh", "-c", f"exec {sys.executable} -m http.server --bind 127.0.0.1 $PORT"],
            sdk="none",
        )
        module = workshop.start(configuration).modules["files"]
        await workshop.until_state(module, ModuleState.READY)
        assert isinstance(module.http_address, TcpAddress)
        assert not module.supports_messages
        await module.stop()

    async def test_its_health_path_must_answer_200(self, workshop: Workshop) -> None:
        configuration = workshop.configuration(
            "files",
            command=["sh", "-c", f"exec {sys.executable} -m http.server --bind 127.0.0.1 $PORT"],
            sdk="none",
            health="/nothing-there",
        )
        module = workshop.start(configuration).modules["files"]
        await until(lambda: module.missing == "GET /nothing-there answered 404")

    async def test_what_it_prints_is_its_log(self, workshop: Workshop) -> None:
        configuration = workshop.configuration(
            "talker",
            'import os, signal, socket\ns = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))\n'
            'print("hello from a server without the SDK", flush=True)\nsignal.pause()\n',
            bare=False,
            sdk="none",
        )
        module = workshop.start(configuration).modules["talker"]
        await workshop.until_state(module, ModuleState.READY)
        await workshop.recorder.until_logged("hello from a server without the SDK")


class TestEnvironment:
    async def test_a_module_knows_its_name_and_its_own_settings(self, workshop: Workshop) -> None:
        await workshop.start_one(
            """
            log(" ".join(os.environ[name] for name in ("PYWATT_MODULE_ID", "IPC_ONLY", "FLAVOUR")))
            log(json.dumps(init))
            announce()
            serve()
            """,
            env={"FLAVOUR": "mint"},
        )
        await workshop.recorder.until_logged("one true mint")
        line = await workshop.recorder.until_logged("orchestrator_api")
        assert '"required": true' in line
        assert '"env": {}' in line
        assert workshop.record.socket_path("one") in line
        assert "tcp_channel" not in line
