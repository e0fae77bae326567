"""Listen addresses as the reference crate reads and prints them, but for our stated differences."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pywatt.errors import ProtocolError
from pywatt.protocol.listen import TcpAddress, parse_listen

Case = dict[str, Any]

DIFFERENCES = json.loads((Path(__file__).parent / "operation_differences.json").read_text(encoding="utf-8"))
HIGHEST_PORT = 65535


def difference_of(case: Case) -> dict[str, Any] | None:
    for entry in DIFFERENCES["listen_read"]:
        if re.search(entry["text"], case["text"]):
            port = re.search(r":([0-9]+)", case["text"])
            if entry["kind"] == "Unix" or (port and int(port[1]) <= HIGHEST_PORT):
                return dict(entry)
    return None


def test_a_listen_address_is_read_and_printed_as_by_the_reference(listen_read_case: Case) -> None:
    text = listen_read_case["text"]
    value = json.loads(text)
    expected = difference_of(listen_read_case)
    if expected is None and "error" in listen_read_case:
        with pytest.raises(ProtocolError):
            parse_listen(value)
        return
    address = parse_listen(value)
    printed = json.dumps(str(address), ensure_ascii=False)
    if expected is None:
        assert printed == listen_read_case["printed"]
        assert isinstance(address, TcpAddress) is (listen_read_case["kind"] == "Tcp")
    else:
        assert printed == expected["printed"].get(text, printed)
        assert isinstance(address, TcpAddress) is (expected["kind"] == "Tcp")
