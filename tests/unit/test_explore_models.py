"""The explorers of capacity, network, queueing, workflow and cost, and what all explorers have: presets, a long run."""

from __future__ import annotations

import gc
import io
from typing import Any

import ipywidgets as widgets
import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from serverless_first import explore
from serverless_first.explore.base import OWN, Explorer
from serverless_first.facts import prices
from serverless_first.simulate import break_even, capacity, cost, network, policies, queueing, traces, workflow

NEW: tuple[Any, ...] = (
    explore.AvailabilityExplorer,
    explore.CapacityExplorer,
    explore.CostExplorer,
    explore.NetworkExplorer,
    explore.QueueingExplorer,
    explore.SpectrumExplorer,
    explore.WorkflowExplorer,
)
ALL: tuple[Any, ...] = (*NEW, explore.ConnectionsExplorer, explore.FleetExplorer, explore.PoolExplorer)
WITH_REQUESTS: tuple[Any, ...] = (explore.FleetExplorer, explore.PoolExplorer, explore.QueueingExplorer)


def names(explorer: Explorer) -> list[str]:
    return [name for name in explorer.preset.options if name != OWN]


def ends(one: Any) -> tuple[Any, Any]:
    """The values at the two ends of a slider."""
    if hasattr(one, "options"):
        values = [pair[1] if isinstance(pair, tuple) else pair for pair in one.options]
        return values[0], values[-1]
    return (one.base**one.min, one.base**one.max) if hasattr(one, "base") else (one.min, one.max)


# --- all of them -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ALL)
def test_each_preset_tells_another_story_and_the_first_one_is_where_it_begins(kind: Any) -> None:
    explorer = kind()
    at_first = explorer.text(), explorer.picture.value
    stories = names(explorer)
    assert len(stories) >= 4
    told = set()
    for name in stories:
        explorer.preset.value = name
        assert explorer.preset.value == name
        told.add(explorer.sentence)
    assert len(told) == len(stories)
    explorer.preset.value = stories[0]
    assert (explorer.text(), explorer.picture.value) == at_first


@pytest.mark.parametrize("kind", ALL)
def test_a_preset_is_one_picture_and_a_moved_slider_is_a_setting_of_one_s_own(kind: Any) -> None:
    explorer = kind()
    drawn: list[object] = []
    explorer.picture.observe(drawn.append, "value")
    explorer.preset.value = names(explorer)[1]
    assert len(drawn) == 1
    least, most = ends(explorer.sliders[0])
    explorer.sliders[0].value = least if explorer.sliders[0].value != least else most
    assert explorer.preset.value == OWN
    assert len(drawn) == 2


@pytest.mark.parametrize("kind", ALL)
def test_at_both_ends_of_every_slider_the_words_are_words_and_fit_into_the_picture(kind: Any) -> None:
    explorer = kind()
    for settings in ([0] * 9, [1] * 9, [0, 1] * 5, [1, 0] * 5):
        for one, end in zip(explorer.sliders, settings, strict=False):
            one.value = ends(one)[end]
        assert "nan" not in explorer.text().lower()
        assert " inf" not in explorer.text()
        page, renderer = explorer.figure.bbox, explorer._canvas.get_renderer()
        texts = [text for axes in explorer.figure.axes for text in (*axes.texts, axes._left_title) if text.get_text()]
        boxes = [text.get_window_extent(renderer) for text in texts]
        for number, box in enumerate(boxes):
            assert page.x0 <= box.x0, texts[number].get_text()
            assert box.x1 <= page.x1, texts[number].get_text()
            assert not any(box.overlaps(other) for other in boxes[:number]), texts[number].get_text()


@pytest.mark.parametrize("kind", NEW)
def test_the_picture_holds_nothing_of_an_earlier_setting_and_can_be_read_without_seeing_it(kind: Any) -> None:
    travelled, straight = kind(), kind()
    for name in names(travelled):
        travelled.preset.value = name
    last = names(travelled)[-2]
    travelled.preset.value = straight.preset.value = last
    assert travelled.picture.value == straight.picture.value
    height, width = imread(io.BytesIO(straight.picture.value)).shape[:2]
    assert (width, height) == tuple(np.round(straight.figure.get_size_inches() * 100))
    said = straight.children[-2].value
    assert '<div role="status">' in said
    assert "The figure in words" in said
    assert straight.picture.tooltip in straight.text()


