"""What the crate module calls in the bench: a Python module with one endpoint."""

from pywatt import AppState, pywatt_module


@pywatt_module
async def main(state: AppState) -> None:
    @state.on("price")
    async def price(item: dict) -> dict:
        return {"sku": item["sku"], "cents": 1250}
