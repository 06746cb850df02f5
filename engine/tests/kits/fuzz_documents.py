"""OpenAPI documents and definitions of state machines with one part broken."""

from __future__ import annotations

import json
import random
from typing import Any

from kits import fuzz_kit as fuzz

_X = "x-amazon-apigateway-"
_FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:price"
_URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{_FUNCTION}/invocations"
_OBJECT = {"schema": {"$ref": "#/components/schemas/Lamp"}}
_OPERATION: dict[str, Any] = {
    "operationId": "order",
    "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
    "requestBody": {"content": {"application/json": _OBJECT}},
    "responses": {"200": {"description": "ok", "content": {"application/json": _OBJECT}}},
    "security": [{"key": []}],
}
_REST = {
    "openapi": "3.0.1",
    "info": {"title": "shop", "version": "1", "description": "lamps"},
    "paths": {
        "/orders/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {
                **_OPERATION,
                _X + "integration": {
                    "type": "aws_proxy", "httpMethod": "POST", "uri": _URI, "passthroughBehavior": "when_no_match",
                    "requestParameters": {"integration.request.path.id": "method.request.path.id"},
                    "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": "{}"}}},
                },
            },
        },
    },
    "components": {
        "schemas": {"Lamp": {"type": "object", "properties": {"watts": {"type": "integer"}}}},
        "securitySchemes": {"key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
    },
    "security": [{"key": []}],
    "tags": [{"name": "team"}],
}  # fmt: skip
_HTTP = {
    "openapi": "3.0.1",
    "info": {"title": "shop", "version": "1"},
    "paths": {
        "/orders/{id}": {
            "get": {
                "responses": {"default": {"description": "ok"}},
                "security": [{"tokens": ["read"]}],
                _X + "integration": {
                    "type": "aws_proxy", "httpMethod": "POST", "uri": _URI, "payloadFormatVersion": "2.0",
                    "connectionType": "INTERNET", "timeoutInMillis": 3000,
                },
            },
        },
    },
    "components": {
        "securitySchemes": {
            "tokens": {
                "type": "oauth2",
                _X + "authorizer": {
                    "type": "jwt", "identitySource": "$request.header.Authorization",
                    "jwtConfiguration": {"audience": ["shop"], "issuer": "https://lamps.example.com"},
                },
            },
        },
    },
    _X + "cors": {"allowOrigins": ["https://lamps.example.com"], "allowMethods": ["GET"], "maxAge": 60},
}  # fmt: skip
_MACHINE: dict[str, Any] = {
    "Comment": "an order",
    "StartAt": "Check",
    "TimeoutSeconds": 60,
    "States": {
        "Check": {
            "Type": "Choice", "Default": "Pay",
            "Choices": [{"And": [{"Variable": "$.yen", "NumericGreaterThan": 0}], "Next": "Each"}],
        },
        "Each": {
            "Type": "Map", "ItemsPath": "$.lamps", "MaxConcurrency": 2, "ResultPath": "$.packed", "Next": "Both",
            "ItemSelector": {"lamp.$": "$$.Map.Item.Value", "id.$": "States.Format('a-{}', $.id)"},
            "ItemProcessor": {"StartAt": "Pack", "States": {"Pack": {"Type": "Pass", "End": True}}},
        },
        "Both": {
            "Type": "Parallel", "End": True,
            "Branches": [{"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 1, "End": True}}}],
        },
        "Pay": {
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True, "TimeoutSeconds": 5,
            "Parameters": {"FunctionName": "price", "Payload.$": "$"}, "ResultSelector": {"yen.$": "$.Payload"},
            "Retry": [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 2.0}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Fail"}],
        },
        "Fail": {"Type": "Fail", "Error": "Broke", "Cause": "no lamps"},
    },
}  # fmt: skip
_TEXTS = ("a\nb", "States.Array('a\nb', 'c')", "States.Format('{}', $.x", "{% $x %}", "$[", "$.lamps[?(@.x")


def broken_rest_api(dice: random.Random) -> str:
    """A document for import_rest_api."""
    return _broken(_REST, dice)


def broken_http_api(dice: random.Random) -> str:
    """A document for import_api."""
    return _broken(_HTTP, dice)


def broken_machine(dice: random.Random) -> str:
    """A definition for create_state_machine."""
    return _broken(_MACHINE, dice)


def _broken(document: dict[str, Any], dice: random.Random) -> str:
    path, _ = dice.choice(list(fuzz.spots(document)))
    if dice.random() < 0.2:
        return json.dumps(fuzz.without_part(document, path))
    return json.dumps(fuzz.with_part(document, path, dice.choice((*fuzz.BAD_TYPES, *fuzz.BAD_TEXTS, *_TEXTS))))
