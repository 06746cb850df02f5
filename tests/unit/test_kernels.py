"""A kernel whose port was taken is started once more; what it dies of otherwise is told."""

from __future__ import annotations

import socket
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from serverless_first import kernels


def test_a_kernel_starts_though_another_program_took_its_port() -> None:
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("6 * 7")])  # type: ignore[no-untyped-call]
    client: Any = NotebookClient(book, kernel_name="python3")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        first = client.create_kernel_manager()  # the next one chooses a port for itself
        first.cache_ports, first.shell_port = False, taken.getsockname()[1]
        kernels.started(lambda: client.execute(cleanup_kc=True))
    assert book.cells[0].outputs[0]["data"]["text/plain"] == "42"


@pytest.mark.parametrize(("says", "starts"), [("Kernel died before replying to kernel_info", 2), ("no folder", 1)])
def test_it_is_not_started_for_ever(says: str, starts: int) -> None:
    tries = []

    def start() -> None:
        tries.append(says)
        raise RuntimeError(says)

    with pytest.raises(RuntimeError, match=says):
        kernels.started(start)
    assert len(tries) == starts
