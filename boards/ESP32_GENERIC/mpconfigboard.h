#define MICROPY_HW_BOARD_NAME "Generic ESP32 module with mfpmail"
#define MICROPY_HW_MCU_NAME "ESP32"

#define MICROPY_PY_BLUETOOTH (0)
