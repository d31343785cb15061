# Freezes what `make image BOARD=ESP32_GENERIC_C3` has put into build/: compiled modules.
include("$(PORT_DIR)/boards/manifest.py")
freeze("$(BOARD_DIR)/../../build/ESP32_GENERIC_C3/frozen")
