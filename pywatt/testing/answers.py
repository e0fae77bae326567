"""What a driver gets to know from a module, as values that a test can look at."""

from __future__ import annotations

import json
from typing import Any

from attrs import field, frozen

from pywatt.testing.grammar.judging import Operation


@frozen
class AnnouncedEndpoint:
    """One endpoint of an announcement.

    Args:
        path: as announced.
        methods: as announced.
        auth: as announced, None when it was left out.
    """

    path: str
    methods: tuple[str, ...]
    auth: str | None = None


@frozen
class Announcement:
    """What a module announced.

    Args:
        listen: where it serves HTTP by itself; empty when nowhere.
        endpoints: what it serves.
    """

    listen: str
    endpoints: tuple[AnnouncedEndpoint, ...]

    @classmethod
    def of(cls, fields: dict[str, Any]) -> Announcement:
        """Reads the fields of the operation."""
        endpoints = tuple(
            AnnouncedEndpoint(each["path"], tuple(each["methods"]), each.get("auth"))
            for each in fields["endpoints"]
        )
        return cls(fields["listen"], endpoints)

    def has(self, path: str) -> bool:
        """Whether a path is announced."""
        return any(endpoint.path == path for endpoint in self.endpoints)


@frozen
class HttpAnswer:
    """A module's answer to an HTTP request.

    Args:
        status: the status code.
        headers: as they came.
        body: empty when there was none.
        carrier: what it came on.
    """

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)
    carrier: str

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode()

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: it is none.
        """
        return json.loads(self.body)


@frozen
class RoutedCall:
    """A call that the module made to another one.

    Args:
        target: the called module.
        endpoint: what was called.
        payload: the decoded content; bytes when it is bincode.
        notify: whether no answer is expected.
        request_id: its identifier.
        carrier: what it came on.
    """

    target: str
    endpoint: str
    payload: Any
    notify: bool
    request_id: str
    carrier: str


@frozen
class RotationAnswer:
    """A module's word that it dealt with a rotation.

    Args:
        status: "success" or "error".
        message: why it failed, None when it said nothing.
    """

    status: str
    message: str | None


@frozen
class Identification:
    """A module's word on who it is.

    Args:
        carrier: what it came on.
        connection: the number of the connection on that channel; 0 on stdio.
        module_id: the name it gave.
        source: the name in the message around it, None when there was none.
    """

    carrier: str
    connection: int
    module_id: str
    source: str | None

    @classmethod
    def of(cls, carrier: str, connection: int, operation: Operation) -> Identification:
        """Reads an operation."""
        return cls(carrier, connection, operation.fields["module_id"], operation.metadata.get("source"))
