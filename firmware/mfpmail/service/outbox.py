"""The queue of mails on flash: a folder for each job, `job.json` in it makes it real.

A job is written files first; its record comes last, so that after a power cut it is there as a
whole or not at all. What is finished keeps its record for a while and loses its files.
"""

import binascii

from mfpmail.core.errors import NO_CAUSE, MailError, StorageError
from mfpmail.service.jobs import (
    HELD,
    QUEUED,
    RETRYING,
    SENDING,
    SENT,
    Job,
    complete,
    cut_off,
    upgrade_1,
    upgrade_2,
)

_VERSION = 3
_UPGRADES = {1: upgrade_1, 2: upgrade_2}
_FOLDER = "outbox"
_MAX_WAITING = 20  # their records are kept in memory
_KEPT_FINISHED = 10
_RESERVE_BYTES = 65536  # tokens and settings must always find room
_MAX_PAUSE_S = 60


class Outbox:
    """All jobs, in the order they came; `on_change` is called when there may be work."""

    def __init__(self, store, random_bytes, on_change):
        self._store = store
        self._files = store.files
        self._random_bytes = random_bytes
        self._on_change = on_change
        self.jobs = []
        self._paused_until_s = 0
        self._load()

    def check_room(self, expected_bytes):
        """Raise MailError `spool_full` when a job of this size cannot be taken now."""
        if len([job for job in self.jobs if not job.finished]) >= _MAX_WAITING:
            raise MailError("spool_full", "There is no room for another job on the device.")
        if expected_bytes + _RESERVE_BYTES >= self._files.free_bytes():
            message = "There is no room for this job on the device."
            raise MailError("spool_full", message, topic="spool_too_small")

    def new_id(self):
        """Return the id of the next job; ids sort in the order the jobs came."""
        last = self.jobs[-1].id if self.jobs else "0-"
        tail = binascii.hexlify(self._random_bytes(3)).decode()
        return "%06d-%s" % (int(last.split("-")[0]) + 1, tail)

    def folder(self, job_id):
        """Return where a job's record and files are stored."""
        return "%s/%s" % (_FOLDER, job_id)

    def add(self, record):
        """Take a job whose files are complete; it survives a power cut from here on."""
        self._save(complete(record))
        job = Job(record, self._read)
        self.jobs.append(job)
        self._on_change()
        return job

    def find(self, job_id):
        """Return the Job, or None."""
        for job in self.jobs:
            if job.id == job_id:
                return job
        return None

    def open_file(self, job_id, name):
        """Return a file of a job, open for reading: its index, or "mail" for the rendered part.
        Raises StorageError."""
        return self._files.open("%s/%s" % (self.folder(job_id), name))

    def next_due(self, now_s):
        """Return the first job that is to be sent now, else one of whose failure its sender is to
        be told, or None."""
        if self._paused_until_s and 0 < self._paused_until_s - now_s <= _MAX_PAUSE_S:
            return None
        self._paused_until_s = 0
        told = None
        for job in self.jobs:
            if job.is_due(now_s):
                return job
            if job.note_due and not told:
                told = job
        return told

    def pause(self, until_s):
        """Let nothing be due for up to a minute: the provider takes no more for now."""
        self._paused_until_s = until_s

    def next_attempt_at(self):
        """Return when there is something to do again (Unix time), or None."""
        if self._paused_until_s:
            return self._paused_until_s
        times = [job.next_attempt_at for job in self.jobs if job.state == RETRYING]
        return min(times) if times else None

    def release_held(self):
        """A token was obtained: everything that waited for it goes on by itself."""
        for job in self.jobs:
            if job.state == HELD:
                self.update(job, state=QUEUED, **NO_CAUSE)
        self._on_change()

    def update(self, job, **changes):
        """Change a job and store it; a finished one loses its mail and its files."""
        if job not in self.jobs:
            return
        record = job.record
        record.update(changes)
        job.note(record)
        self._save(record)
        if job.finished:
            self._drop_files(job)
            self._forget_oldest(job)

    def delete(self, job):
        """Cancel or remove a job; one that is being sent is stopped before its final dot."""
        job.cancelled = True
        self.jobs.remove(job)
        # The record goes first: a power cut in between leaves no job, only files to sweep up.
        self._files.remove(self.folder(job.id) + "/job.json")
        if job.state != SENDING:
            self._files.remove_folder(self.folder(job.id))

    def sweep(self, job):
        """Remove what is left of a job that was deleted while it was being sent."""
        self._files.remove_folder(self.folder(job.id))

    def listing(self):
        """Yield what the API shows of each job."""
        for job in list(self.jobs):
            try:
                yield job.public()
            except StorageError:
                pass  # reported by the store, and no job any more

    def _read(self, job_id):
        record = self._store.load(self.folder(job_id) + "/job.json", _VERSION, _UPGRADES)
        if record is None:
            self.jobs = [job for job in self.jobs if job.id != job_id]
            raise StorageError("storage_failed", "The record of job %s is damaged." % job_id)
        return record

    def _save(self, record):
        self._store.save(self.folder(record["id"]) + "/job.json", _VERSION, record)

    def _load(self):
        self._files.make_folder(_FOLDER)
        told = []
        for name in self._files.names(_FOLDER):
            record = self._store.load(self.folder(name) + "/job.json", _VERSION, _UPGRADES)
            if record:
                told.append(record["notice"])
                if record["state"] == SENDING:
                    self._save(cut_off(record))
                job = Job(record, self._read)
                self.jobs.append(job)
                if job.finished:  # the power may have gone before its files were removed
                    self._drop_files(job)
            else:
                self._sweep_unfinished(name)
        # The power may have gone between a note and the record that there is one.
        for job in [job for job in self.jobs if job.note_due and job.id in told]:
            self.update(job, note_due=False)

    def _sweep_unfinished(self, name):
        """Remove a draft that a power cut interrupted; a damaged record is kept for a look."""
        folder = self.folder(name)
        names = self._files.names(folder)
        if not [n for n in names if n.startswith("job.json.") and not n.endswith(".tmp")]:
            self._files.remove_folder(folder)

    def _drop_files(self, job):
        for name in self._files.names(self.folder(job.id)):
            if name != "job.json":
                self._files.remove("%s/%s" % (self.folder(job.id), name))

    def _forget_oldest(self, latest):
        """What has ended just now stays, however long ago it came, and what failed stays longest:
        somebody is to see it."""
        old = [job for job in self.jobs if job.finished and job is not latest and not job.note_due]
        old = [job for job in old if job.state == SENT] + [job for job in old if job.state != SENT]
        for job in old[: max(0, len(old) + 1 - _KEPT_FINISHED)]:
            self.delete(job)
