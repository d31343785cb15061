"""The serial line: a pseudo-terminal that programs such as mpremote open."""

import errno
import os
import pty
import select
import tty

_LOOK_MS = 20  # how often to look whether somebody has opened the line
_CHUNK_BYTES = 4096


class Line:
    """Carries bytes between a Console and whoever has opened `path`.

    What the board says while nobody listens goes to `overheard(bytes)`, and is lost for the line.
    """

    def __init__(self, console, overheard):
        self._console = console
        self._overheard = overheard
        self._master, slave = pty.openpty()
        self.path = os.ttyname(slave)
        tty.setraw(slave)
        os.close(slave)  # from now on the master tells whether anybody is there
        os.set_blocking(self._master, False)
        self._to_client = b""
        self._to_board = b""

    def run(self):
        """Carry bytes until an exception comes from outside."""
        while True:
            listens = self._has_client()
            if not listens:
                self._to_client = b""
            self._to_board += self._console.feed(self._read_client() if listens else b"")
            self._write_board()
            self._write_client()
            self._wait(listens)
            if not self._to_client:
                self._read_board(listens)

    def _wait(self, listens):
        """Wait until there is something to do, or to look for."""
        poller = select.poll()
        if not self._to_client:
            poller.register(self._console.interpreter.terminal, select.POLLIN)
        if listens:
            events = select.POLLIN | (select.POLLOUT if self._to_client else 0)
            poller.register(self._master, events)
        poller.poll(_LOOK_MS)

    def _has_client(self):
        poller = select.poll()
        poller.register(self._master, 0)
        return not poller.poll(0)  # hung up is what it says otherwise

    def _read_client(self):
        return _read(self._master) or b""

    def _read_board(self, listens):
        data = _read(self._console.interpreter.terminal)
        if data == b"":
            return
        data = self._console.reset() if data is None else self._console.take(data)
        if listens:
            self._to_client += data
        else:
            self._overheard(data)

    def _write_client(self):
        self._to_client = _write(self._master, self._to_client)

    def _write_board(self):
        self._to_board = _write(self._console.interpreter.terminal, self._to_board)


def _read(terminal):
    """Return what is there, b"" for nothing, None when the other side is gone."""
    try:
        return os.read(terminal, _CHUNK_BYTES) or None
    except BlockingIOError:
        return b""
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return None


def _write(terminal, data):
    """Write what is taken at once; return the rest."""
    while data:
        try:
            data = data[os.write(terminal, data) :]
        except BlockingIOError:
            return data
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return b""
    return b""
