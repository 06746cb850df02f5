"""Where students find a class, and the host names of its seats."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from serverless_first.cli import main
from serverless_first.teach.classroom import names


@pytest.mark.parametrize(
    ("host", "address", "public"),
    [
        ("127.0.0.1", None, "http://localhost:8000"),
        ("::1", None, "http://localhost:8000"),
        ("class.example", None, "http://class.example:8000"),
        ("0.0.0.0", "http://class.example:8000", "http://class.example:8000"),
        ("0.0.0.0", "class.example:8000", "http://class.example:8000"),
        ("127.0.0.1", "https://class.example/lamps/", "https://class.example"),
    ],
)
def test_seats_have_names_below_the_name_of_the_class(host: str, address: str | None, public: str) -> None:
    assert names.public_address(host, 8000, address, shared_origin=False) == public
    hub = public.split("//")[1].split(":")[0]
    assert names.of_seat(public, "student-07") == f"student-07.{hub}"


@pytest.mark.parametrize(
    ("host", "address", "public"),
    [
        ("192.0.2.7", None, "http://192.0.2.7:8000"),
        ("2001:db8::7", None, "http://[2001:db8::7]:8000"),
        ("0.0.0.0", "http://192.0.2.7:8000/", "http://192.0.2.7:8000"),
        ("127.0.0.1", "http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_an_ip_address_is_refused_unless_all_seats_may_share_it(host: str, address: str | None, public: str) -> None:
    with pytest.raises(names.NoName, match=r"--address http://class\.example:8000\..* --shared-origin"):
        names.public_address(host, 8000, address, shared_origin=False)
    assert names.public_address(host, 8000, address, shared_origin=True) == public


@pytest.mark.parametrize("address", ["http://[", "http://", "http://class.example:lamps"])
def test_what_is_not_an_address_is_named(address: str) -> None:
    with pytest.raises(names.NoName, match="is not the address of a class"):
        names.public_address("0.0.0.0", 8000, address, shared_origin=True)


def test_a_name_that_this_machine_does_not_know_is_told_from_one_that_it_knows() -> None:
    assert names.is_known_here("http://localhost:8000", "student-01")
    assert not names.is_known_here("http://class.invalid:8000", "student-01")


@pytest.mark.skipif(os.name != "posix", reason="a class runs on POSIX")
def test_a_class_at_an_ip_address_does_not_start_and_says_what_to_do(tmp_path: Path) -> None:
    pytest.importorskip("jupyterhub", reason="a class needs the extra `class`")
    (tmp_path / "names.csv").write_text("Ken\n", encoding="utf-8")
    command = ["class", "--students", str(tmp_path / "names.csv"), "--folder", str(tmp_path / "class"), "--port", "0"]
    done = CliRunner().invoke(main, [*command, "--host", "0.0.0.0"])
    assert done.exit_code == 1
    assert "Each seat needs its own name" in done.output
    assert "--shared-origin" in done.output
    assert not (tmp_path / "class" / "plan.json").exists()
