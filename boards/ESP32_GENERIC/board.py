"""ESP32_GENERIC: a module with an ESP32, with or without PSRAM, as on the ESP32-DevKitC."""

from mfpmail.hal.esp32.led import PlainLed
from mfpmail.hal.esp32.ports import Ports
from mfpmail.service.overlay import Overlays

NAME = "ESP32_GENERIC"
LED_PIN = 2  # what most boards have; the ESP32-DevKitC has no LED to switch
BUTTON_PIN = 0  # BOOT, low when pressed


def open_ports():
    """Return the ports of this board; it starts to join its network."""
    ports = Ports(PlainLed(LED_PIN))
    with Overlays(ports.keep_loaded):
        ports.join_network()
    return ports
