"""A board out of a process and two pseudo-terminals; the chip's own modules are in chip/."""
