"""All that a chip has and the unix port lacks; once imported it stays in memory."""

import esp32
import lan
import machine
import neopixel
import network

__all__ = ["esp32", "lan", "machine", "neopixel", "network"]
