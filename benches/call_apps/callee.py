"""Gives back what it is sent."""

from typing import Any

from pywatt import AppState, pywatt_module


@pywatt_module
async def main(state: AppState) -> None:
    @state.on("echo")
    async def echo(content: Any) -> Any:
        return content
