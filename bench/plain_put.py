"""The floor of an upload: the same framework and server write what comes to a file. `python -m bench.plain_put FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from sync.central.serving import Where, bind

if TYPE_CHECKING:
    from starlette.requests import Request


def main() -> None:
    """Serve until a signal comes."""
    folder = Path(sys.argv[1])

    async def put(request: Request) -> Response:
        with (folder / request.path_params["name"]).open("wb") as file:
            async for part in request.stream():
                file.write(part)
        return Response(status_code=204)

    listening = bind(Where())
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    app = Starlette(routes=[Route("/{name}", put, methods=["PUT"])])
    config = uvicorn.Config(app, http="httptools", ws="none", lifespan="off", log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
