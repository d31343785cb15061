"""ESP32_GENERIC_S3: a module with an ESP32-S3, as on the ESP32-S3-DevKitC-1."""

from mfpmail.hal.esp32.led import ColourLed
from mfpmail.hal.esp32.ports import Ports
from mfpmail.service.overlay import Overlays

NAME = "ESP32_GENERIC_S3"
LED_PIN = 48  # a WS2812; 38 on version 1.1 of the DevKitC-1
BUTTON_PIN = 0  # BOOT, low when pressed


def open_ports():
    """Return the ports of this board; it starts to join its network."""
    ports = Ports(ColourLed(LED_PIN))
    with Overlays(ports.keep_loaded):
        ports.join_network()
    return ports
