"""What the boards with an ESP32, ESP32-S3 or ESP32-C3 share, under their MicroPython firmware."""
