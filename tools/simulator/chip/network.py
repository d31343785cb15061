"""Stands in for a chip's `network`: a station that is in the network as soon as it is asked to."""

STA_IF, AP_IF = 0, 1
STAT_IDLE, STAT_CONNECTING, STAT_GOT_IP = 1000, 1001, 1010
_names = ["mpy", "XX"]


class WLAN:
    IF_STA, IF_AP = STA_IF, AP_IF

    def __init__(self, interface=STA_IF):
        self._is_active = False
        self._ssid = None

    def active(self, *is_active):
        if is_active:
            self._is_active = bool(is_active[0])
        return self._is_active

    def connect(self, ssid=None, password=None, bssid=None):
        if not self._is_active:
            raise OSError("Wifi Internal State Error")
        self._ssid = ssid

    def disconnect(self):
        self._ssid = None

    def isconnected(self):
        return self._ssid is not None

    def status(self, what=None):
        if what == "rssi":
            return -50
        return STAT_GOT_IP if self._ssid is not None else STAT_IDLE

    def ifconfig(self):
        address = "127.0.0.1" if self._ssid is not None else "0.0.0.0"
        return (address, "255.0.0.0", address, address)

    def config(self, what=None, **settings):
        return self._ssid if what in ("ssid", "essid") else None


def hostname(*name):
    if name:
        _names[0] = name[0]
    return _names[0]


def country(*code):
    if code:
        _names[1] = code[0]
    return _names[1]
