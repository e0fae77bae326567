"""Listen addresses as the reference crate reads and prints them, but for our stated differences."""

import json
import re
from typing import Any

import pytest

from pywatt.errors import ProtocolError
from pywatt.protocol.listen import TcpAddress, parse_listen

Case = dict[str, Any]

HIGHEST_PORT = 65535


@pytest.fixture
def difference(listen_read_case: Case, differences: dict[str, Any]) -> dict[str, Any] | None:
    """Why we read an address otherwise."""
    for entry in differences["listen_read"]:
        if re.search(entry["text"], listen_read_case["text"]):
            port = re.search(r":([0-9]+)", listen_read_case["text"])
            if entry["kind"] == "Unix" or (port and int(port[1]) <= HIGHEST_PORT):
                return dict(entry)
    return None


def test_a_listen_address_is_read_and_printed_as_by_the_reference(
    listen_read_case: Case, difference: dict[str, Any] | None
) -> None:
    text = listen_read_case["text"]
    value = json.loads(text)
    if difference is None and "error" in listen_read_case:
        with pytest.raises(ProtocolError):
            parse_listen(value)
        return
    address = parse_listen(value)
    printed = json.dumps(str(address), ensure_ascii=False)
    if difference is None:
        assert printed == listen_read_case["printed"]
        assert isinstance(address, TcpAddress) is (listen_read_case["kind"] == "Tcp")
    else:
        assert printed == difference["printed"].get(text, printed)
        assert isinstance(address, TcpAddress) is (difference["kind"] == "Tcp")
