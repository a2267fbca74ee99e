"""One thread that lands and builds for all requests: what waits is landed as one batch."""

import queue
import shutil
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from ingestion import commands
from ingestion.api.uploads import Upload, open_uploads
from ingestion.landed import Outcome

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
        """Delete what was received: it is in the database, or the client sends it again."""
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)


class Lander:
    """Takes jobs from any thread; they are done in their order."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="lander")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def submit(self, job: Job) -> "Future[list[Outcome]]":
        """Put a job behind the others."""
        self._jobs.put(job)
        return job.done

    def stop(self) -> None:
        """Do what waits, then end."""
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        is_last = False
        while not is_last:
            batch, is_last = self._next_batch()
            if batch:
                _do(batch)

    def _next_batch(self) -> tuple[list[Job], bool]:
        """What waits, at least one job; and whether it is the end."""
        batch: list[Job] = []
        while job := self._jobs.get():
            if job.done.set_running_or_notify_cancel():
                batch.append(job)
            else:  # nobody waits for it any more
                job.delete_files()
            if self._jobs.empty() or sum(len(each.uploads) for each in batch) >= FILES_A_BATCH:
                return batch, False
        return batch, True


def _do(batch: list[Job]) -> None:
    """Land the files of all jobs, answer those that want no more, build once for the others."""
    found: list[list[Outcome]] = [[] for _ in batch]
    try:
        with commands.held("upload" if any(job.uploads for job in batch) else "collect", commands.say_in_log) as work:
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
                commands.build(work, selector=due.selector)
        for job, outcomes_of_job in zip(batch, found, strict=True):
            if not job.done.done():
                job.done.set_result(outcomes_of_job)
    except Exception as error:
        for job in batch:
            job.delete_files()
            if not job.done.done():
                job.done.set_exception(error)
