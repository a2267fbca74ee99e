"""The addresses of the API."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import datetime
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from pydantic import BaseModel, Field
from starlette.types import ASGIApp

from ingestion.outcomes import Outcome, State
from ingestion.settings import home_directory
from ingestion.warehouse import read_formats
from simrace.api.gate import UPLOAD_PATH, Gate
from simrace.api.lander import Job, Lander
from simrace.api.live import Pushed, add_live_routes
from simrace.api.live_page import add_live_page
from simrace.api.page import CONTENT_POLICY, render
from simrace.api.predictions import AskedForecast, ForecastAnswer, Forecaster
from simrace.api.problems import Problem, add_handlers, responses
from simrace.api.settings import Settings
from simrace.api.uploads import name_of, prepare, receive
from simrace.api.watch import Watch
from simrace.database.connection import connection_parameters
from simrace.database.roles import become_reader
from simrace.operations.commands import say_in_log
from simrace.operations.freshness import read_freshness
from simrace.operations.metrics import CONTENT_TYPE, metrics_text
from simrace.operations.status import read_status

ROWS_AT_MOST = 10_000
RACES_AT_MOST = 1_000
EVERYWHERE = (401, 403, 408, 429, 500)

_SAMPLES = """
select jsonb_strip_nulls(to_jsonb(samples))
from marts.file_quality as files
join marts.fct_telemetry_samples as samples
    on files.session_id = samples.session_id and files.file_rank = samples.file_rank
