"""mfpmail: the e-mail controller of a multifunction printer, on MicroPython and CPython."""

__version__ = "0.1.0"
