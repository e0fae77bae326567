"""A FastAPI application, as a module and for uvicorn."""

from fastapi import FastAPI

from pywatt import AppState, pywatt_module

app = FastAPI()


@app.get("/greet/{name}")
async def greet(name: str) -> dict[str, str]:
    return {"hello": name}


@pywatt_module
async def main(state: AppState) -> FastAPI:
    return app
