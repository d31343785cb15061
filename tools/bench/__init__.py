"""Measures how fast and how small the firmware is; `make bench` and `make size`."""
