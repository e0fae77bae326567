"""What the shop sells: a FastAPI application, and the price list for the other modules."""

import hashlib
import hmac
from collections import Counter
from typing import Any

from fastapi import FastAPI, HTTPException

from pywatt import ApplicationError, AppState, pywatt_module

PRODUCTS = {
    "A1": {"sku": "A1", "name": "Teapot", "cents": 3450},
    "B2": {"sku": "B2", "name": "Cup", "cents": 890},
    "C3": {"sku": "C3", "name": "Green tea, 100 g", "cents": 1250},
}


@pywatt_module(secrets=["SUPPLIER_KEY"])
async def main(state: AppState) -> FastAPI:
    app = FastAPI(title="Catalog")
    sales: Counter[str] = Counter()

    @app.get("/products")
    async def products() -> list[dict[str, Any]]:
        return list(PRODUCTS.values())

    @app.get("/products/{sku}")
    async def product(sku: str) -> dict[str, Any]:
        if sku not in PRODUCTS:
            raise HTTPException(404, f"no product {sku}")
        return PRODUCTS[sku]

    @app.get("/sales")
    async def sales_so_far() -> dict[str, int]:
        return dict(sales)

    @app.get("/supplier-order/{sku}")
    async def supplier_order(sku: str) -> dict[str, str]:
        """An order to the supplier, signed with a secret that never leaves this module."""
        key = state.secrets["SUPPLIER_KEY"].expose_secret().encode()
        return {"sku": sku, "signature": hmac.new(key, sku.encode(), hashlib.sha256).hexdigest()[:16]}

    @state.on("price")
    async def price(item: dict[str, Any]) -> dict[str, Any]:
        product = PRODUCTS.get(item["sku"])
        if product is None:
            raise ApplicationError(
                "unknown_product", f"the catalog has no {item['sku']}", {"known": sorted(PRODUCTS)}
            )
        return {"sku": product["sku"], "cents": product["cents"]}

    @state.on("sold")
    async def sold(item: dict[str, Any]) -> None:
        sales[item["sku"]] += 1

    return app


if __name__ == "__main__":
    main.run()
