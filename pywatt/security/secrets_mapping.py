"""The secrets of a module by name, as its author reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pywatt.security.secret import Secret
from pywatt.security.secret_client import SecretClient


class SecretNotDeclaredError(KeyError):
    """A secret that was neither declared nor fetched.

    Args:
        name: its name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return (
            f"secret {self.name!r} was not asked for: declare it with "
            f"@pywatt_module(secrets=[{self.name!r}]), "
            f"or fetch it with `await state.secret_client.get_secret({self.name!r})`"
        )


class Secrets(Mapping[str, Secret[str]]):
    """What was declared at the start, and what was fetched since.

    Args:
        client: what fetches them.
        declared: the values at the start.
        follow_rotations: whether a declared name shows its newest value, or the one of the start.
    """

    def __init__(
        self, client: SecretClient, declared: Mapping[str, Secret[str]], *, follow_rotations: bool
    ) -> None:
        self._client = client
        self._declared = dict(declared)
        self._follow_rotations = follow_rotations

    def __getitem__(self, name: str) -> Secret[str]:
        if name in self._declared and not self._follow_rotations:
            return self._declared[name]
        secret = self._client.latest(name) or self._declared.get(name)
        if secret is None:
            raise SecretNotDeclaredError(name)
        return secret

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._declared, *self._client.names()]))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"Secrets({', '.join(self)})"
