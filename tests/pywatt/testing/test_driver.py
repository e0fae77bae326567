"""A driver speaks with a module that keeps to the protocol."""

from __future__ import annotations

import asyncio
import os
import select
import subprocess
import sys
from pathlib import Path

import pytest
from bare_modules import BareModule

from pywatt import ApplicationError, ModuleNotFound
from pywatt.testing import ConformanceError, ModuleEndedError, NotSeenError, ReferenceDriver

SHORT = 0.3  # seconds for what is not going to come

SERVES = """
    announce()
    for message in each():
        if message["op"] == "heartbeat":
            say({"op": "heartbeat_ack"})
        elif message["op"] == "http_request":
            answer(message, body=[len(message["body"] or [])])
        elif message["op"] == "shutdown":
            break
"""
CALLS = """
    announce()
    metadata = {"properties": {"endpoint": "price"}}
    request = json.dumps({"id": str(uuid.uuid4()), "content": {"sku": "A1"}, "metadata": metadata})
    say({"op": "route_to_module", "target_module_id": "catalog", "target_endpoint": "price",
         "request_id": str(uuid.uuid4()), "payload": {"data": list(request.encode()), "format": "Json"}})
    result = json.loads(bytes(hear()["payload"]["data"]))
    sys.stderr.write(json.dumps(result) + "\\n")
    hear()
"""
IS_CALLED = """
    announce()
    for message in each():
        if message["op"] == "shutdown":
            break
        request = json.loads(bytes(message["payload"]["data"]))
        properties = request["metadata"]["properties"]
        if properties.get("notify"):
            sys.stderr.write("noted " + json.dumps(request["content"]) + "\\n")
            continue
        reply = request["content"]
        if properties["endpoint"] == "fail":
            error = {"code": "sold_out", "message": "no tea", "details": [1]}
            marked = {"error": True, "correlation_id": message["original_request_id"]}
            reply = {"id": str(uuid.uuid4()), "content": error, "metadata": {"properties": marked}}
        say({"op": "route_to_module", "target_module_id": message["source_module_id"],
             "target_endpoint": "__response__", "request_id": message["original_request_id"],
             "payload": {"data": list(json.dumps(reply).encode()), "format": "Json"}})
"""


async def test_it_waits_for_the_announcement(bare_module: BareModule) -> None:
    async with ReferenceDriver.start(bare_module(SERVES), carriers=()) as module:
        announced = await module.announced()
        assert announced.listen == ""
        assert announced.has("/a")
        assert announced.endpoints[0].methods == ("GET",)
        assert module.announcements == [announced]


async def test_it_brings_requests_and_matches_their_answers(bare_module: BareModule) -> None:
    async with ReferenceDriver.start(bare_module(SERVES), carriers=()) as module:
        asked = [module.http("POST", "/a", body=b"x" * size) for size in range(5)]
        answers = await asyncio.gather(*asked)
        assert [answer.body[0] for answer in answers] == [0, 1, 2, 3, 4]
        assert {answer.status for answer in answers} == {200}


async def test_it_hears_heartbeats_on_every_carrier(bare_module: BareModule) -> None:
    script = """
        channels = [Channel("unix"), Channel("tcp")]
        announce()
        assert hear()["op"] == "heartbeat"
        say({"op": "heartbeat_ack"})
        for channel in channels:
            assert channel.hear() == {"op": "heartbeat"}
            channel.say({"op": "heartbeat_ack"})
        hear()
    """
    async with ReferenceDriver.start(bare_module(script)) as module:
        for carrier in module.carriers:
            assert await module.heartbeat(carrier) >= 0


async def test_it_answers_secrets_and_never_shows_them(bare_module: BareModule) -> None:
    script = """
        say({"op": "get_secret", "name": "KEY"})
        assert hear()["value"] == "open-sesame"
        sys.stderr.write("got it\\n")
        announce()
        hear()
    """
    async with ReferenceDriver.start(
        bare_module(script), carriers=(), secrets={"KEY": "open-sesame"}
    ) as module:
        await module.secret_asked("KEY")
        await module.announced()
        assert module.secrets_asked == ["KEY"]
        assert "open-sesame" not in module.transcript.text()
        assert "open-sesame" not in module.transcript.json_lines()
        assert "open-sesame" in module.transcript.text(redact=False)


