"""One thread that lands and builds for all requests; waiting jobs are landed as one batch."""

import queue
import shutil
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from ingestion.outcomes import Outcome
from simrace.api.uploads import Upload, open_uploads
from simrace.build.dbt import ParsedProject
from simrace.operations import commands

FILES_A_BATCH = 1_000


@dataclass(frozen=True)
class Job:
    """What one request wants.

    Attributes:
        uploads: Files to land; none for a build alone.
        is_build: Whether it waits for the marts.
        folder: Deleted when the files are landed.
        done: Gets an outcome for each file, or what went wrong.
    """

    uploads: list[Upload]
    is_build: bool
    folder: Path | None = None
    done: "Future[list[Outcome]]" = field(default_factory=Future)

    def delete_files(self) -> None:
        """Delete the received files: they are in the database, or the client sends them again."""
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)


class Lander:
    """Takes jobs from any thread and does them in their order."""

    def __init__(self) -> None:
        self.dbt = threading.Lock()  # held while dbt is at work: it cannot do two things at once in a process
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="lander")

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def submit(self, job: Job) -> "Future[list[Outcome]]":
        """Put a job behind the others."""
        self._jobs.put(job)
        return job.done

    def stop(self) -> None:
        """Finish the waiting jobs, then end."""
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        parsed = ParsedProject()
        with self.dbt:
            commands.prepare(parsed, commands.say_in_log)
        is_last = False
        while not is_last:
            batch, is_last = self._next_batch()
            if batch:
                with self.dbt:
                    _do(batch, parsed)
                    commands.prepare(parsed, commands.say_in_log)

    def _next_batch(self) -> tuple[list[Job], bool]:
        """All waiting jobs, at least one; and whether to end after them."""
        batch: list[Job] = []
        while job := self._jobs.get():
            if job.done.set_running_or_notify_cancel():
                batch.append(job)
            else:  # the client is gone
                job.delete_files()
            if self._jobs.empty() or sum(len(each.uploads) for each in batch) >= FILES_A_BATCH:
                return batch, False
        return batch, True


def _do(batch: list[Job], parsed: ParsedProject) -> None:
    """Land the files of all jobs, answer those that want no more, build once for the others."""
    found: list[list[Outcome]] = [[] for _ in batch]
    try:
        with commands.begin("upload" if any(job.uploads for job in batch) else "collect", commands.say_in_log) as work:
            uploads, counts = [upload for job in batch for upload in job.uploads], list[int]()
            if uploads:
                outcomes = iter(commands.land(work, open_uploads(uploads, counts)))
                sizes = iter(counts)
                found = [[outcome for _ in job.uploads for outcome in islice(outcomes, next(sizes))] for job in batch]
            for job, outcomes_of_job in zip(batch, found, strict=True):
                job.delete_files()
                if not job.is_build:
                    job.done.set_result(outcomes_of_job)
            if any(job.is_build for job in batch) and not (due := commands.due(work)).is_current:
                commands.build_marts(work, selector=due.selector, parsed=parsed)
        for job, outcomes_of_job in zip(batch, found, strict=True):
            if not job.done.done():
                job.done.set_result(outcomes_of_job)
    except Exception as error:
        for job in batch:
            job.delete_files()
            if not job.done.done():
                job.done.set_exception(error)
