"""Seam: what the calls of event source mappings answer (moto 5.2.5).

Replaced here: `LambdaResponse.create_event_source_mapping`, `get_...`, `update_...`, `delete_...`, `list_...`: status
and state, errors, pages. Worth an upstream change: all of it.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import GenericResourcNotFound
from moto.awslambda.responses import LambdaResponse

MOST_ON_A_PAGE = 100  # API reference: ListEventSourceMappings returns at most 100


def install() -> None:
    """Puts these answers in the place of moto's."""

    def answer(status: int, esm: Any, state: str = "") -> Any:
        shown = esm.get_configuration() | ({"State": state} if state else {})
        return status, {"status": status}, json.dumps(shown)

    def named(self: Any) -> Any:
        esm = self.backend.get_event_source_mapping(_uuid(self))
        if esm is None:
            raise GenericResourcNotFound
        return esm

    def create(self: Any) -> Any:
        return answer(202, self.backend.create_event_source_mapping(self.json_body), "Creating")

    def get(self: Any) -> Any:
        return answer(200, named(self))

    def update(self: Any) -> Any:
        was_enabled = named(self).settings["Enabled"]
        esm = self.backend.update_event_source_mapping(_uuid(self), self.json_body)
        enabled = esm.settings["Enabled"]
        state = "Updating" if enabled == was_enabled else "Enabling" if enabled else "Disabling"
        return answer(202, esm, state)

    def delete(self: Any) -> Any:
        found = answer(202, named(self), "Deleting")
        self.backend.delete_event_source_mapping(_uuid(self))
        return found

    def list_all(self: Any) -> Any:
        query = {name: values[0] for name, values in self.querystring.items()}
        found = self.backend.list_event_source_mappings(query.get("EventSourceArn"), query.get("FunctionName"))
        begin, most = int(query.get("Marker") or 0), min(int(query.get("MaxItems") or 100), MOST_ON_A_PAGE)
        page: dict[str, Any] = {"EventSourceMappings": [e.get_configuration() for e in found[begin : begin + most]]}
        if begin + most < len(found):
            page["NextMarker"] = str(begin + most)
        return json.dumps(page)

    response: Any = LambdaResponse
    response.create_event_source_mapping = create
    response.get_event_source_mapping = get
    response.update_event_source_mapping = update
    response.delete_event_source_mapping = delete
    response.list_event_source_mappings = list_all


def _uuid(response: Any) -> str:
    return unquote(response.path.rstrip("/").split("/")[-1])
