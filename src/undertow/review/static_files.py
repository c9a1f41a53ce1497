"""The desk's own files for browsers: read once, sent with a strong tag, and none but what ships."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from typing import Final

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

router = APIRouter()

KINDS: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "txt": "text/plain; charset=utf-8",
}


@cache
def files() -> dict[str, tuple[bytes, str, str]]:
    """Read every file that ships: body, kind and tag, by its path below `static`."""
    root = resources.files("undertow.review") / "static"
    found: dict[str, tuple[bytes, str, str]] = {}
    waiting = [("", root)]
    while waiting:
        before, folder = waiting.pop()
        for one in folder.iterdir() if folder.is_dir() else ():
            name = f"{before}{one.name}"
            kind = KINDS.get(one.name.rsplit(".", 1)[-1])
            if one.is_dir():
                waiting.append((f"{name}/", one))
            elif kind is not None:
                body = one.read_bytes()
                found[name] = (body, kind, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
    return found


@router.get("/static/{name:path}", name="static")
def static(request: Request, name: str) -> Response:
    """Send a file; a browser asks each time whether it changed."""
    found = files().get(name)
    if found is None:
        raise HTTPException(404)
    body, kind, tag = found
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=kind, headers=headers)