async def test_a_secret_that_it_does_not_have_is_named_when_nothing_comes(bare_module: BareModule) -> None:
    script = 'say({"op": "get_secret", "name": "KEY"}); hear()'
    async with ReferenceDriver.start(bare_module(script), carriers=()) as module:
        await module.secret_asked("KEY")
        with pytest.raises(NotSeenError, match=r"the announcement was not seen .* asked for KEY, which"):
            await module.announced(timeout=SHORT)


async def test_it_rotates_secrets(bare_module: BareModule) -> None:
    script = """
        announce()
        rotated = hear()
        say({"op": "get_secret", "name": rotated["keys"][0]})
        status = "success" if hear()["value"] == "the-new-one" else "error"
        say({"op": "rotation_ack", "rotation_id": rotated["rotation_id"], "status": status})
        hear()
    """
    secrets = {"KEY": "the-old-one"}
    async with ReferenceDriver.start(bare_module(script), carriers=(), secrets=secrets) as module:
        await module.announced()
        answer = await module.rotate(["KEY"], secrets={"KEY": "the-new-one"})
        assert (answer.status, answer.message) == ("success", None)
        assert "the-new-one" not in module.transcript.text()


@pytest.mark.parametrize("awaits", [False, True])
async def test_it_answers_the_calls_of_a_module(bare_module: BareModule, awaits: bool) -> None:
    async def slowly(item: dict[str, str]) -> dict[str, object]:
        return {**item, "cents": 1}

    async with ReferenceDriver.start(bare_module(CALLS), carriers=()) as module:
        module.answer("catalog", "price", slowly if awaits else lambda item: {**item, "cents": 1})
        call = await module.called("catalog", "price")
        assert (call.payload, call.notify, call.carrier) == ({"sku": "A1"}, False, "stdio")
        assert await module.logged("{") == '{"sku": "A1", "cents": 1}'
        assert module.calls == [call]


async def test_a_handler_can_answer_with_an_error(bare_module: BareModule) -> None:
    def refuse(_item: object) -> None:
        raise ApplicationError("sold_out", "no tea", [1])

    async with ReferenceDriver.start(bare_module(CALLS), carriers=()) as module:
        module.answer("catalog", "price", refuse)
        assert '"code": "sold_out"' in await module.logged("{")


async def test_a_call_that_nobody_answers_finds_no_module(bare_module: BareModule) -> None:
    async with ReferenceDriver.start(bare_module(CALLS), carriers=()) as module:
        assert ModuleNotFound.fixed_code in await module.logged("{")


async def test_a_handler_that_fails_fails_the_test(bare_module: BareModule) -> None:
    async def drive() -> None:
        async with ReferenceDriver.start(bare_module(CALLS), carriers=()) as module:
            module.answer("catalog", "price", lambda _item: 1 / 0)
            await module.logged("{")

    with pytest.raises(ConformanceError, match="catalog 'price' raised ZeroDivisionError"):
        await drive()


async def test_it_calls_and_notifies_the_module(bare_module: BareModule) -> None:
    async with ReferenceDriver.start(bare_module(IS_CALLED), carriers=()) as module:
        assert await module.call("echo", {"sku": "A1"}) == {"sku": "A1"}
        assert await module.call("echo", None) is None
        with pytest.raises(ApplicationError) as refused:
            await module.call("fail")
        assert (refused.value.code, refused.value.details) == ("sold_out", [1])
        await module.notify("sold", "A1")
        assert await module.logged("noted") == 'noted "A1"'


