"""What happens to the printer and the device, kept until the code that tells of it is loaded."""

from mfpmail.service.jobs import SENT

_MAX_WAITING = 16


class Alerts:
    """Events are reported here, by the printer's firmware and by the device itself.

    `service.telling` takes what is `waiting` (`[at, event, detail, state, times]` each) and keeps
    here what must outlive it: `last`, the newest alerts as the API shows them; `folds`, see
    `core.events`, and `next_ms`, when something of them is to be told, 0 for never; `mailed_ms`,
    when alerts were mailed; `dropped`, how many reports were not.

    For `service.timetable` there are `sent` and `failed`, the mails since it looked last; `kept`,
    its record, and whether that is still `unsaved`; `behind_ms`, since when the clock has been
    behind it.
    """

    def __init__(self, device):
        self.waiting = []
        self.last = []
        self.folds = {}
        self.next_ms = 0
        self.mailed_ms = []
        self.dropped = 0
        self.sent = self.failed = 0
        self.kept = self.behind_ms = None
        self.unsaved = self._full = False
        self._device = device
        self._faults = 0
        self._going = []

    def report(self, event, detail="", state="on"):
        """Report an event that `core.events` names, with one line about it; "off" ends it.

        The event "status_mail" asks for a status mail.
        """
        newest = self.waiting[-1] if self.waiting else [0]
        if newest[1:4] == [event, detail, state]:
            newest[4] += 1
        elif len(self.waiting) < _MAX_WAITING:
            self.waiting.append([self._device.clock.now_s(), event, detail, state, 1])
        else:
            self.dropped += 1

    def watch(self):
        """Take note of jobs that have come to their end and of new faults of the storage."""
        for job in self._going:
            if job.state == SENT:
                self.sent += 1
            elif job.finished:
                self.failed += 1
                self.report("job_failed", job.id)
        self._going = [job for job in self._device.outbox.jobs if not job.finished]
        faults = self._device.store.faults
        if len(faults) > self._faults:
            self._faults = len(faults)
            self.report("storage_fault", faults[-1])

    def note_inbox(self):
        """Take note of whether there is room for the next mail."""
        full = self._device.inbox.full
        if full != self._full:
            self._full = full
            self.report("inbox_full", "", "on" if full else "off")
