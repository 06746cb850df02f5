"""The guard's rules: which hosts are this machine, what is refused, what the refusal says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from serverless_cloud import guard
from serverless_cloud.guard import RealAwsRefused


@pytest.fixture
def armed() -> Iterator[None]:
    guard.arm()
    yield
    guard.disarm()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "localhost", "LOCALHOST", "localhost.", "::1",
                                  "127.0.0.1."])  # fmt: skip
def test_this_machine(host: str) -> None:
    assert guard.is_this_machine(host)


@pytest.mark.parametrize(
    "host",
    [
        "sts.amazonaws.com",
        "127.0.0.1.example.com",
        "localhost.example.com",
        "orders.s3.localhost",
        "notlocalhost",
        "0.0.0.0",
        "10.0.0.1",
        "169.254.169.254",
        "169.254.170.2",
        "::",
        "fe80::1",
        "2130706433",
        "127.1",
        "",
    ],
)
def test_not_surely_this_machine(host: str) -> None:
    assert not guard.is_this_machine(host)


@pytest.mark.usefixtures("armed")
@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://sts.amazonaws.com/", "sts.amazonaws.com"),
        ("HTTPS://STS.AMAZONAWS.COM:443/", "sts.amazonaws.com"),
        ("http://127.0.0.1@sts.amazonaws.com/", "sts.amazonaws.com"),
        ("http://127.0.0.1:80@sts.amazonaws.com/", "sts.amazonaws.com"),
        ("http://[2001:db8::1]/", "2001:db8::1"),
        ("http://169.254.169.254/latest/api/token", "169.254.169.254"),
        ("http:///", ""),
        ("sts.amazonaws.com", "sts.amazonaws.com"),
    ],
)
def test_another_host_is_refused_with_its_name_and_the_way_out(url: str, host: str) -> None:
    with pytest.raises(RealAwsRefused) as caught:
        guard.refuse_other_hosts(url)
    text = str(caught.value)
    assert f"for {host}." in text
    assert "Nothing was sent" in text
    assert "aws.stop()" in text
    assert "cloud.start(allow_real_aws=True)" in text


@pytest.mark.usefixtures("armed")
@pytest.mark.parametrize("url", ["http://127.0.0.1:4566/", "http://localhost:1/", "http://[::1]:5/"])
def test_this_machine_is_let_through_on_every_port(url: str) -> None:
    guard.refuse_other_hosts(url)


@pytest.mark.usefixtures("armed")
def test_a_proxy_elsewhere_is_refused_even_on_the_way_to_this_machine() -> None:
    with pytest.raises(RealAwsRefused, match=r"through the proxy for proxy\.example\.com"):
        guard.refuse_other_hosts("http://127.0.0.1:4566/", "http://proxy.example.com:3128")
    guard.refuse_other_hosts("http://127.0.0.1:4566/", "http://127.0.0.1:3128")


def test_hosts_that_were_allowed_by_name() -> None:
    guard.arm(["Emulator.example.com"])
    try:
        guard.refuse_other_hosts("https://EMULATOR.example.com:8443/")
        with pytest.raises(RealAwsRefused):
            guard.refuse_other_hosts("https://sts.emulator.example.com/")
        guard.arm()  # the last call counts
        with pytest.raises(RealAwsRefused):
            guard.refuse_other_hosts("https://emulator.example.com/")
    finally:
        guard.disarm()


def test_nothing_is_refused_while_it_is_off() -> None:
    assert not guard.is_armed()
    guard.refuse_other_hosts("https://sts.amazonaws.com/", "http://proxy.example.com")


@pytest.mark.parametrize("first", ["import botocore.httpsession", "pass"], ids=["botocore before", "botocore after"])
def test_botocore_is_watched_whenever_it_was_imported(first: str) -> None:
    program = f"""
{first}
from serverless_cloud import guard
guard.arm(); guard.arm()
import botocore.httpsession as http
from botocore.awsrequest import AWSPreparedRequest
def send(url):
    request = AWSPreparedRequest("GET", url, {{}}, None, False)
    try:
        http.URLLib3Session(timeout=1).send(request)
    except Exception as error:
        return type(error).__name__
print(send("https://sts.amazonaws.com/"), send("http://127.0.0.1:9/"))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True, timeout=60)
    assert run.stdout.split() == ["RealAwsRefused", "EndpointConnectionError"]


def test_it_costs_a_handler_no_import_of_botocore() -> None:
    program = "import sys; from serverless_cloud import guard; guard.arm(); print('botocore' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True, timeout=60)
    assert run.stdout.strip() == "False"


@pytest.mark.usefixtures("armed")
def test_an_address_that_two_readers_take_for_two_hosts_is_refused() -> None:
    for url in ("http://s3.amazonaws.com\\@127.0.0.1/", "http://127.0.0.1\\@s3.amazonaws.com/"):
        with pytest.raises(guard.RealAwsRefused):
            guard.refuse_other_hosts(url)
