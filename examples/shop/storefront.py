"""What customers see: a Flask application that passes orders on."""

from typing import Any

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from pywatt import ApplicationError, AppState, pywatt_module

PAGE = """<!doctype html>
<title>The pywatt tea shop</title>
<h1>The pywatt tea shop</h1>
<p>Served by Flask in the module <b>{module}</b>, behind <code>{prefix}</code>.</p>
<ul>{products}</ul>
"""


@pywatt_module
def main(state: AppState) -> Flask:
    app = Flask(__name__)

    @app.get("/")
    def index() -> str:
        products = state.call_from_thread("orders", "price_list", None)
        rows = "".join(f"<li>{sku}: {cents / 100:.2f}</li>" for sku, cents in products.items())
        return PAGE.format(module=state.module_id, prefix=request.script_root or "/", products=rows)

    @app.post("/orders")
    def order() -> ResponseReturnValue:
        wanted: dict[str, Any] = request.get_json()
        try:
            placed = state.call_from_thread("orders", "place", wanted, timeout=5.0)
        except ApplicationError as error:
            return jsonify(error=error.code, message=error.message, details=error.details), 422
        return jsonify(placed), 201

    return app


if __name__ == "__main__":
    main.run()
