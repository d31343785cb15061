# The official board of this name, with mfpmail frozen; boards/README.md tells how to build it.
include(boards/mpconfigboard_esp32_common.cmake)

# Bluetooth takes RAM, and nothing here speaks it.
list(REMOVE_ITEM SDKCONFIG_DEFAULTS boards/sdkconfig.ble)
list(APPEND SDKCONFIG_DEFAULTS
    boards/sdkconfig.spiram_esp32
    ${MICROPY_BOARD_DIR}/sdkconfig.board
)

set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)
