"""ESP32_GENERIC_C3: a module with an ESP32-C3, as on the ESP32-C3-DevKitM-1."""

from mfpmail.hal.esp32.led import ColourLed
from mfpmail.hal.esp32.ports import Ports
from mfpmail.service.overlay import Overlays

NAME = "ESP32_GENERIC_C3"
LED_PIN = 8  # a WS2812
BUTTON_PIN = 9  # BOOT, low when pressed


def open_ports():
    """Return the ports of this board; it starts to join its network."""
    ports = Ports(ColourLed(LED_PIN))
    with Overlays(ports.keep_loaded):
        ports.join_network()
    return ports
