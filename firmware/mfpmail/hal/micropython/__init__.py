"""Adapters for MicroPython with sockets and `tls`: the unix port, and boards with Wi-Fi."""