async def test_it_gives_ports_and_lends_no_services(bare_module: BareModule) -> None:
    script = """
        say({"op": "port_request", "request_id": "q", "specific_port": None})
        port = hear()
        assert port["success"] and port["port"] > 0, port
        say({"op": "service_request", "id": "x", "service_type": "Cache"})
        assert hear()["success"] is False
        announce()
        hear()
    """
    async with ReferenceDriver.start(bare_module(script), carriers=()) as module:
        await module.announced()


async def test_it_tells_how_the_module_ended(bare_module: BareModule) -> None:
    async with ReferenceDriver.start(bare_module(SERVES), carriers=()) as module:
        await module.announced()
        ended = await module.shutdown()
        assert (ended.code, ended.signal) == (0, None)
        assert module.exit is ended


async def test_the_end_of_input_is_another_way_to_end_it(bare_module: BareModule) -> None:
    async with ReferenceDriver.start(bare_module(SERVES + "\n    sys.exit(7)"), carriers=()) as module:
        await module.announced()
        assert (await module.close_input()).code == 7


async def test_a_signal_is_told_by_its_number(bare_module: BareModule) -> None:
    async with ReferenceDriver.start(bare_module(SERVES), carriers=()) as module:
        await module.announced()
        ended = await module.terminate()
        assert (ended.code, ended.signal) == (None, 15)
        assert str(ended) == "was ended by SIGTERM"


async def test_a_wait_ends_when_the_module_does(bare_module: BareModule) -> None:
    script = 'sys.stderr.write("no database\\n"); sys.exit(3)'
    async with ReferenceDriver.start(bare_module(script), carriers=()) as module:
        with pytest.raises(ModuleEndedError) as ended:
            await module.announced()
    assert "exited with code 3 before the announcement was seen" in str(ended.value)
    assert "no database" in str(ended.value)


async def test_a_wait_says_what_was_awaited(bare_module: BareModule) -> None:
    async with ReferenceDriver.start(bare_module("announce(); hear(); hear()"), carriers=()) as module:
        await module.announced()
        with pytest.raises(NotSeenError, match=r"heartbeat_ack on stdio was not seen within 0.3 s"):
            await module.heartbeat("stdio", timeout=SHORT)


async def test_what_the_module_left_running_ends_with_it(bare_module: BareModule, tmp_path: Path) -> None:
    script = f"""
        import subprocess
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        open({str(tmp_path / "child")!r}, "w").write(str(child.pid))
        announce()
        hear()
    """
    async with ReferenceDriver.start(bare_module(script), carriers=()) as module:
        await module.announced()
        await module.close_input()
    child = int((tmp_path / "child").read_text())
    stat = Path(f"/proc/{child}/stat")
    assert not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] == "Z"


async def test_a_module_that_will_not_end_is_killed(
    bare_module: BareModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pywatt.testing.session.STOP_PATIENCE", SHORT)
    script = """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        announce()
        while True:
            time.sleep(600)
    """
    async with ReferenceDriver.start(bare_module(script), carriers=()) as module:
        await module.announced()
    assert module.exit is not None
    assert module.exit.signal == 9


async def test_it_does_not_send_what_the_crate_could_not_read(bare_module: BareModule) -> None:
    async with ReferenceDriver.start(bare_module(SERVES), carriers=()) as module:
        with pytest.raises(ConformanceError, match="what the crate cannot read: value: nothing"):
            await module.send({"op": "secret", "name": "A", "error": "no such secret"})


async def test_a_command_that_does_not_exist_is_named() -> None:
    with pytest.raises(ConformanceError, match="'no-such-command' cannot be started: No such file"):
        async with ReferenceDriver.start(["no-such-command"]):
            pass


def test_a_carrier_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValueError, match="no such carrier: 'smoke'; there are stdio, unix, tcp"):
        ReferenceDriver.start([sys.executable], carriers=["smoke"])  # type: ignore[list-item]


async def test_a_secret_in_our_environment_does_not_reach_the_module(
    bare_module: BareModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "from-the-environment")
    script = 'announce(listen=os.environ.get("KEY", "")); hear()'
    async with ReferenceDriver.start(
        bare_module(script), carriers=(), secrets={"KEY": "from-the-driver"}
    ) as module:
        assert (await module.announced()).listen == ""


