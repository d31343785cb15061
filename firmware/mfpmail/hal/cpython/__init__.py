"""Adapters for CPython: host testing, simulation, and running the device on a computer."""
