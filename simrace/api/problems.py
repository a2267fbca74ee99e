"""Errors in the form of RFC 9457: application/problem+json."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from simrace.operations import commands

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """What went wrong with a request."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    request_id: str


def problem(request: Request, status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """The answer to a request that cannot be met.

    Args:
        request: Which.
        status: Of HTTP.
        detail: What is wrong and what to do.
        headers: To add to the answer.
    """
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, request_id=request.state.request_id)
    return JSONResponse(body.model_dump(), status, headers, MEDIA_TYPE)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Problems of an address, as OpenAPI describes them."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


def add_handlers(app: FastAPI) -> None:
    """Turn everything that is raised into a problem."""

    @app.exception_handler(HTTPException)
    async def _(request: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers) if error.headers else None
        return problem(request, error.status_code, error.detail, headers)

    @app.exception_handler(RequestValidationError)
    async def _(request: Request, error: RequestValidationError) -> JSONResponse:
        said = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        return problem(request, 422, said)

    @app.exception_handler(Exception)
    async def _(request: Request, error: Exception) -> JSONResponse:
        return problem(request, 500, "A fault of simrace; its log names this request.")

    for kind in commands.KNOWN_ERRORS:

        @app.exception_handler(kind)
        async def _(request: Request, error: Exception) -> JSONResponse:
            # Only the log gets the whole text, because it may name hosts, users and rows.
            first = commands.tell(error).strip().partition("\n")[0]
            return problem(request, 503, first, {"Retry-After": "30"})
