"""Live memory on both interpreters, for tests that show that something stays bounded."""

import gc

try:
    import tracemalloc
except ImportError:  # MicroPython counts by itself
    tracemalloc = None


def live_bytes():
    """Return the bytes that are in use after a collection."""
    gc.collect()
    if tracemalloc:
        return tracemalloc.get_traced_memory()[0]
    gc.collect()
    return gc.mem_alloc()


def peak_growth(take, inputs, every=1):
    """Call `take` with each of `inputs`; return by how much live memory was above that at the
    start, at most, looked at after each `every` calls. On CPython as well as on MicroPython."""
    if tracemalloc:
        gc.freeze()  # what all the other tests have left is not looked through every time
        tracemalloc.start()
    try:
        start = peak = live_bytes()
        for count, data in enumerate(inputs):
            take(data)
            if count % every == 0:
                peak = max(peak, live_bytes())
        return peak - start
    finally:
        if tracemalloc:
            tracemalloc.stop()
            gc.unfreeze()
