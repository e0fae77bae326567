"""Heartbeats, requests and messages while a module runs, and what it has to survive."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from typing import Final

from attrs import evolve

from pywatt.errors import CallError, EndpointNotFound
from pywatt.testing import sections
from pywatt.testing.conformance.case import ConformanceCase, NotApplicableError, UnmetError
from pywatt.testing.driver import ReferenceDriver
from pywatt.testing.errors import ConformanceError
from pywatt.testing.grammar.judging import BASE64_CODE, BINARY_CODE
from pywatt.testing.settings import CarrierName

HEARTBEAT: Final = b'{"op":"heartbeat"}'
HEARTBEAT_IN_BASE64: Final = b"eyJvcCI6ImhlYXJ0YmVhdCJ9"
UNKNOWN_OPERATION: Final = b'{"op":"pywatt_conformance_unknown"}'
GARBAGE: Final = b"this is no JSON{"
NOT_UTF_8: Final = b'{"op":"heartbeat\xff"}'
LARGE_BODY: Final = bytes(range(256)) * 1024
UNKNOWN_CODE: Final = 9
LARGEST_LENGTH: Final = 2**32 - 1
SERVER_ERROR: Final = 500


def serving_cases(carriers: tuple[CarrierName, ...], compiled: bool) -> list[ConformanceCase]:
    """The cases of a running module, in the order in which they are run.

    Args:
        carriers: what is offered to the module.
        compiled: whether it is built with the published crate, whose sign of life comes from TCP only.
    """
    channels: list[CarrierName] = [name for name in carriers if name != "stdio"]
    cases = [
        *(_heartbeat_case(name) for name in carriers),
        *(_encoded_heartbeat_case(name, BINARY_CODE, "binary", HEARTBEAT) for name in channels),
        *(_encoded_heartbeat_case(name, BASE64_CODE, "base64", HEARTBEAT_IN_BASE64) for name in channels),
        *(_http_case(name) for name in carriers),
        *(_large_case(name) for name in carriers),
        *(_call_case(name) for name in carriers),
        ConformanceCase(
            "rotation", "asks again for a rotated secret and acknowledges", sections.ROTATION, _rotates
        ),
    ]
    for name in carriers:
        sign_of_life: CarrierName = "tcp" if compiled and name == "stdio" else name
        cases.append(
            _survival_case("unknown-op", "an unknown operation", name, UNKNOWN_OPERATION, sign_of_life)
        )
        cases.append(_survival_case("garbage", "what is no JSON", name, GARBAGE, sign_of_life))
        not_utf_8 = _survival_case("not-utf-8", "what is not UTF-8", name, NOT_UTF_8, sign_of_life)
        cases.append(evolve(not_utf_8, alone=True))
    for name in channels:
        cases += [_reconnect_case(name), _identify_again_case(name)]
    cases += [_unknown_code_case(name) for name in channels]
    cases += [_oversized_case(name) for name in channels]
    return cases


def only_protocol_case() -> ConformanceCase:
    """The case that comes after all others on the same process."""
    expectation = "wrote nothing but the protocol to its end, on all carriers"
    return ConformanceCase(
        "only-protocol", expectation, sections.SERIALISATION, _spoke_only_protocol, needs_announcement=False
    )


async def _spoke_only_protocol(module: ReferenceDriver) -> None:
    with contextlib.suppress(ConformanceError):  # how it ends is for other cases
        await module.close_input()
    if module.violations:
        raise ConformanceError.of(module.violations)


def _heartbeat_case(carrier: CarrierName) -> ConformanceCase:
    async def answers(module: ReferenceDriver) -> None:
        await module.heartbeat(carrier)

    expectation = f"acknowledges a heartbeat on {carrier}, there"
    return ConformanceCase(f"heartbeat-{carrier}", expectation, sections.RECEIVING, answers)


def _encoded_heartbeat_case(channel: CarrierName, code: int, form: str, payload: bytes) -> ConformanceCase:
    async def answers(module: ReferenceDriver) -> None:
        await module.raw_heartbeat(payload, channel, code=code)

    expectation = f"acknowledges a heartbeat in a frame of code {code} on {channel}"
    return ConformanceCase(f"heartbeat-{form}-{channel}", expectation, sections.FRAMES, answers)


def _http_case(carrier: CarrierName) -> ConformanceCase:
    async def answers(module: ReferenceDriver) -> None:
        announced = await module.announced()
        targets = (_served_path(module), f"/pywatt-conformance/{uuid.uuid4()}")
        answers = await asyncio.gather(*(module.http("GET", target, carrier=carrier) for target in targets))
        if answers[0].status >= SERVER_ERROR:
            raise UnmetError(f"GET {targets[0]} was answered with {answers[0].status}")
        if not announced.listen:
            return
        for target, answer in zip(targets, answers, strict=True):
            plain = await module.http("GET", target, carrier="http")
            if plain.status != answer.status:
                raise UnmetError(f"GET {target}: {answer.status}, but {plain.status} by plain HTTP")

    expectation = f"answers requests on {carrier} as it does by plain HTTP"
    section = sections.HTTP_ON_STDIO if carrier == "stdio" else sections.WRAPPING
    return ConformanceCase(f"http-{carrier}", expectation, section, answers)


def _large_case(carrier: CarrierName) -> ConformanceCase:
    async def answers(module: ReferenceDriver) -> None:
        await module.http("POST", f"/pywatt-conformance/{uuid.uuid4()}", body=LARGE_BODY, carrier=carrier)

    expectation = f"answers a request of {len(LARGE_BODY)} bytes on {carrier}"
    return ConformanceCase(f"large-request-{carrier}", expectation, sections.LINES, answers)


def _call_case(carrier: CarrierName) -> ConformanceCase:
    async def refuses(module: ReferenceDriver) -> None:
        try:
            result = await module.call(f"pywatt_conformance_{uuid.uuid4().hex}", carrier=carrier)
        except EndpointNotFound:
            return
        except CallError as error:
            raise UnmetError(f"the call was answered with the error {error.code!r}") from None
        raise UnmetError(f"the call was answered with {result!r}")

    expectation = f"answers a call of an unknown message endpoint on {carrier} with `endpoint_not_found`"
    return ConformanceCase(f"call-{carrier}", expectation, sections.CALLS, refuses)


async def _rotates(module: ReferenceDriver) -> None:
    if not module.secrets_asked:
        raise NotApplicableError("it asks for no secret")
    name = module.secrets_asked[0]
    times = module.secrets_asked.count(name)
    answer = await module.rotate([name])
    if answer.status != "success":
        raise UnmetError(f"acknowledged with {answer.status!r}: {answer.message}")
    if module.secrets_asked.count(name) == times:
        raise UnmetError("acknowledged without asking again")


def _survival_case(
    kind: str, what: str, carrier: CarrierName, data: bytes, sign_of_life: CarrierName
) -> ConformanceCase:
    async def survives(module: ReferenceDriver) -> None:
        await module.send_raw(data, carrier)
        await module.heartbeat(sign_of_life)

    expectation = f"passes over {what} on {carrier}"
    return ConformanceCase(f"{kind}-{carrier}", expectation, sections.RECEIVING, survives)


def _reconnect_case(channel: CarrierName) -> ConformanceCase:
    async def reconnects(module: ReferenceDriver) -> None:
        await module.connected(channel)
        times = module.times_connected(channel)
        await module.cut(channel)
        await module.connected(channel, times + 1)
        await module.heartbeat(channel)

    expectation = f"connects again when {channel} is cut, and goes on"
    return ConformanceCase(f"reconnect-{channel}", expectation, sections.RECONNECTING, reconnects)


def _identify_again_case(channel: CarrierName) -> ConformanceCase:
    async def identifies(module: ReferenceDriver) -> None:
        if module.times_connected(channel) < 2:
            raise NotApplicableError("it has not connected again")
        await module.identified(channel)

    expectation = f"says on the new connection of {channel} who it is"
    return ConformanceCase(f"identify-again-{channel}", expectation, sections.RECONNECTING, identifies)


def _unknown_code_case(channel: CarrierName) -> ConformanceCase:
    async def survives(module: ReferenceDriver) -> None:
        await module.send_raw(HEARTBEAT, channel, code=UNKNOWN_CODE)
        await module.heartbeat(channel)

    expectation = f"passes over a frame of an unknown format code on {channel}"
    return ConformanceCase(f"unknown-code-{channel}", expectation, sections.FRAMES, survives, alone=True)


def _oversized_case(channel: CarrierName) -> ConformanceCase:
    async def refuses(module: ReferenceDriver) -> None:
        await module.connected(channel)
        times = module.times_connected(channel)
        await module.send_raw(HEARTBEAT, channel, length=LARGEST_LENGTH)
        await module.connected(channel, times + 1)
        await module.heartbeat(channel)

    expectation = f"closes {channel} at a frame of 4 GiB, and connects again"
    return ConformanceCase(f"oversized-{channel}", expectation, sections.LIMITS, refuses, alone=True)


def _served_path(module: ReferenceDriver) -> str:
    """A path that can be asked for as it was announced."""
    paths = [
        endpoint.path
        for announced in module.announcements
        for endpoint in announced.endpoints
        if "GET" in endpoint.methods and not set(":*{<") & set(endpoint.path)
    ]
    return "/health" if "/health" in paths or not paths else paths[0]
