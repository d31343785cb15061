"""What is asked of a provider, with code that is loaded for the asking only."""

import asyncio


class Exchange:
    """`open_http()` returns the HTTP port. `turn` is the lock for what needs a connection; see
    Overlays. `starting` and `refreshing` are locks as well: one flight at a time."""

    def __init__(self, overlays, open_http, random_bytes):
        self.overlays = overlays
        self.turn = overlays.turn
        self.open_http = open_http
        self.random_bytes = random_bytes
        self.starting = asyncio.Lock()
        self.refreshing = asyncio.Lock()

    def chance(self):
        """Return a random byte."""
        return self.random_bytes(1)[0]

    async def call(self, name, keeper, *arguments):
        """Call a function of `service.calls` for the token of a keeper, within `turn`."""
        with self.overlays:
            from mfpmail.service import calls

            return await getattr(calls, name)(self, *keeper.asking(), *arguments)
