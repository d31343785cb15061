"""What the whole device takes: its start, its flash, its heap."""

import os
import re
import select
import subprocess
import tempfile
import time
from pathlib import Path

import requests

from bench.workshop import HEAP, ROOT, BenchError, middle
from device import DeviceError, DeviceProcess, free_port
from image import update_image
from sandbox.approve import approve
from sandbox.sandbox import Sandbox
from story import Story, scan_bytes

START_LIMIT_S = 20
_FLOOR_STEP_KB = 8
_FLOOR_FROM_KB, _FLOOR_TO_KB = 96, 320
_FLOOR_MB = 25


def boot(workshop):
    """boot_to_ready_ms: from the start of MicroPython with a littlefs image to the first page."""
    image = workshop.folder / "flash.img"
    update_image(image, workshop.root, {})
    _boot_once(workshop, image)  # the first start of all makes the administrator's password
    results = [_boot_once(workshop, image) for _ in range(workshop.repeats(7))]
    how = "process start to the end of GET /, 256K heap; ready line after %d ms; median of %d"
    values = (middle(results, "ready_ms"), len(results))
    return {"boot_to_ready_ms": (round(middle(results, "page_ms")), how % values)}


def _boot_once(workshop, image):
    port = free_port()
    command = [workshop.micropython, "-X", "heapsize=" + HEAP]
    command += [str(ROOT / "tools" / "flash_boot.py"), str(image)]
    environment = {**os.environ, "MFPMAIL_HTTP_PORT": str(port)}
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
    try:
        _wait_ready(process)
        ready_ms = (time.perf_counter() - started) * 1000
        requests.get("http://127.0.0.1:%d/" % port, timeout=START_LIMIT_S).raise_for_status()
        return {"ready_ms": ready_ms, "page_ms": (time.perf_counter() - started) * 1000}
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _wait_ready(process):
    limit = time.monotonic() + START_LIMIT_S
    said = b""
    while b"ready http" not in said:
        if not select.select([process.stdout], [], [], max(0, limit - time.monotonic()))[0]:
            raise BenchError("the device did not start in time")
        data = os.read(process.stdout.fileno(), 4096)
        if not data:
            raise BenchError("the device did not start: %s" % said.decode(errors="replace"))
        said += data


def sizes(workshop):
    """firmware_mpy_bytes, page_weight_bytes."""
    modules = list(workshop.root.rglob("*.mpy"))
    page = _page_files(workshop.root / "lib" / "mfpmail" / "web" / "static")
    return {
        "firmware_mpy_bytes": (
            sum(path.stat().st_size for path in modules),
            "%d .mpy files, microdot included" % len(modules),
        ),
        "page_weight_bytes": (
            sum(path.stat().st_size for path in page),
            "%d files that the page loads, gzip" % len(page),
        ),
    }


def _page_files(static):
    """Return the compressed files that the first load of the page needs: what its HTML names, and
    what these import."""
    import gzip

    found, waiting = set(), ["index.html"]
    while waiting:
        path = static / (waiting.pop() + ".gz")
        if path in found or not path.exists():
            continue
        found.add(path)
        text = gzip.decompress(path.read_bytes()).decode()
        waiting += re.findall(r'["(](?:/static/|\./)?([\w.-]+\.(?:js|css|svg|png|woff2))', text)
    return found


def resident(workshop):
    """resident_heap_bytes: what the API says is alive in a device that has just started."""
    folder = workshop.folder / "resident"
    with DeviceProcess(folder, "bench-password", workshop.ca.ca_pem, heap=HEAP) as device:
        used = device.client().call("GET", "/api/status")["memory"]["used_bytes"]
    return {"resident_heap_bytes": (used, "live heap in GET /api/status after the start")}


def floor(workshop):
    """heap_floor_device: the smallest heap, in steps of 8K, in which the whole story passes."""
    below, above, failure = _FLOOR_FROM_KB, _FLOOR_TO_KB, "not tried"
    with Sandbox(workshop.folder / "sandbox") as sandbox:
        found = _failure(workshop, sandbox, above)
        if found:
            raise BenchError("the story fails even with %dK: %s" % (above, found))
        while above - below > _FLOOR_STEP_KB:
            middle_kb = (below + above) // 2 // _FLOOR_STEP_KB * _FLOOR_STEP_KB
            found = _failure(workshop, sandbox, middle_kb)
            if found:
                below, failure = middle_kb, found
            else:
                above = middle_kb
    how = "token, %d MB sent and fetched; bisection in steps of %dK; with %dK: %s"
    return {"heap_floor_device": (above, how % (_FLOOR_MB, _FLOOR_STEP_KB, below, failure))}


def _failure(workshop, sandbox, heap_kb):
    """Tell the story with that heap; return how it failed, None if it did not."""
    endpoints = sandbox.endpoints
    scan = scan_bytes(_FLOOR_MB * 1000 * 1000)
    with tempfile.TemporaryDirectory(dir=workshop.folder) as folder:
        ca_pem, heap = endpoints["ca_pem"], "%dK" % heap_kb
        device = DeviceProcess(Path(folder), "bench-password", ca_pem, heap=heap)
        try:
            with device:
                Story(device, endpoints, approve, lambda line: None, scan=scan).tell()
        except (DeviceError, AssertionError, OSError) as error:
            return _cause(str(error))
    return None


def _cause(text):
    """Return what a person needs of a failure: the device's own word for it, where there is one."""
    found = re.search(r"'detail': '([^']+)'", text)
    return found.group(1) if found else " ".join(text.split())[:200]
