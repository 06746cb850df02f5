"""Figures of lesson 08: services, a request on its way, chains, a throttle, an outage; and the explorer."""

from __future__ import annotations

from typing import Any

import pytest

from serverless_first import explore, figures
from serverless_first.simulate import throttling


def words(figure: Any) -> list[str]:
    """All the texts of a figure."""
    return [text.get_text() for axes in figure.axes for text in axes.texts] + [
        a.get_title(loc="left") for a in figure.axes
    ]


def test_services_are_drawn_with_their_doors_and_stores() -> None:
    drawn = words(
        figures.services(
            ["orders", "stock"],
            title="Stock is down",
            calls=[("orders", "stock")],
            events=[("orders", "stock")],
            down=["stock"],
        )
    )
    assert drawn.count("API") == drawn.count("store") == 2
    assert {"orders", "stock", "down", "event", "calls, waits", "Stock is down"} <= set(drawn)
    with pytest.raises(ValueError, match=r"No service is called parcels\. The services are orders"):
        figures.services(["orders"], title="x", calls=[("orders", "parcels")])


def test_each_party_of_a_request_has_its_milliseconds() -> None:
    spans = {"client": (10.0, 10.030), "orders": (10.004, 10.028)}
    assert words(figures.request_on_its_way(spans, title="x"))[:2] == ["30.0 ms", "24.0 ms"]
    with pytest.raises(ValueError, match="span"):
        figures.request_on_its_way({"client": (2.0, 1.0)}, title="x")


def test_a_chain_is_marked_where_it_stands() -> None:
    axes: Any = figures.chain_availability(0.999, 5, by_event=4, title="x").axes[0]
    marks = {tuple(round(float(v)) for v in (*line.get_xdata(), *line.get_ydata())) for line in axes.lines[-2:]}
    assert marks == {(5, 219), (1, 44)}
    with pytest.raises(ValueError, match="1 to 12 services"):
        figures.chain_availability(0.999, 13, title="x")


def test_a_throttle_shows_every_request() -> None:
    times_s = [0.1 * n for n in range(30)]
    model = throttling.token_bucket(times_s, 2, 10)
    axes: Any = figures.throttled(times_s, model.passed.tolist(), model, title="x").axes[0]
    assert [len(line.get_xdata()) for line in axes.lines[:2]] == [30 - model.refused, model.refused]
    with pytest.raises(ValueError, match="same requests"):
        figures.throttled(times_s[1:], model.passed.tolist(), model, title="x")


def test_an_outage_has_a_panel_for_each_design() -> None:
    by_calls = figures.Outage("by calls", (1, 2), [0.0, 2.5], [1.5], [0.1, 2.6])
    by_events = figures.Outage("by events", (1, 2), [0.0, 1.5, 2.5], [], [0.1, 2.1, 2.6])
    panels: Any = figures.orders_through_an_outage([by_calls, by_events], title="x").axes
    assert [panel.get_title(loc="left") for panel in panels] == ["by calls", "by events"]
    assert [max(panel.lines[0].get_ydata()) for panel in panels] == [2, 3]
    with pytest.raises(ValueError, match="at least one design"):
        figures.orders_through_an_outage([figures.Outage("empty")], title="x")


def test_the_explorer_never_tells_more_services_by_events_than_it_has() -> None:
    explorer = explore.AvailabilityExplorer()
    explorer.services.value, explorer.by_event.value = 3, 11
    assert explorer.result.by_events == pytest.approx(0.999)
    assert explorer.result.waiting == pytest.approx(0.999**3)
    assert "With 2 of them notified by events, the caller gets 99.90%, or 44 minutes" in explorer.sentence
