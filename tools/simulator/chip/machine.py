"""Stands in for a chip's `machine`: pins and timers that do nothing, a reset that is one."""

import os

PWRON_RESET = 1


class Pin:
    IN, OUT, OPEN_DRAIN = 1, 3, 7
    PULL_UP, PULL_DOWN = 2, 1
    IRQ_RISING, IRQ_FALLING = 1, 2

    def __init__(self, number, mode=-1, pull=-1, value=1):
        self._level = value

    def init(self, mode=-1, pull=-1, value=1):
        self._level = value

    def value(self, *level):
        if not level:
            return self._level
        self._level = level[0]
        return None

    __call__ = value

    def irq(self, handler=None, trigger=3):
        pass


class Timer:
    ONE_SHOT, PERIODIC = 0, 1

    def __init__(self, number):
        pass

    def init(self, mode=1, period=-1, callback=None, freq=-1):
        pass

    def deinit(self):
        pass


def reset():
    os.system("kill -KILL $PPID")


def reset_cause():
    return PWRON_RESET


def unique_id():
    return b"\x02\x00\x00\x00\x00\x01"


def freq(*_hz):
    return 160000000
