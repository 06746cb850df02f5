"""Parts of REST APIs without a cloud: mapping templates, routing, token buckets, quotas."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime

import pytest

from serverless_cloud.http import velocity
from serverless_cloud.http.rest.gateway_responses import GatewayError
from serverless_cloud.http.rest.model import ApiKey, Deployment, Resource, UsagePlan
from serverless_cloud.http.rest.routing import route
from serverless_cloud.http.rest.usage import Client, Quotas, period_start
from serverless_cloud.http.throttle import Limit, Throttles

TEXT = 'it\'s "ä" a/b\\\n'
QUOTED = json.dumps(TEXT, ensure_ascii=False)
BODY = json.dumps(
    {
        "lamp": "desk",
        "count": 3,
        "free": True,
        "note": None,
        "text": TEXT,
        "lines": [{"part": "bulb", "price": 5}, {"part": "shade", "price": 20}],
        "shop": {"name": "hikari"},
    },
    ensure_ascii=False,
)


def rendered(template: str, body: str = BODY) -> str:
    """A template with a request around it."""
    return velocity.render(
        template,
        body=body,
        params={"path": {"id": "7"}, "querystring": {"id": "8", "q": "1"}, "header": {"X-Shop": "a b&c"}},
        context={"stage": "prod", "identity": {"sourceIp": "127.0.0.1"}, "authorizer": {"principalId": "aki"}},
        stage_variables={"tax": "10"},
    ).text


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('{"l": $input.json("$.lamp"), "n": $input.json("$.count")}', '{"l": "desk", "n": 3}'),
        ("$input.json('$.shop') $input.json('$.nothing')", '{"name":"hikari"} ""'),
        ("$input.json('$.lines[*].part') $input.json('$.text')", '["bulb","shade"] ' + QUOTED),
        ("$input.path('$.shop') $input.path('$.lines[0:1]')", '{name=hikari} [{"part":"bulb","price":5}]'),
        ("$input.path('$.lines[?(@.price > 10)].part')", '["shade"]'),
        ("#set($o = $input.path('$'))$o.lamp ${o.count}x $o.lines[1].part [$o.nothing]", "desk 3x shade []"),
        ("#foreach($l in $input.path('$.lines'))$l.part=$l.price#if($foreach.hasNext),#end#end", "bulb=5,shade=20"),
        ("#foreach($k in $input.params().querystring.keySet())$k;#end", "id;q;"),
        ("$input.params('id') $input.params('q') [$input.params('none')] $input.params().path.id", "7 1 [] 7"),
        ("#if($input.path('$.count') > 2 && $input.path('$.free') == true)many#{else}few#end", "many"),
        ("#if($input.params('none') == '')none#elseif(true)some#end", "none"),
        ("$context.stage $context.identity.sourceIp [$context.nothing.at.all]", "prod 127.0.0.1 []"),
        ("$stageVariables.tax ${stageVariables.tax} $stageVariables.get('tax')", "10 10 10"),
        ("$util.urlEncode($input.params('X-Shop')) $util.urlDecode('a+b%26c')", "a+b%26c a b&c"),
        ("$util.base64Encode('lamp') $util.base64Decode('bGFtcA==')", "bGFtcA== lamp"),
        ("#set($p = $util.parseJson('{\"a\": [1, {\"b\": 2}]}'))$p.a[1].b $p.a.size()", "2 2"),
        ("#set($t = 'Lamp')$t.toUpperCase() $t.length() $t.contains('am') $t.replaceAll('L', 'D')", "LAMP 4 true Damp"),
        ("#set($n = $input.path('$.count') * 2 + 1)$n", "7"),
        ("## a comment\n#* and\nanother *#\n$100 costs $ 5", "\n$100 costs $ 5"),
    ],
)  # fmt: skip
def test_templates_are_worked_out_as_on_aws(template: str, expected: str) -> None:
    assert rendered(template).strip("\n") == expected.strip("\n")


def test_escaped_text_is_a_string_of_json_again() -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(100):
        text = "".join(chance.choice('ab"\\/\n\t äß漢😀{}$#%&=+') for _ in range(chance.randint(0, 30)))
        body = json.dumps({"text": text}, ensure_ascii=chance.random() < 0.5)
        whole = json.loads(rendered('{"input": "$util.escapeJavaScript($input.json("$"))"}', body))
        assert json.loads(whole["input"]) == {"text": text}
        assert rendered("$util.urlDecode($util.urlEncode($input.body))", body) == body
    # An apostrophe becomes \', which JSON does not know: AWS's guide gives this remedy.
    assert rendered('$util.escapeJavaScript("it\'s").replaceAll("\\\\\'", "\'")') == "it's"


def test_overrides_and_what_is_wrong_with_a_template() -> None:
    template = '#set($context.responseOverride.status = 404)#set($context.responseOverride.header.X-Lamp = "on")x'
    done = velocity.render(template, body="", params={}, context={}, stage_variables={})
    assert (done.text, done.response_override) == ("x", {"status": 404, "header": {"X-Lamp": "on"}})
    for wrong in ("#if(true)", "$input.path('$..[')", "$util.parseJson('{')", "#set($x = )"):
        with pytest.raises(velocity.TemplateFailed):
            rendered(wrong)
    assert rendered("[$input.path('$.a')] $input.json('$')", "no json") == '[] ""'


def test_the_most_specific_resource_answers() -> None:
    paths = {"/": "GET", "/orders": "ANY", "/orders/new": "GET", "/orders/{id}": "GET", "/orders/{id}/{part+}": "ANY",
             "/{proxy+}": "POST"}  # fmt: skip
    deployment = Deployment("d", tuple(Resource(path, path, {method: {}}) for path, method in paths.items()))
    for method, path, expected in (
        ("GET", "/", "/"),
        ("GET", "", "/"),
        ("PUT", "/orders/", "/orders"),
        ("GET", "/orders/new", "/orders/new"),
        ("POST", "/orders/new", "/{proxy+}"),
        ("GET", "/orders/n%65w", "/orders/new"),
        ("GET", "/orders/7", "/orders/{id}"),
        ("DELETE", "/orders/7/a/b", "/orders/{id}/{part+}"),
        ("POST", "/lamps", "/{proxy+}"),
        ("GET", "/lamps", None),
        ("PURGE", "/orders", None),
    ):
        found = route(deployment, method, path)
        assert (found[0].path if found else None) == expected, (method, path)
    found = route(deployment, "GET", "/orders/a%2Fb/c/d/")
    assert found is not None
    assert found[3] == {"id": "a%2Fb", "part": "c/d"}


def test_a_token_bucket_lets_the_burst_through_and_then_the_rate() -> None:
    now_s = 100.0
    throttles = Throttles(lambda: now_s)
    stage, plan = Limit("stage", 2.0, 5), Limit("plan", 100.0, 3)
    assert [throttles.admit([stage]) for _ in range(6)] == [None] * 5 + [stage]
    now_s += 1.0  # two tokens are back
    assert [throttles.admit([plan, stage]) for _ in range(3)] == [None, None, stage]
    assert throttles.admit([plan]) is None  # a refusal takes no token from the other bucket
    now_s += 3600
    assert [throttles.admit([stage]) for _ in range(6)].count(None) == 5  # never more than the burst
    assert throttles.admit([Limit("shut", 0.0, 5)]) is not None
    more = Limit("stage", 2.0, 7)  # a changed setting starts a full bucket
    assert [throttles.admit([more]) for _ in range(8)].count(None) == 7


def test_quotas_begin_anew_with_each_period() -> None:
    now = datetime(2026, 11, 25, 23, 59, tzinfo=UTC)
    quotas = Quotas(lambda: now.timestamp())
    key = ApiKey("k", "value", True)
    plan = UsagePlan("p", {}, {}, {"limit": 3, "offset": 1, "period": "DAY"}, (key,))

    def counted() -> int:
        """How many requests get through before the quota is used up."""
        for count in range(100):
            try:
                quotas.count(Client(plan, key))
            except GatewayError as error:
                found.append((error.type, error.status, error.message))
                return count
        return 100

    found: list[tuple[str, int, str]] = []
    assert counted() == 2  # the offset counts in the first period
    now = datetime(2026, 11, 26, 0, 1, tzinfo=UTC)
    assert counted() == 3
    assert found == [("QUOTA_EXCEEDED", 429, "Limit Exceeded")] * 2
    assert quotas.usage("p", plan.quota, ["k", "x"], "2026-11-25", "2026-11-26") == {"k": [[2, 1], [3, 0]]}
    starts = {period: period_start(period, now).strftime("%a %d") for period in ("DAY", "WEEK", "MONTH")}
    assert starts == {"DAY": "Thu 26", "WEEK": "Sun 22", "MONTH": "Sun 01"}
