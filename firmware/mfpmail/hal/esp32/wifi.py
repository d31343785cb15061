"""The way into the network: Wi-Fi by the file `wifi.json` on the flash, the time by SNTP."""

import json

import network

from mfpmail.core.errors import StorageError

PATH = "wifi.json"


def join(files, hostname, print_line):
    """Start to join the network that `wifi.json` names: `{"ssid": …, "password": …, "country": …}`
    ("country", two letters, may be left out).

    It goes on by itself, and again whenever the network was gone. The password is never printed.
    """
    try:
        wanted = json.loads(files.read(PATH) or b"{}")
        ssid, password = wanted.get("ssid"), wanted.get("password")
    except (StorageError, ValueError, AttributeError):
        print_line("wi-fi: %s cannot be read; write it anew" % PATH)
        return
    if not ssid:
        print_line("wi-fi: no network is set; put %s on the flash" % PATH)
        return
    if wanted.get("country"):
        network.country(wanted["country"])
    network.hostname(hostname)  # counts only before connecting
    station = network.WLAN(network.STA_IF)
    station.active(True)
    try:
        station.connect(ssid, password)
    except (OSError, ValueError, TypeError) as error:
        print_line("wi-fi: %s was refused by the radio (%s)" % (ssid, error))
        return
    print_line("wi-fi: joining %s" % ssid)


def set_clock():
    """Ask a time server; say whether it answered. Blocks for a second at most, the look-up of its
    name aside."""
    import ntptime

    try:
        ntptime.settime()
    except (OSError, ValueError, OverflowError):
        return False
    return True
