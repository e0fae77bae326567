"""Takes orders: a plain worker without a web application."""

from dataclasses import dataclass
from itertools import count
from typing import Any

from pywatt import AppState, pywatt_module

SOLD = ("A1", "B2", "C3")


@dataclass
class Order:
    sku: str
    quantity: int


@pywatt_module
async def main(state: AppState) -> None:
    numbers = count(1)

    @state.on("place")
    async def place(order: Order) -> dict[str, Any]:
        # A print cannot disturb the protocol: it goes to the log.
        print(f"packing {order.quantity} x {order.sku}")
        price = await state.call("catalog", "price", {"sku": order.sku}, timeout=2.0)
        placed = {"order": next(numbers), "sku": order.sku, "total_cents": price["cents"] * order.quantity}
        entry = await state.call("ledger", "record", placed, timeout=2.0)
        await state.notify("catalog", "sold", {"sku": order.sku})
        return {**placed, "ledger_entry": entry["entry"]}

    @state.on("price_list")
    async def price_list() -> dict[str, int]:
        prices = {}
        for sku in SOLD:
            price = await state.call("catalog", "price", {"sku": sku}, timeout=2.0)
            prices[sku] = price["cents"]
        return prices


if __name__ == "__main__":
    main.run()
