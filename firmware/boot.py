# Runs before main.py. Without a threshold the heap fills to its end before the first collection,
# and what stays for ever (modules) ends up scattered among garbage: no large block is free again.
import gc

gc.threshold(8192)
