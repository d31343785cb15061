"""Real servers on loopback for the device: OAuth 2.0, SMTP and POP3, with their own CA."""
