"""What the whole device takes: its start, its flash, its heap."""

import gzip
import json
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
# What a file of the page loads with it, and the screens that are loaded when they are looked at.
_NAMED = re.compile(r'(?:"/static/|from "\./)([\w.-]+)"')
_SCREEN = re.compile(r'import\("\./([\w.-]+)"\)')


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
    static = workshop.root / "lib" / "mfpmail" / "web" / "static"
    weights = {path.name[: -len(".gz")]: path.stat().st_size for path in static.glob("*.gz")}
    page = page_files(weights, lambda name: _unpacked(static / (name + ".gz")))
    return {
        "firmware_mpy_bytes": (
            sum(path.stat().st_size for path in modules),
            "%d .mpy files, microdot included" % len(modules),
        ),
        "page_weight_bytes": (
            sum(weights[name] for name in page),
            "first load of the heaviest screen in the heaviest language, %d files, gzip"
            % len(page),
        ),
    }


def _unpacked(path):
    return gzip.decompress(path.read_bytes()).decode()


def page_files(weights, text_of):
    """Return the names of the files that the heaviest first load needs, of `{name: bytes}`: the
    HTML with what it names, one screen with what its script imports, the words of one language.
    """
    page = _with_imports("index.html", text_of)
    screens = [_with_imports(name, text_of) - page for name in _SCREEN.findall(text_of("app.js"))]
    languages = [_with_fallback(n, text_of) for n in weights if re.fullmatch(r"lang-\w+\.json", n)]
    for choices in (screens, languages):
        page |= max(choices, key=lambda names: sum(weights[name] for name in names))
    return page


def _with_imports(first, text_of):
    """Return a file's name with those of the files that are loaded at once with it."""
    found, waiting = set(), [first]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _NAMED.findall(text_of(name))
    return found


def _with_fallback(name, text_of):
    fallback = json.loads(text_of(name)).get("fallback")
    return {name, "lang-%s.json" % fallback} if fallback else {name}


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
