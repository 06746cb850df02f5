"""RDS: the parts of the endpoint that know no network, the table of states, and how roles are written."""

from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given, strategies as st

from serverless_cloud.rds import roles
from serverless_cloud.rds.endpoint import LoginWatch, fatal
from serverless_cloud.rds.life import TRANSITIONS, State, Trigger

KINDS = b"RSKNE"  # what a server says in a login: no Z


def message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + struct.pack("!I", len(body) + 4) + body


LOGINS = st.lists(st.builds(message, st.sampled_from(KINDS), st.binary(max_size=300)), max_size=8).map(b"".join)


@given(before=LOGINS, after=st.binary(max_size=50), cuts=st.lists(st.integers(0, 2000), max_size=20))
def test_ready_for_query_is_seen_however_the_bytes_are_split(before: bytes, after: bytes, cuts: list[int]) -> None:
    watch, ready = LoginWatch(), message(ord("Z"), b"I")
    said = before + ready + after
    places = [0, *sorted(c for c in cuts if c < len(said)), len(said)]
    seen_at = None
    for begin, end in itertools.pairwise(places):
        if watch.feed(said[begin:end]):
            seen_at = end
            break
    assert seen_at is not None
    assert seen_at >= len(before) + 5
    assert max(p for p in places if p < seen_at) < len(before) + 5


@given(LOGINS)
def test_a_login_that_is_not_over_is_not_taken_for_one_that_is(said: bytes) -> None:
    assert not LoginWatch().feed(said + b"R")


def test_an_error_is_a_whole_message_with_severity_code_and_text() -> None:
    said = fatal("57P03", "not now", "later")
    assert said[:1] == b"E"
    assert struct.unpack("!I", said[1:5])[0] == len(said) - 1
    assert said[5:].split(b"\0") == [b"SFATAL", b"VFATAL", b"C57P03", b"Mnot now", b"Dlater", b"", b""]


def test_every_state_that_is_on_the_way_arrives() -> None:
    on_the_way = {State.CREATING, State.REBOOTING, State.STOPPING, State.STARTING, State.DELETING}
    for state in on_the_way:
        ends = {TRANSITIONS[state, t] for t in Trigger if (state, t) in TRANSITIONS}
        assert ends - on_the_way


def test_a_deleted_instance_stays_deleted_and_every_other_can_be_deleted() -> None:
    assert [t for t in Trigger if (State.DELETED, t) in TRANSITIONS] == []
    for state in set(State) - {State.DELETED, State.DELETING}:
        assert TRANSITIONS[state, Trigger.DELETE] is State.DELETING


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_no_character_of_a_literal_can_mean_anything(text: str) -> None:
    written = roles.literal(text)
    assert set(written) <= set("E'\\x0123456789abcdef")
    assert bytes.fromhex(written[2:-1].replace("\\x", "")).decode() == text


@pytest.mark.parametrize("text", ["", "a\0b"])
def test_a_text_that_postgresql_cannot_keep_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="NUL"):
        roles.literal(text)


def test_a_quote_in_a_name_is_doubled() -> None:
    assert roles.identifier('sh"op') == '"sh""op"'