@pytest.mark.parametrize("kind", ALL)
def test_logarithmic_sliders_begin_at_a_place_of_their_own(kind: Any) -> None:
    """Else the browser moves them as soon as it shows them."""
    explorer = kind()
    for name in names(explorer):
        explorer.preset.value = name
        for one in explorer.sliders:
            if isinstance(one, widgets.FloatLogSlider):
                places = (np.log10(one.value) - one.min) / one.step
                at_end = np.isclose(one.value, ends(one)[1])
                assert at_end or places == pytest.approx(round(places), abs=1e-6), f"{name}: {one.description}"


@pytest.mark.parametrize("kind", ALL)
def test_moves_make_no_widget_and_no_figure(kind: Any) -> None:
    explorer = kind()
    one = explorer.sliders[-1]
    least, most = ends(one)

    def alive() -> list[int]:
        gc.collect()
        objects = gc.get_objects()
        return [sum(issubclass(type(o), k) for o in objects) for k in (widgets.Widget, Figure)] + [len(objects) // 2000]

    for number in range(6):
        one.value = (least, most)[number % 2]
    before = alive()
    for number in range(30):
        one.value = (least, most)[number % 2]
    after = alive()
    assert after[:2] == before[:2]
    assert after[2] - before[2] <= 1


@pytest.mark.parametrize("kind", NEW)
def test_the_learner_s_own_settings_stay(kind: Any) -> None:
    before = dict(mpl.rcParams)
    kind().preset.value = names(kind())[1]
    assert dict(mpl.rcParams) == before


# --- a million -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ALL)
def test_models_with_requests_have_a_button_for_a_million(kind: Any) -> None:
    assert (kind().million is not None) == (kind in WITH_REQUESTS)


@pytest.mark.parametrize("kind", WITH_REQUESTS)
def test_the_long_run_shows_how_far_it_is_and_is_forgotten_with_the_next_move(kind: Any) -> None:
    explorer = kind()
    seen: list[int] = []
    explorer.million.bar.observe(lambda change: seen.append(change.new), "value")
    disabled: list[bool] = []
    explorer.million.button.observe(lambda change: disabled.append(change.new), "disabled")
    explorer.million.button.click()
    assert explorer.million.result.requests == pytest.approx(1_000_000, rel=0.01)
    assert f"{explorer.million.result.requests:,}" in explorer.million.children[1].value
    assert seen == sorted(seen)
    assert len(seen) >= 10
    assert seen[-1] == 100
    assert disabled == [True, False]
    explorer.sliders[0].value = ends(explorer.sliders[0])[1]
    assert explorer.million.result is None
    assert explorer.million.children[1].value == ""


def test_a_million_requests_of_the_fleet_agree_with_theory() -> None:
    """Within 8%, which is what the explorer's docstring promises for short cold starts, and its own error."""
    explorer: Any = explore.FleetExplorer()
    explorer.idle_expiry_min.value = 1
    explorer.million.button.click()
    found = explorer.million.result.numbers
    assert found["cold_share"] == pytest.approx(explorer.result.cold_share, rel=0.03)
    assert 0 < found["standard_error"] < 0.002
    assert found["mean_total"] == pytest.approx(explorer.result.mean_total, rel=0.03)


def test_a_million_orders_time_out_as_often_as_erlang_b_says_when_nobody_waits_and_bursts_are_long() -> None:
    """With a tenth of a second of patience and work of ten milliseconds, ten seconds are long: the timeout hardly
    matters, and the loss lies between that of a pool without a queue and that of a single, endless queue."""
    explorer: Any = explore.PoolExplorer()
    explorer.orders_per_s.value, explorer.work_ms.value = 300, 60
    explorer.borrow_timeout_s.value = 0.1
    explorer.million.button.click()
    found = explorer.million.result.numbers
    load, places = 300 * 0.06, 10
    erlang_b = 1.0
    for place in range(1, places + 1):
        erlang_b = load * erlang_b / (place + load * erlang_b)
    assert 1 - places / load - 0.02 <= found["timed_out_share"] <= erlang_b


# --- each of them ----------------------------------------------------------------------------------------------------


def test_capacity_shows_what_the_model_says_of_four_policies() -> None:
    explorer = explore.CapacityExplorer()
    assert list(explorer.result) == ["physical", "virtual", "container", "serverless"]
    here = prices.of("us-east-1")
    day = traces.flash_crowd(traces.week(100, 1), 36_000, 5, rise_s=300)
    large_usd = here.each_usd("ec2-m5-large")
    expected = capacity.simulate(day, policies.virtual(20, large_usd, target=0.6))
    assert explorer.result["virtual"].cost_usd == pytest.approx(expected.cost_usd)
    assert explorer.result["virtual"].unmet_share == pytest.approx(expected.unmet_share)
    assert explorer.result["physical"].unmet_share > explorer.result["virtual"].unmet_share > 0
    assert explorer.result["serverless"].unmet_share == 0
    explorer.preset.value = "a guess far above the peak"
    assert explorer.result["physical"].unmet_share == 0
    assert explorer.result["physical"].utilisation < 0.2


def test_capacity_answers_what_lesson_01_says_under_try_it() -> None:
    explorer = explore.CapacityExplorer()
    followers = ("virtual", "container")
    before_usd = [explorer.result[name].cost_usd for name in followers]
    explorer.target_percent.value = 95
    assert all(explorer.result[name].unmet_share > 0.05 for name in followers)
    cheaper = [1 - explorer.result[name].cost_usd / usd for name, usd in zip(followers, before_usd, strict=True)]
    assert cheaper == pytest.approx([0.4, 0.4], abs=0.03)
    explorer.preset.value = "a small shop"
    assert explorer.result["virtual"].cost_usd > 10 * explorer.result["serverless"].cost_usd
    explorer.preset.value = "a crowd that builds up slowly"
    assert [explorer.result[name].unmet_share for name in followers] == [0, 0]
    assert explorer.result["physical"].unmet_share > 0.1


def test_cost_solves_the_break_even_and_draws_it_on_both_lines() -> None:
    explorer = explore.CostExplorer()
    here = prices.of("us-east-1")
    (fargate, ec2) = explorer.result.crossings
    on_lambda = cost.lambda_month(fargate.requests, 100, 1769, here, step_ms=0).usd
    assert on_lambda == pytest.approx(2 * 730 * break_even.fargate_server(1, 2, here).usd_per_hour)  # two tasks
    assert (fargate.name, ec2.name) == ("Fargate 1 vCPU, 2 GB", "EC2 m7i.large")
    dots: Any = explorer.figure.axes[0].lines[-2]
    assert dots.get_xydata().tolist() == [[one.requests, one.usd] for one in (fargate, ec2)]
    assert explorer.result.cheapest == "Lambda"
    explorer.requests.value = 1e9
    assert explorer.result.cheapest != "Lambda"
    explorer.preset.value = "servers that are mostly idle"
    assert explorer.result.crossings == []
    assert "Lambda costs less than Fargate 1 vCPU, 2 GB everywhere" in explorer.sentence


def test_network_refuses_in_2019_and_not_now() -> None:
    explorer = explore.NetworkExplorer()
    assert (explorer.then.refused.item(), explorer.now.interfaces.item()) == (750, 2)
    explorer.preset.value = "a small subnet that runs dry"
    assert explorer.then.refused == 50 - network.addresses(28)
    assert "the addresses are used up" in explorer.sentence
    explorer.preset.value = "one request a day"
    assert explorer.sentence.startswith("1 environment with")
    assert explorer.start_then.total_s == explorer.start_now.total_s + 10


def test_queueing_loses_calls_and_keeps_messages() -> None:
    explorer = explore.QueueingExplorer()
    called, queued = explorer.result.called, explorer.result.queued
    assert called.calls == queued.messages
    assert called.lost > 1000
    assert queued.lost == 0
    assert queued.most_waiting == max(queued.backlog(queued.arrival_s))
    explorer.preset.value = "enough concurrency for all calls"
    assert explorer.result.called.lost == 0
    explorer.batch_size.value = 10
    assert explorer.result.queued.invocations <= explorer.result.queued.messages
    assert explorer.batch_size.max == queueing.MOST_IN_A_BATCH


def test_workflow_weighs_steps_against_delay() -> None:
    explorer = explore.WorkflowExplorer()
    at_a_minute = explorer.result
    assert at_a_minute.transitions_waited == 2
    assert 25 < at_a_minute.delay_s < 35  # half a wait, and the function
    explorer.wait_s.value = 10
    assert explorer.result.transitions > 5 * at_a_minute.transitions
    assert explorer.result.delay_s < at_a_minute.delay_s / 5
    assert explorer.result.usd > at_a_minute.usd > explorer.result.usd_waited
    explorer.preset.value = "a nightly job, polled every second: history full"
    assert explorer.result.failed_share == 1
    assert "100% of executions fail: history full" in explorer.sentence
    assert workflow.HISTORY_EVENTS == 25_000
