# The official board of this name, with mfpmail frozen; boards/README.md tells how to build it.
include(boards/mpconfigboard_esp32c3_common.cmake)

# Bluetooth takes RAM, and nothing here speaks it.
list(REMOVE_ITEM SDKCONFIG_DEFAULTS boards/sdkconfig.ble)
list(APPEND SDKCONFIG_DEFAULTS
    ${MICROPY_BOARD_DIR}/sdkconfig.board
)

set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)
