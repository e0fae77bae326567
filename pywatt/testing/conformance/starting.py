"""From the first line to the announcement."""

from __future__ import annotations

from typing import Final

from pywatt.protocol.listen import TcpAddress, parse_ip_address, parse_listen
from pywatt.testing import sections
from pywatt.testing.conformance.case import ConformanceCase, NotApplicableError, UnmetError
from pywatt.testing.driver import ReferenceDriver
from pywatt.testing.settings import CarrierName
from pywatt.testing.transcript import FROM_MODULE

STARTUP_FAILURE: Final = 1


def start_cases(carriers: tuple[CarrierName, ...]) -> list[ConformanceCase]:
    """The cases of a start.

    Args:
        carriers: what is offered to the module.
    """
    channels: list[CarrierName] = [name for name in carriers if name != "stdio"]
    says_who_it_is: list[CarrierName] = channels or ["stdio"]
    return [
        ConformanceCase(
            "announce", "announces once, with readable addresses and paths", sections.ANNOUNCE, _announces
        ),
        ConformanceCase(
            "secrets", "asks only for secrets that it was given", sections.SECRETS, _asks_secrets
        ),
        ConformanceCase(
            "plain-http", "serves HTTP at the address that it announced", sections.ANNOUNCE, _serves_plainly
        ),
        *(_connect_case(name) for name in channels),
        *(_identify_case(name) for name in says_who_it_is),
        ConformanceCase(
            "tagged-init",
            "reads an init line that carries its `op`",
            sections.INIT,
            _has_announced,
            alone=True,
            tagged_init=True,
        ),
        ConformanceCase(
            "bad-first-line",
            "ends with code 1 and an empty standard output when the first line is garbage",
            sections.INIT,
            _fails_to_start,
            alone=True,
            first_line=b"this is no init line",
            needs_announcement=False,
        ),
        ConformanceCase(
            "no-first-line",
            "ends with code 1 and an empty standard output when its input ends before the first line",
            sections.INIT,
            _fails_without_input,
            alone=True,
            first_line=b"",
            needs_announcement=False,
        ),
    ]


async def _announces(module: ReferenceDriver) -> None:
    announced = await module.announced()
    address = announced.listen
    if address and not address.startswith("/") and parse_ip_address(address) is None:
        raise UnmetError(f"announced {address!r}, which is no IP:PORT, no absolute path and not empty")
    for endpoint in announced.endpoints:
        if not endpoint.path.startswith("/"):
            raise UnmetError(f"announced the path {endpoint.path!r}, which does not begin with a slash")
        odd = [method for method in endpoint.methods if not method or method != method.upper()]
        if odd:
            raise UnmetError(f"announced the method {odd[0]!r} of {endpoint.path}: methods are upper case")


async def _has_announced(module: ReferenceDriver) -> None:
    await module.announced()


async def _asks_secrets(module: ReferenceDriver) -> None:
    if not module.secrets_asked:
        raise NotApplicableError("it asks for none")
    unknown = module.secrets_unknown
    if unknown:
        raise UnmetError(f"asked for {', '.join(unknown)}, which it was not given")


async def _serves_plainly(module: ReferenceDriver) -> None:
    announced = await module.announced()
    if not announced.listen:
        raise NotApplicableError("it announced no address")
    address = parse_listen(announced.listen)
    if isinstance(address, TcpAddress) and address.port == 0:
        raise UnmetError(f"announced {announced.listen}, which is no port that anybody can connect to")
    await module.http("GET", "/", carrier="http")


def _connect_case(channel: CarrierName) -> ConformanceCase:
    async def connects(module: ReferenceDriver) -> None:
        await module.connected(channel)

    return ConformanceCase(
        f"connect-{channel}", f"connects to the {channel} channel", sections.RECEIVING, connects
    )


def _identify_case(carrier: CarrierName) -> ConformanceCase:
    async def identifies(module: ReferenceDriver) -> None:
        said = await module.identified(carrier)
        if carrier != "stdio" and said.source != module.module_id:
            raise UnmetError(f"the message around identify names the source {said.source!r}")

    expectation = f"says on {carrier} who it is"
    return ConformanceCase(f"identify-{carrier}", expectation, sections.IDENTIFY, identifies)


async def _fails_to_start(module: ReferenceDriver) -> None:
    ended = await module.exited()
    _check_failure(module, str(ended), ended.code)


async def _fails_without_input(module: ReferenceDriver) -> None:
    ended = await module.close_input()
    _check_failure(module, str(ended), ended.code)


def _check_failure(module: ReferenceDriver, ending: str, code: int | None) -> None:
    said = module.transcript.select(lambda entry: entry.direction == FROM_MODULE)
    if said:
        raise UnmetError(f"wrote to {said[0].carrier}")
    if code != STARTUP_FAILURE:
        raise UnmetError(ending)