where files.file_id = %s
order by samples.elapsed_s
limit %s
"""
_FORM = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["files"],
                "additionalProperties": False,
                "properties": {
                    "modified_at": {
                        "type": "string",
                        "format": "date-time",
                        "description": "When the file after it was last changed; else it is dated by its arrival.",
                    },
                    "files": {
                        "type": "array",
                        "minItems": 1,
                        "items": {"type": "string", "format": "binary"},
                        "description": "Files as `simrace land` takes them, archives too.",
                    },
                },
            }
        }
    },
}


class UploadedFile(BaseModel):
    """What became of one file, or of one member of an archive."""

    name: str = Field(description="As it was sent; of a member, with the archive's name.")
    state: State
    file_id: str | None = Field(description="SHA-256 of its bytes; null when they could not be read.")
    format: str | None = Field(description="Null when it was refused.")
    bytes: int
    reason: str | None = Field(description="Why it was refused.")
    detail: str | None = Field(description="What was seen when it was refused.")
    rows: list[dict[str, Any]] | None = Field(description="Its first samples, where they were asked for.")


class UploadAnswer(BaseModel):
    """What became of the files."""

    files: list[UploadedFile]
    is_built: bool = Field(description="Whether the marts hold them already.")


class Races(BaseModel):
    """Which races."""

    subsession_ids: Annotated[
        list[Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,100}$")]],
        Field(min_length=1, max_length=RACES_AT_MOST, description="As marts.ml_training_data has them."),
    ]


class Key(BaseModel):
    """Key of a row of marts.ml_training_data."""

    subsession_id: str
    cust_id: str


class TrainingAnswer(BaseModel):
    """The rows that the training table has of the races now."""

    races: int = Field(description="Races with a row.")
    rows: int
    keys: list[Key]
    without_rows: list[str] = Field(description="Races given of which there is no row: not landed, or no main race.")


class Health(BaseModel):
    """The database answers."""

    database: str
    last_load_at: datetime | None = Field(
        description="When the newest content was landed (UTC), as the last build saw it; null before a build."
    )
    freshness: str | None = Field(description="pass, warn or error, as dbt source freshness judges; null without data.")


def create_app(settings: Settings, watch: Watch | None = None) -> ASGIApp:
    """The application, behind its gate.

    Args:
        settings: From `read_settings`.
        watch: What the page Live shows; who ends the server tells it, because its answers have no end.
    """
    lander, pushed = Lander(), Pushed()

    @asynccontextmanager
    async def live(_: FastAPI) -> AsyncIterator[None]:
        prepare()
        lander.start()
        yield
        await run_in_threadpool(pushed.stop)
        await run_in_threadpool(lander.stop)

    app = FastAPI(
        title="simrace",
        summary="Push files of sims, build the training table, ask how the warehouse is.",
        version="1",
        docs_url=None,
        redoc_url=None,
        lifespan=live,
        responses=responses(*EVERYWHERE),
    )
    add_handlers(app)
    _add_routes(app, lander, Forecaster(lander.dbt))
    add_live_routes(app, pushed)
    add_live_page(app, watch or Watch())
    _describe(app, bool(settings.token))
    return Gate(app, settings)


def _add_routes(app: FastAPI, lander: Lander, forecaster: Forecaster) -> None:
    @app.post(
        UPLOAD_PATH, openapi_extra={"requestBody": _FORM}, responses=responses(400, 413, 415, 422, 503, 507)
    )  # fmt: skip
    async def upload(
        request: Request,
        rows: Annotated[int, Query(ge=0, le=ROWS_AT_MOST, description="Samples of each file to answer with.")] = 0,
        build: Annotated[bool, Query(description="Wait until the marts hold the files; implied by rows.")] = False,
    ) -> UploadAnswer:
        """Land files, as `simrace land` does; the answer comes when the database has them."""
        is_build = build or rows > 0
        folder, uploads = await receive(request)
        outcomes = await asyncio.wrap_future(lander.submit(Job(uploads, is_build, folder)))
        return UploadAnswer(files=await run_in_threadpool(_describe_files, outcomes, rows), is_built=is_build)

    @app.post("/api/v1/collect/training-data", responses=responses(400, 413, 415, 422, 503))
    async def collect_training_data(races: Races) -> TrainingAnswer:
        """Build the marts, as `simrace build` does, and name the rows of these races in marts.ml_training_data."""
        await asyncio.wrap_future(lander.submit(Job([], is_build=True)))
        return await run_in_threadpool(_describe_races, races.subsession_ids)

    @app.post("/api/v1/predict", responses=responses(400, 409, 413, 415, 422, 503))
    def predict(asked: AskedForecast) -> ForecastAnswer:
        """Say how a race ends that has not been run, by what is known now; the words are kept in marts.predictions."""
        return forecaster.answer(asked)

    @app.get("/health", responses=responses(503))
    def health() -> Health:
        """Whether the database answers, and how old the newest content is."""
        with closing(connection_parameters(say_in_log).connect()) as connection:
            fresh = read_freshness(connection)
        return Health(
            database="answers",
            last_load_at=fresh.newest_at if fresh else None,
            freshness=fresh.status if fresh else None,
        )

    @app.get("/metrics", response_class=PlainTextResponse, responses=responses(503))
    def metrics() -> Response:
        """The state of the warehouse for Prometheus, as `simrace metrics` writes it."""
        with closing(connection_parameters(say_in_log).connect()) as connection:
            status = read_status(connection, home_directory())
        return Response(metrics_text(status), media_type=CONTENT_TYPE)

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(render(app.openapi()), headers={"Content-Security-Policy": CONTENT_POLICY})


def _describe_files(outcomes: list[Outcome], rows: int) -> list[UploadedFile]:
    ids = [outcome.file_id for outcome in outcomes if outcome.file_id and not outcome.refusal]
    formats: dict[str, str] = {}
    samples: dict[str, list[dict[str, Any]]] = {}
    with closing(connection_parameters(say_in_log).connect()) as connection:
        if ids:
            formats = read_formats(connection, ids)
        if rows:
            become_reader(connection)
            with connection, connection.cursor() as cursor:
                for file_id in dict.fromkeys(ids):
                    cursor.execute(_SAMPLES, (file_id, rows))
                    samples[file_id] = [row for (row,) in cursor]
    return [
        UploadedFile(
            name=name_of(outcome),
            state=outcome.state,
            file_id=outcome.file_id,
            format=formats.get(outcome.file_id or ""),
            bytes=outcome.file_bytes,
            reason=str(outcome.refusal.reason) if outcome.refusal else None,
            detail=outcome.refusal.detail if outcome.refusal else None,
            rows=samples.get(outcome.file_id or "", []) if rows else None,
        )
        for outcome in outcomes
    ]


def _describe_races(subsession_ids: list[str]) -> TrainingAnswer:
    with closing(connection_parameters(say_in_log).connect()) as connection:
        become_reader(connection)
        with connection, connection.cursor() as cursor:
            cursor.execute(
                "select subsession_id, cust_id from marts.ml_training_data where subsession_id = any(%s) order by 1, 2",
                (subsession_ids,),
            )
            keys = [Key(subsession_id=subsession_id, cust_id=cust_id) for subsession_id, cust_id in cursor]
    found = {key.subsession_id for key in keys}
    missing = [each for each in dict.fromkeys(subsession_ids) if each not in found]
    return TrainingAnswer(races=len(found), rows=len(keys), keys=keys, without_rows=missing)


def _describe(app: FastAPI, has_token: bool) -> None:
    """Add to the specification what FastAPI does not know: the gate's token, and the shape of problems."""
    specification = app.openapi()
    components = specification.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
    if has_token:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        for path, methods in specification["paths"].items():
            for operation in methods.values() if path.startswith("/api/") else ():
                operation["security"] = [{"token": []}]
