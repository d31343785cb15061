"""A simulated board as a process, for tests and measurements."""

import subprocess
import sys
import threading
import time
from pathlib import Path

from device import DeviceClient, DeviceError, free_port

SIM = Path(__file__).resolve().parent.parent / "sim.py"
START_LIMIT_S = 60  # its image may have to be built first


class SimulatedBoard:
    """`with SimulatedBoard(...) as board:` runs tools/sim.py; then `serial` is the path of its
    line, `url` the address of its pages, `lines` what was printed. Raises DeviceError."""

    def __init__(self, name, state, *arguments, heap=None, ca_pem=None, password=None):
        self.name = name
        self.state = Path(state)
        self.password = password
        self.port = free_port()
        self.url = "http://127.0.0.1:%d" % self.port
        self.serial = None
        self.lines = []
        self._arguments = [*arguments, *(["--heap", heap] if heap else [])]
        self._arguments += ["--trust-anchor", str(ca_pem)] if ca_pem else []
        self._process = None
        self._heard = threading.Condition()

    def __enter__(self):
        self.state.mkdir(parents=True, exist_ok=True)
        if self.password:
            file = self.state / "admin-password"
            file.write_text(self.password)
            self._arguments += ["--admin-password-file", str(file)]
        command = [sys.executable, str(SIM), self.name, "--state", str(self.state)]
        command += ["--http-port", str(self.port), *self._arguments]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
        threading.Thread(target=self._read, args=[self._process], daemon=True).start()
        try:
            self.serial = self.wait_for_line("serial: ").split()[-1]
            self.wait_for_line("ready http")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def client(self):
        """Return a signed-in client; the board must have been given a password."""
        client = DeviceClient(self.url)
        client.sign_in(self.password)
        return client

    def wait_for_line(self, text, after=0, limit_s=START_LIMIT_S):
        """Return the first line with `text`, not counting the first `after` lines of all."""
        end_s = time.monotonic() + limit_s
        with self._heard:
            while True:
                found = [line for line in self.lines[after:] if text in line]
                if found:
                    return found[0]
                left_s = end_s - time.monotonic()
                if self._process.poll() is not None or left_s <= 0:
                    said = "\n".join(self.lines[-30:])
                    raise DeviceError("The board did not say %r:\n%s" % (text, said))
                self._heard.wait(min(left_s, 0.5))

    def _read(self, process):
        for line in process.stdout:
            with self._heard:
                self.lines.append(line.rstrip("\n"))
                self._heard.notify_all()
