"""What a page of another site may have an API do: what its CORS says, and no POST behind the learner's back."""

from __future__ import annotations

import pytest

from serverless_cloud.http.cors import Cors
from serverless_cloud.http.pages import answer_without_running, is_of_another_site
from serverless_cloud.http.request import Request, Response

EVIL, SHOP = "https://evil.example", "https://shop.example"
BROWSER = ("Sec-Fetch-Site", "cross-site")
OLD_BROWSER = ("User-Agent", "Mozilla/5.0 (Macintosh; Intel Mac OS X 13_6) AppleWebKit/605.1.15 Safari/605.1.15")


class Shop:
    """An API that takes orders; `cors` is its configuration."""

    def __init__(self, cors: Cors | None = None) -> None:
        self.cors, self.ran = cors, list[Request]()

    def answer(self, request: Request) -> Response:
        self.ran.append(request)
        return Response(200, (), b"ordered")

    def preflight(self, request: Request) -> Response | None:
        return self.cors.preflight(request) if self.cors is not None else None

    def guarded(self, request: Request) -> Response:
        return answer_without_running(self.preflight, request) or self.answer(request)


def request(*headers: tuple[str, str], method: str = "POST") -> Request:
    return Request(method, "/orders", headers=(("Host", "127.0.0.1:40123"), *headers), body=b'{"lamp": 1}')


def sent(shop: Shop, *headers: tuple[str, str], method: str = "POST") -> int:
    return shop.guarded(request(*headers, method=method)).status


@pytest.mark.parametrize("browser", [BROWSER, OLD_BROWSER, ("Sec-Fetch-Site", "same-site")], ids=["new", "old", "site"])
@pytest.mark.parametrize("origin", [EVIL, "null", "http://127.0.0.1.evil.example", "http://evil.localhost.example",
                                    "http://192.168.1.7:8888", "http://[", "file://"])  # fmt: skip
def test_a_post_of_another_site_is_not_run(browser: tuple[str, str], origin: str) -> None:
    for cors in (None, Cors(origins=(SHOP,)), Cors(origins=("http://*.shop.example",))):
        shop = Shop(cors)
        assert sent(shop, browser, ("Origin", origin)) == 403
        assert shop.ran == []


def test_the_refusal_says_what_was_missing() -> None:
    answer = Shop().guarded(request(BROWSER, ("Origin", EVIL)))
    assert b"CORS doesn't allow" in answer.body
    assert EVIL.encode() in answer.body
    assert b"did not run the POST" in answer.body


@pytest.mark.parametrize("cors", [None, Cors(origins=(SHOP,))])
def test_a_refused_request_has_run_nothing_not_even_as_options(cors: Cors | None) -> None:
    """A function URL without CORS, ANY and `$default` hand OPTIONS to the handler, which is not asked."""
    shop = Shop(cors)
    answer = shop.guarded(request(BROWSER, ("Origin", EVIL), method="DELETE"))
    assert (answer.status, shop.ran) == (403, [])
    assert b"did not run the DELETE" in answer.body


@pytest.mark.parametrize("origins", [("*",), (SHOP,), ("https://*",)])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_cors_opens_an_api_to_the_pages_that_it_names(origins: tuple[str, ...], method: str) -> None:
    shop = Shop(Cors(origins=origins, methods=("*",)))
    assert sent(shop, BROWSER, ("Origin", SHOP), method=method) == 200
    assert len(shop.ran) == 1


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8888", "http://localhost:3000", "http://[::1]:80",
                                    "http://a1b2.execute-api.localhost:4566"])  # fmt: skip
def test_pages_of_this_machine_are_answered(origin: str) -> None:
    assert not is_of_another_site(request(BROWSER, ("Origin", origin)))
    assert sent(Shop(), BROWSER, ("Origin", origin)) == 200


@pytest.mark.parametrize("headers", [(), (("Origin", EVIL),), (("User-Agent", "curl/8.14"), ("Origin", EVIL)),
                                     (("User-Agent", "Boto3/1.44"),)])  # fmt: skip
def test_programs_are_answered_whatever_origin_they_name(headers: tuple[tuple[str, str], ...]) -> None:
    shop = Shop()
    assert sent(shop, *headers) == 200
    assert len(shop.ran) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_changes_nothing_is_answered_as_on_aws(method: str) -> None:
    assert sent(Shop(), BROWSER, ("Origin", EVIL), method=method) == 200


@pytest.mark.parametrize("cors", [None, Cors(origins=(SHOP,), methods=("*",))])
@pytest.mark.parametrize("origin", [EVIL, SHOP])
def test_only_the_configuration_answers_a_browser_s_own_preflight_request(cors: Cors | None, origin: str) -> None:
    shop = Shop(cors)
    question = request(BROWSER, ("Origin", origin), ("Access-Control-Request-Method", "PUT"), method="OPTIONS")
    answer = shop.guarded(question)
    assert answer.status == (204 if cors else 403)
    allowed = [value for name, value in answer.headers if name == "Access-Control-Allow-Origin"]
    assert allowed == ([SHOP] if cors and origin == SHOP else [])
    assert shop.ran == []


def test_a_page_sends_options_itself_as_cors_says() -> None:
    assert sent(Shop(), BROWSER, ("Origin", EVIL), method="OPTIONS") == 403
    shop = Shop(Cors(origins=(SHOP,)))
    assert (sent(shop, BROWSER, ("Origin", SHOP), method="OPTIONS"), len(shop.ran)) == (200, 1)


def test_the_question_carries_nothing_of_the_request() -> None:
    asked: list[Request] = []
    shop = Shop(Cors(origins=("*",)))

    def preflight(question: Request) -> Response | None:
        asked.append(question)
        return shop.preflight(question)

    sent = request(BROWSER, ("Origin", EVIL), ("Cookie", "lamp=1"), ("Content-Type", "text/plain"))
    assert answer_without_running(preflight, sent) is None
    (question,) = asked
    assert (question.method, question.body, question.path) == ("OPTIONS", b"", "/orders")
    assert [name for name, _ in question.headers] == ["Host", "Origin", "Access-Control-Request-Method"]


@pytest.mark.parametrize(("status", "allowed"), [(403, "*"), (500, "*"), (200, SHOP), (200, "*, *"), (200, "")])
def test_an_answer_that_a_browser_would_not_take(status: int, allowed: str) -> None:
    answer = Response(status, (("Access-Control-Allow-Origin", allowed),))
    refusal = answer_without_running(lambda _: answer, request(BROWSER, ("Origin", EVIL)))
    assert refusal is not None
    assert refusal.status == 403
