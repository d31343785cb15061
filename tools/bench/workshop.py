"""What all measurements share: servers, certificates, mails, and the programs that are timed."""

import contextlib
import json
import shutil
import ssl
import statistics
import subprocess
import sys
import time
from pathlib import Path

from sandbox.ca import CertificateAuthority
from tree import build_modules, build_tree

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ACCOUNT = "alice@sandbox.test"
PROGRAM_LIMIT_S = 600
HEAP = "256K"  # what the simulated board has


class BenchError(Exception):
    """A measurement could not be made."""


class Workshop:
    """The tools of one run in `folder`; `with` ends its servers.

    `quick` is for tests: everything small and once. `root` is a copy of the firmware as it lies
    on the flash, so that nothing changes in the midst of a run.
    """

    def __init__(self, folder, quick=False):
        self.folder = Path(folder)
        self.quick = quick
        self.root = self.folder / "root"
        self.micropython = str(Path(sys.executable).with_name("micropython"))
        self._stack = contextlib.ExitStack()
        self._works = 0

    def __enter__(self):
        shutil.copytree(build_tree(), self.root)
        shutil.copytree(build_modules(), self.folder / "modules")
        shutil.copytree(ROOT / "firmware" / "mfpmail", self.folder / "firmware" / "mfpmail")
        self.ca = CertificateAuthority(self.folder / "ca")
        server_pem = self.ca.ca_pem.with_name("server.pem")
        self.sink = self.start_server("sink.py", str(server_pem))
        return self

    def __exit__(self, *_):
        self._stack.close()

    def repeats(self, count):
        """Return how often to measure."""
        return 1 if self.quick else count

    def start_server(self, script, *arguments):
        """Start one of the servers beside this file; return the JSON that it prints first."""
        process = subprocess.Popen(
            [sys.executable, str(HERE / script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._stack.callback(process.wait, 10)
        self._stack.callback(process.stdin.close)
        line = process.stdout.readline()
        if not line:
            raise BenchError("%s did not start" % script)
        return json.loads(line)

    def enter(self, context):
        """Keep a context open to the end of the run; return what it gives."""
        return self._stack.enter_context(context)

    def file(self, size_bytes):
        """Return the path of a file of that size; its content says nothing."""
        path = self.folder / ("%d.bin" % size_bytes)
        if not path.exists():
            with open(path, "wb") as file:
                file.truncate(size_bytes)
        return str(path)

    def mail(self, size_bytes=None, text="A scan.\n"):
        """Return a rendered mail, with a file unless None: its path, what a job's record says of
        it, and the `total` bytes on the wire."""
        from mfpmail.core.message import Attachment, Message

        attachments = []
        if size_bytes is not None:
            attachments = [Attachment("scan.pdf", "application/pdf", size_bytes)]
        date, boundary = "Tue, 24 Nov 2026 10:00:00 +0000", "=_" + "0123456789abcdef" * 2
        to, message_id = [ACCOUNT], "<0123456789abcdef@bench.test>"
        sender = ("Scanner", ACCOUNT)
        message = Message(sender, to, "Scan", text, attachments, date, message_id, boundary)
        path, plan = self._spool(message)
        total = message.total_bytes()
        files = [{"size": attachment.size_bytes} for attachment in attachments]
        record = {"plan": plan, "files": files, "bytes_total": total, "smtputf8": False}
        return {"mail": path, "record": record, "size_bytes": size_bytes, "total": total}

    def _spool(self, message):
        self._works += 1
        path = self.folder / ("mail%d" % self._works)
        plan = []
        with open(path, "wb") as file:
            for segment in message.segments():
                if isinstance(segment, int):
                    plan.append(-1 - segment)
                    continue
                file.write(segment)
                if plan and plan[-1] >= 0:
                    plan[-1] += len(segment)
                else:
                    plan.append(len(segment))
        return str(path), plan

    def client(self, runtime, work, heap="8M"):
        """Run programs/client.py; return its JSON with `process_ms`, all its time."""
        return self.run(runtime, "client.py", work, heap)

    def run(self, runtime, program, work, heap="8M"):
        """Run one of the programs under `micropython` or `cpython`; return its JSON."""
        self._works += 1
        path = self.folder / ("work%d.json" % self._works)
        path.write_text(json.dumps({**self._places(runtime), "account": ACCOUNT, **work}))
        command = [sys.executable]
        if runtime == "micropython":
            command = [self.micropython, "-X", "heapsize=" + heap]
        command += [str(HERE / "programs" / program), str(path)]
        started = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, timeout=PROGRAM_LIMIT_S)
        process_ms = (time.perf_counter() - started) * 1000
        if done.returncode or not done.stdout.strip():
            raise BenchError("%s: %s" % (" ".join(command), (done.stdout + done.stderr)[-2000:]))
        return {**json.loads(done.stdout.splitlines()[-1]), "process_ms": process_ms}

    def _places(self, runtime):
        """Return where this runtime finds the firmware and the trust anchor."""
        folder = "modules/lib" if runtime == "micropython" else "firmware"
        places = {"lib": str(self.folder / folder), "boot": str(self.root / "boot.py")}
        return {**places, **self.trust(self.ca.ca_pem)}

    def trust(self, ca_pem):
        """Return the anchor of a CA in both forms."""
        der = self.folder / ("%s.der" % Path(ca_pem).parent.name)
        if not der.exists():
            der.write_bytes(ssl.PEM_cert_to_DER_cert(Path(ca_pem).read_text()))
        return {"ca_pem": str(ca_pem), "trust": str(der)}


def middle(results, key):
    """Return the median: the best would be luck where a wait is now short, now long."""
    return statistics.median(result[key] for result in results)


def ratio(ours, rivals, key, rival_key=None):
    """Return the median of the ratios of pairs that ran one after the other: the machine's speed
    changes within a run, for both alike."""
    pairs = zip(ours, rivals, strict=True)
    return statistics.median(our[key] / rival[rival_key or key] for our, rival in pairs)
