"""Real HTTP for what API Gateway and function URLs answer: one listener on 127.0.0.1 for each API."""
