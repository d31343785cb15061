#define MICROPY_HW_BOARD_NAME "Generic ESP32-S3 module with mfpmail"
#define MICROPY_HW_MCU_NAME "ESP32-S3"

// A console on the UART too, for modules with a USB bridge in place of the chip's own USB.
#define MICROPY_HW_ENABLE_UART_REPL (1)
