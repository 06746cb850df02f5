"""Seam: the answers of the calls of event source mappings (moto 5.2.5).

Replaced here: `LambdaResponse.create_event_source_mapping`, `get_...`, `update_...`, `delete_...`, `list_...`: status
and state, errors, pages. Worth an upstream change: all of it.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import GenericResourcNotFound
from moto.awslambda.responses import LambdaResponse

from serverless_cloud.seams.replacement import Replacement

MOST_ON_A_PAGE = 100  # API reference: ListEventSourceMappings returns at most 100


def install() -> None:
    """Replaces moto's answers with these."""
    _Answers.install()


class _Answers(Replacement, of=LambdaResponse):
    def create_event_source_mapping(self: Any) -> Any:
        return _answer(202, self.backend.create_event_source_mapping(self.json_body), "Creating")

    def get_event_source_mapping(self: Any) -> Any:
        return _answer(200, _named(self))

    def update_event_source_mapping(self: Any) -> Any:
        was_enabled = _named(self).settings["Enabled"]
        esm = self.backend.update_event_source_mapping(_uuid(self), self.json_body)
        enabled = esm.settings["Enabled"]
        state = "Updating" if enabled == was_enabled else "Enabling" if enabled else "Disabling"
        return _answer(202, esm, state)

    def delete_event_source_mapping(self: Any) -> Any:
        found = _answer(202, _named(self), "Deleting")
        self.backend.delete_event_source_mapping(_uuid(self))
        return found

    def list_event_source_mappings(self: Any) -> Any:
        query = {name: values[0] for name, values in self.querystring.items()}
        found = self.backend.list_event_source_mappings(query.get("EventSourceArn"), query.get("FunctionName"))
        begin, most = int(query.get("Marker") or 0), min(int(query.get("MaxItems") or 100), MOST_ON_A_PAGE)
        page: dict[str, Any] = {"EventSourceMappings": [e.get_configuration() for e in found[begin : begin + most]]}
        if begin + most < len(found):
            page["NextMarker"] = str(begin + most)
        return json.dumps(page)


def _answer(status: int, esm: Any, state: str = "") -> Any:
    shown = esm.get_configuration() | ({"State": state} if state else {})
    return status, {"status": status}, json.dumps(shown)


def _named(response: Any) -> Any:
    esm = response.backend.get_event_source_mapping(_uuid(response))
    if esm is None:
        raise GenericResourcNotFound
    return esm


def _uuid(response: Any) -> str:
    return unquote(response.path.rstrip("/").split("/")[-1])
