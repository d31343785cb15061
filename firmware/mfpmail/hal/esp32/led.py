"""The LED of a board: a plain one that blinks, or an addressable one that changes its colour."""

from machine import Pin, Timer

_HALF_MS = {"waiting": 1000, "warning": 400, "fault": 120}  # lit and dark for so long each
_COLOURS = {  # red, green, blue; dim, for it lights up day and night
    "ok": (0, 8, 0),
    "waiting": (0, 0, 16),
    "warning": (16, 8, 0),
    "fault": (24, 0, 0),
}


class PlainLed:
    """One colour: dark when off, lit when all is well, blinking the faster the worse it is.

    `pin` is the number of the GPIO; `lit` the level at which the LED shines, 1 or 0.
    """

    def __init__(self, pin, lit=1):
        self._pin = Pin(pin, Pin.OUT, value=1 - lit)
        self._lit = lit
        self._timer = Timer(0)

    def show(self, state):
        """Show off, ok, waiting, warning or fault."""
        self._timer.deinit()
        self._pin.value(1 - self._lit if state == "off" else self._lit)
        if state in _HALF_MS:
            self._timer.init(period=_HALF_MS[state], mode=Timer.PERIODIC, callback=self._turn)

    def _turn(self, _timer):
        self._pin.value(1 - self._pin.value())


class ColourLed:
    """A WS2812 on the GPIO `pin`: green, blue, amber, red for ok, waiting, warning, fault."""

    def __init__(self, pin):
        from neopixel import NeoPixel

        self._pixel = NeoPixel(Pin(pin, Pin.OUT), 1)
        self.show("off")

    def show(self, state):
        """Show off, ok, waiting, warning or fault."""
        self._pixel[0] = _COLOURS.get(state, (0, 0, 0))
        self._pixel.write()
