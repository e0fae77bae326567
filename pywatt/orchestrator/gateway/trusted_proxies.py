"""Which peers may speak for their own clients."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address


class TrustedProxies:
    """The peers whose `x-forwarded-*` headers are believed.

    Args:
        networks: where they are.
    """

    def __init__(self, networks: Iterable[IPv4Network | IPv6Network]) -> None:
        self._networks = tuple(networks)

    def has(self, peer: str) -> bool:
        """Tell whether a peer is one of them.

        Args:
            peer: its address; anything else, like the empty name of a Unix socket's peer, is none of them.
        """
        if not self._networks:
            return False
        try:
            address = ip_address(peer.partition("%")[0])
        except ValueError:
            return False
        return any(address in network for network in self._networks)

    def shorten(self, chain: str) -> str:
        """Cut a list of addresses to the part that trusted proxies vouch for.

        Args:
            chain: an `x-forwarded-for` that came from a trusted proxy. Each proxy added its own client at the
                end; what stands before the last client that is no proxy may be invented.
        """
        addresses = [part.strip() for part in chain.split(",") if part.strip()]
        for position in range(len(addresses) - 1, -1, -1):
            if not self.has(addresses[position]):
                return ", ".join(addresses[position:])
        return ", ".join(addresses)
