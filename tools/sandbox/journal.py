"""What happened in the sandbox: one readable line an event, and counters. Never a secret."""

import threading


class Journal:
    """Counts events and hands each line to `write`. May be used from any thread."""

    def __init__(self, write=None):
        self.counters = {
            "token_requests": 0,
            "introspections": 0,
            "smtp_messages": 0,
            "pop3_retrievals": 0,
        }
        self._write = write
        self._lock = threading.Lock()

    def count(self, name):
        """Adds one to a counter."""
        with self._lock:
            self.counters[name] += 1

    def note(self, line):
        """Reports one event in words; control characters of clients are made visible."""
        if self._write:
            line = "".join(c if c.isprintable() else "?" for c in line)
            with self._lock:
                self._write(line)
