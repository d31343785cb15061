"""Code that is in memory only while somebody works with it.

On a board without extra RAM the compiled modules take more of the heap than all data. What is
imported at the start stays; what is imported inside a `with overlays:` block is dropped when the
block ends, and loaded from flash again the next time.

    with self._overlays:
        from mfpmail.session.smtp import SmtpSession
        ...

Objects that outlive their block stay valid: a class lives as long as its instances. Where blocks
of two tasks overlap, everything is dropped when the last one ends.
"""

import asyncio
import gc
import sys

_PACKAGE = "mfpmail."


class Overlays:
    """`keep` leaves everything loaded: for CPython and for boards with RAM to spare.

    `turn` is a lock for what needs a connection: a lean board has room for one TLS connection and
    for the code of one direction at a time, so there everybody waits; elsewhere nobody does.
    """

    def __init__(self, keep):
        self._keep = keep
        self._loaded_before = []  # for each block that is open: the names of the modules
        self.turn = _NoLock() if keep else asyncio.Lock()

    def __enter__(self):
        if not self._keep:
            gc.collect()
            self._loaded_before.append(set(sys.modules))
        return self

    def __exit__(self, *_):
        if self._keep:
            return
        before = self._loaded_before.pop()
        for name in [n for n in sys.modules if n not in before]:
            if name.startswith(_PACKAGE):
                _drop(name)
        gc.collect()


def _drop(name):
    """Forget a module; its package refers to it as well."""
    package, _, last = name.rpartition(".")
    del sys.modules[name]
    parent = sys.modules.get(package)
    if parent and hasattr(parent, last):
        delattr(parent, last)


class _NoLock:
    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass
