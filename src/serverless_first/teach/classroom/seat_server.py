"""A student's JupyterLab, which listens on a socket that it got from the hub instead of on a port.

    python -m serverless_first.teach.classroom.seat_server NUMBER OPTIONS

NUMBER is the descriptor of the socket. The server itself could not make one in a folder that it may not enter.
"""

from __future__ import annotations

import socket
import sys

from jupyter_server.serverapp import ServerApp
from jupyterhub.singleuser.extension import JupyterHubSingleUser


class SeatServer(ServerApp):
    """Jupyter's server on the hub's socket."""

    listener: socket.socket

    def _find_http_port(self) -> None:
        """Looks for no port."""

    def _bind_http_server(self) -> None:
        """Begins to listen."""
        self.listener.listen(socket.SOMAXCONN)
        self.http_server.add_socket(self.listener)


def main() -> None:
    """Runs the server until a signal ends it."""
    SeatServer.listener = socket.socket(fileno=int(sys.argv.pop(1)))
    SeatServer.listener.setblocking(False)
    SeatServer.listener.set_inheritable(False)  # kernels have no use for it
    JupyterHubSingleUser.serverapp_class = SeatServer
    JupyterHubSingleUser.launch_instance()


if __name__ == "__main__":
    main()
