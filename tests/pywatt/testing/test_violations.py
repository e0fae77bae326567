"""What breaks the protocol is found, named, and fails the test."""

from __future__ import annotations

import pytest
from bare_modules import BareModule

from pywatt.testing import ConformanceError, ReferenceDriver, sections

ON_LINES = {
    "a print": ('say("starting up")', "not JSON", sections.LINES),
    "a line without an end": ('sys.stdout.write("{"); sys.exit()', "without an end of line", sections.LINES),
    "an unknown operation": ('say({"op": "hello"})', "'hello'", sections.MODULE_OPERATIONS),
    "a wrong type": ("announce(listen=None)", "null", sections.MODULE_OPERATIONS),
    "a second announcement": ("announce(); announce()", "another announcement", sections.ANNOUNCE),
    "another name": (
        'say({"op": "identify", "module_id": "other", "identify": "other"})',
        "the name 'other'",
        sections.IDENTIFY,
    ),
    "an acknowledgement of nothing": (
        'say({"op": "heartbeat_ack"})',
        "an acknowledgement too many",
        sections.RECEIVING,
    ),
    "an answer to nothing": ('answer({"request_id": "q"})', "the request 'q'", sections.HTTP_ON_STDIO),
    "a rotation of nothing": (
        'say({"op": "rotation_ack", "rotation_id": "r", "status": "success"})',
        "the rotation 'r'",
        sections.ROTATION,
    ),
    "an answer to a call of nobody": (
        'say({"op": "route_to_module", "target_module_id": "b", "target_endpoint": "__response__",'
        ' "request_id": str(uuid.uuid4()), "payload": {"data": [49], "format": "Json"}})',
        "of 'b'",
        sections.CALLS,
    ),
    "an operation of frames": (
        'say({"op": "discover_service_providers", "service_type": "Cache"})',
        "on a line",
        sections.WRAPPING,
    ),
}
IN_FRAMES = {
    "a bare operation": ('channel.frame({"op": "heartbeat_ack"})', "a bare operation", sections.WRAPPING),
    "an announcement": (
        'channel.say({"op": "announce", "listen": "", "endpoints": []})',
        "`announce` on a frame",
        sections.WRAPPING,
    ),
    "an unknown code": ('channel.frame(b"{}", code=4)', "format code 4", sections.FRAMES),
    "no JSON": ('channel.frame(b"\\x00")', "not JSON", sections.FRAMES),
    "no base64": ('channel.frame(b"*", code=3)', "not canonical base64", sections.ENCODED_MESSAGE),
    "a cut header": (
        'channel.socket.sendall(b"\\0\\0"); channel.socket.close()',
        "ends after",
        sections.FRAMES,
    ),
    "a cut payload": (
        'channel.socket.sendall(b"\\0\\0\\0\\x09\\x01{}"); channel.socket.close()',
        "ends after 2 bytes",
        sections.FRAMES,
    ),
    "a length above the limit": (
        'channel.socket.sendall(b"\\xff\\xff\\xff\\xff\\x01")',
        "a frame of 4294967295 bytes",
        sections.FRAMES,
    ),
}


@pytest.mark.parametrize(("statement", "found", "section"), ON_LINES.values(), ids=ON_LINES)
async def test_on_a_line(bare_module: BareModule, statement: str, found: str, section: str) -> None:
    with pytest.raises(ConformanceError) as refused:
        async with ReferenceDriver.start(bare_module(statement + "\nhear()"), carriers=()) as module:
            await module.until(lambda: None, "a violation")
    (violation,) = refused.value.violations
    assert (violation.carrier, violation.section) == ("stdio", section)
    assert found in violation.found


@pytest.mark.parametrize("kind", ["unix", "tcp"])
@pytest.mark.parametrize(("statement", "found", "section"), IN_FRAMES.values(), ids=IN_FRAMES)
async def test_in_a_frame(
    bare_module: BareModule, kind: str, statement: str, found: str, section: str
) -> None:
    script = f"channel = Channel({kind!r}); {statement}\nhear()"
    with pytest.raises(ConformanceError) as refused:
        async with ReferenceDriver.start(bare_module(script)) as module:
            await module.until(lambda: None, "a violation")
    (violation,) = refused.value.violations
    assert (violation.carrier, violation.section) == (kind, section)
    assert found in violation.found


async def test_an_answer_on_another_carrier(bare_module: BareModule) -> None:
    script = 'channel = Channel("tcp"); announce(); answer(channel.hear()); hear()'
    with pytest.raises(ConformanceError, match="the answer to a request on tcp; expected it on the same"):
        async with ReferenceDriver.start(bare_module(script), carriers=["tcp"]) as module:
            await module.http("GET", "/a", carrier="tcp")


async def test_identify_on_standard_output_beside_a_channel(bare_module: BareModule) -> None:
    script = """
        channel = Channel("tcp")
        channel.say({"op": "identify", "module_id": "module", "identify": "module"})
        assert channel.hear() == {"op": "heartbeat"}
        say({"op": "identify", "module_id": "module", "identify": "module"})
        hear()
    """

    async def drive() -> None:
        async with ReferenceDriver.start(bare_module(script), carriers=["tcp"]) as module:
            await module.identified("tcp")
            await module.send({"op": "heartbeat"}, "tcp")
            await module.until(lambda: None, "a violation")

    with pytest.raises(ConformanceError, match="expected it there only without channels"):
        await drive()


async def test_a_second_answer(bare_module: BareModule) -> None:
    script = "announce(); request = hear(); answer(request); answer(request); hear()"

    async def drive() -> None:
        async with ReferenceDriver.start(bare_module(script), carriers=()) as module:
            await module.http("GET", "/a")
            await module.until(lambda: None, "a violation")

    with pytest.raises(ConformanceError, match="expected one for each request"):
        await drive()


async def test_leaving_the_block_fails_for_what_nobody_waited_for(bare_module: BareModule) -> None:
    async def drive() -> None:
        async with ReferenceDriver.start(bare_module(script), carriers=()) as module:
            await module.announced()
            await module.until(lambda: len(module.violations) or None, "the violation")

    script = 'announce(); say("bye"); hear()'
    with pytest.raises(ConformanceError, match="1 violation of the protocol"):
        await drive()


async def test_a_driver_that_is_not_strict_only_collects(bare_module: BareModule) -> None:
    script = 'say("one"); say("two"); announce(); hear()'
    async with ReferenceDriver.start(bare_module(script), carriers=(), strict=False) as module:
        await module.announced()
    assert [violation.text for violation in module.violations] == ["'one'", "'two'"]


async def test_a_violation_shows_a_bounded_text_without_secrets(bare_module: BareModule) -> None:
    script = 'say("open-sesame " + "x" * 100_000); announce(listen=5, name="open-sesame"); hear()'
    secrets = {"KEY": "open-sesame"}
    async with ReferenceDriver.start(
        bare_module(script), carriers=(), secrets=secrets, strict=False
    ) as module:
        await module.until(lambda: len(module.violations) == 2 or None, "two violations")
    first, second = module.violations
    assert "100012 bytes in all" in first.text
    assert len(first.text) < 500
    assert second.place == "listen"
    assert "open-sesame" not in f"{first} {second}"


async def test_a_failure_lists_the_violations_with_place_and_section(bare_module: BareModule) -> None:
    with pytest.raises(ConformanceError) as refused:
        async with ReferenceDriver.start(bare_module("announce(listen=5); hear()"), carriers=()) as module:
            await module.announced()
    assert "1. stdio, listen: the integer 5; expected a string (lifecycle 4" in str(refused.value)