COMPILED_LOSES_AN_ANSWER = """
    say({"op": "get_secret", "name": "KEY"})
    hear()
    assert hear()["value"] == "open-sesame"
    announce()
    hear()
"""


async def test_a_compiled_module_hears_the_answer_again_when_it_lost_it(bare_module: BareModule) -> None:
    async with ReferenceDriver.start(
        bare_module(COMPILED_LOSES_AN_ANSWER), carriers=(), secrets={"KEY": "open-sesame"}, compiled=True
    ) as module:
        await module.announced()


async def test_a_compiled_module_is_not_told_twice_what_it_heard(bare_module: BareModule) -> None:
    script = """
        say({"op": "get_secret", "name": "KEY"})
        hear()
        announce()
        assert hear() == {"op": "shutdown"}
    """
    async with ReferenceDriver.start(
        bare_module(script), carriers=(), secrets={"KEY": "open-sesame"}, compiled=True
    ) as module:
        await module.announced()
        assert (await module.shutdown()).code == 0


async def test_the_newest_connection_is_the_channel(bare_module: BareModule) -> None:
    script = """
        first = Channel("tcp")
        second = Channel("tcp")
        first.socket.close()
        announce()
        assert second.hear() == {"op": "heartbeat"}
        second.say({"op": "heartbeat_ack"})
        hear()
    """
    async with ReferenceDriver.start(bare_module(script), carriers=["tcp"]) as module:
        await module.connected("tcp", 2)
        await module.heartbeat("tcp")
        assert module.times_connected("tcp") == 2


async def test_a_connection_can_be_cut(bare_module: BareModule) -> None:
    script = """
        channel = Channel("unix")
        announce()
        assert channel.socket.recv(1) == b""
        channel.connect()
        assert channel.hear() == {"op": "heartbeat"}
        channel.say({"op": "heartbeat_ack"})
        hear()
    """
    async with ReferenceDriver.start(bare_module(script), carriers=["unix"]) as module:
        await module.announced()
        await module.cut("unix")
        await module.connected("unix", 2)
        await module.heartbeat("unix")


async def test_heartbeats_are_pumped_as_long_as_the_block_runs(bare_module: BareModule) -> None:
    script = """
        channel = Channel("tcp")
        announce()
        for number in range(3):
            channel.hear()
            channel.say({"op": "heartbeat_ack"})
        sys.stderr.write("three\\n")
        hear()
    """
    driver = ReferenceDriver.start(bare_module(script), carriers=["tcp"])
    async with driver as module, module.pump("tcp", interval=0.0):
        await module.logged("three")


async def test_a_late_answer_is_no_violation(bare_module: BareModule) -> None:
    script = r"announce(); request = hear(); hear(); answer(request); sys.stderr.write('late\n'); hear()"
    async with ReferenceDriver.start(bare_module(script), carriers=()) as module:
        await module.announced()
        with pytest.raises(NotSeenError):
            await module.http("GET", "/a", timeout=SHORT)
        await module.send({"op": "heartbeat"})
        await module.logged("late")
        assert module.violations == ()


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux tells of the end of a stranger")
def test_a_module_ends_when_the_driver_is_killed(bare_module: BareModule, tmp_path: Path) -> None:
    stubborn = """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        announce()
        while True:
            time.sleep(600)
    """
    driver = f"""
import asyncio
from pywatt.testing import ReferenceDriver

async def main():
    async with ReferenceDriver.start({bare_module(stubborn)!r}, carriers=()) as module:
        await module.announced()
        print(module.pid, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""
    # A killed driver cannot remove its directory.
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", driver]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        module = os.pidfd_open(int(process.stdout.readline()))
        try:
            process.kill()
            readable, _, _ = select.select([module], [], [], 20.0)
            assert readable == [module]
        finally:
            os.close(module)
