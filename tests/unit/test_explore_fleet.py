"""The fleet explorer and the pictures of a fleet: what a learner reads and sees."""

from __future__ import annotations

import io
import re
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from serverless_first import explore
from serverless_first.figures import fleet as pictures
from serverless_first.figures.style import VERMILION
from serverless_first.simulate import fleet


def set_to(
    explorer: explore.FleetExplorer, per_minute: float, expiry_min: int, service_s: float, cold_s: float
) -> None:
    explorer.requests_per_minute.value = per_minute
    explorer.idle_expiry_min.value = expiry_min
    explorer.service_s.value = service_s
    explorer.cold_start_s.value = cold_s


def test_at_first_it_says_in_words_what_the_sliders_stand_for() -> None:
    said = explore.FleetExplorer()._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in said
    assert said["text/plain"] == (
        "How many requests wait for a cold start?\n"
        "  requests per minute: 1\n"
        "  idle expiry, in minutes: 10\n"
        "  mean service time, in s: 0.2\n"
        "  cold start, in s on top: 0.5\n"
        "1 request a minute, expiry 10 min: 0.32% of requests have a cold start and wait 0.5 s longer; "
        "on average 1.0 environments exist.\n"
        "Left: with this expiry the share of cold requests falls from 90% at 0.01 requests a minute to 0.011% "
        "at 600. Right: an hour, simulated: 1 of 63 requests cold; environments at the same moment: at most 2."
    )


def test_a_moved_slider_changes_the_sentence_the_result_and_the_picture() -> None:
    explorer = explore.FleetExplorer()
    before, picture = explorer.result, explorer.picture.value
    explorer.requests_per_minute.value = 0.02
    assert explorer.result.cold_share > before.cold_share
    assert explorer.sentence == (
        "0.02 requests a minute, expiry 10 min: 82% of requests have a cold start and wait 0.5 s longer; "
        "on average 0.18 environments exist."
    )
    assert explorer.picture.value != picture


@pytest.mark.parametrize("setting", [(0.02, 10, 0.2, 0.5), (0.5, 10, 2, 3), (30, 5, 1, 0.5), (600, 60, 10, 3)])
def test_the_picture_holds_nothing_of_an_earlier_setting(setting: tuple[float, int, float, float]) -> None:
    travelled, straight = explore.FleetExplorer(), explore.FleetExplorer()
    set_to(travelled, 0.05, 60, 5, 2)
    set_to(travelled, 300, 2, 0.01, 1)
    set_to(travelled, *setting)
    set_to(straight, *setting)
    assert travelled.picture.value == straight.picture.value
    assert travelled.text() == straight.text()


@pytest.mark.parametrize(
    "setting", [(0.02, 10, 0.2, 0.5), (1, 10, 0.2, 0.5), (5, 1, 5, 0.5), (60, 5, 1, 0.5), (60, 1, 1, 3), (600, 1, 1, 3)]
)
def test_its_averages_are_those_of_a_long_simulation(setting: tuple[float, int, float, float]) -> None:
    per_minute, expiry_min, service_s, cold_s = setting
    explorer = explore.FleetExplorer()
    set_to(explorer, *setting)
    rng = np.random.default_rng(4)
    arrivals_s = np.cumsum(rng.exponential(60 / per_minute, 500_000))
    services_s = rng.exponential(service_s, 500_000)
    run = fleet.simulate(arrivals_s, services_s, services_s + cold_s, expiry_min * 60)
    simulated = np.mean(run.outcomes[50_000:] == fleet.COLD)
    # Theory takes a cold request to be as long as a warm one; the docstring promises no more than this.
    assert explorer.result.cold_share <= simulated * 1.08
    assert simulated <= explorer.result.cold_share * (1.2 if cold_s == 3 else 1.08)
    assert explorer.result.mean_busy == pytest.approx(run.mean_busy, rel=0.03)
    assert explorer.result.mean_total == pytest.approx(run.mean_total, rel=0.03)


def test_the_picture_shows_the_setting_on_the_chosen_curve() -> None:
    explorer = explore.FleetExplorer()
    set_to(explorer, 5, 2, 0.5, 1)
    left: Any = explorer.figure.axes[0]
    one, sixty, chosen, point = left.lines
    assert point.get_xydata().tolist() == [[5, explorer.result.cold_share]]
    rates = chosen.get_xdata() / 60
    for line, minutes in ((one, 1), (sixty, 60), (chosen, 2)):
        assert line.get_ydata() == pytest.approx(fleet.cold_share_theory(rates, 0.5, minutes * 60.0))
    pixels = imread(io.BytesIO(explorer.picture.value))
    across, up = left.transData.transform((5, explorer.result.cold_share)).round().astype(int)
    seen = pixels[pixels.shape[0] - up, across, :3]
    assert seen == pytest.approx(to_rgb(VERMILION), abs=0.01)
    assert "requests per minute" in left.get_xlabel()
    assert left.get_title(loc="left") == f"{explorer.result.cold_share:.1%} of requests are cold"


@pytest.mark.parametrize(
    ("per_minute", "words", "axis"),
    [(0.1, "A day", "hours"), (1, "An hour", "minutes"), (60, "An hour", "minutes"), (61, "10 minutes", "minutes")],
)
def test_the_stretch_of_time_fits_the_rate(per_minute: float, words: str, axis: str) -> None:
    explorer = explore.FleetExplorer()
    explorer.requests_per_minute.value = per_minute
    right: Any = explorer.figure.axes[1]
    found = re.fullmatch(rf"{words}, simulated: (\d+) of ([\d,]+) cold", right.get_title(loc="left"))
    assert found
    assert right.lines[0].get_xdata().size == int(found[1])  # a triangle for each cold start
    shown_min = {"A day": 1440, "An hour": 60, "10 minutes": 10}[words]
    assert int(found[2].replace(",", "")) == pytest.approx(per_minute * shown_min, rel=0.35)
    assert right.get_xlabel() == f"time, in {axis}"


def test_at_the_highest_setting_there_are_random_numbers_for_the_whole_time() -> None:
    explorer = explore.FleetExplorer()
    set_to(explorer, 600, 60, 10, 3)
    busy: Any = explorer.figure.axes[1].patches[2]
    assert np.mean(busy.get_data().values[-40:]) == pytest.approx(100, rel=0.2)


def test_the_picture_can_be_read_without_seeing_it() -> None:
    explorer = explore.FleetExplorer()
    assert imread(io.BytesIO(explorer.picture.value)).shape[:2] == (340, 900)
    assert explorer.picture.tooltip in explorer.text()
    assert explorer.picture.get_state()["description"] == ""  # else ipywidgets does not write the tooltip
    said = explorer.children[-2].value
    assert f'<div role="status">{explorer.sentence}</div>' in said
    assert explorer.picture.tooltip in said


def test_every_slider_has_a_label_with_its_unit() -> None:
    labels = [slider.description for slider in explore.FleetExplorer().sliders]
    assert len(labels) == 4
    assert all(re.search(r"per minute|in minutes|in s\b", label) for label in labels)


def test_the_learner_s_own_settings_stay() -> None:
    before = dict(mpl.rcParams)
    explore.FleetExplorer().idle_expiry_min.value = 3
    pictures.cold_share(title="t")
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "under 0.01%"), (0.00011, "0.011%"), (0.0033, "0.33%"), (0.0996, "10%"), (0.5, "50%"), (1, "100%")],
)
def test_shares_are_read_in_two_digits(share: float, words: str) -> None:
    assert explore.fleet.percent(share) == words


@pytest.mark.parametrize(
    ("number", "words"), [(0.0123, "0.012"), (1, "1.0"), (42.4, "42"), (99.4, "99"), (137.6, "138")]
)
def test_averages_are_read_in_two_digits(number: float, words: str) -> None:
    assert explore.fleet.count(number) == words


@pytest.mark.parametrize("seed", range(5))
def test_slices_count_what_is_there(seed: int) -> None:
    rng = np.random.default_rng(seed)
    run = fleet.simulate(np.cumsum(rng.exponential(1, 200)), rng.exponential(2, 200) + 0.01, 3.0, 5, max_concurrency=4)
    seen = pictures.slices(run, 20, 120, 50)
    moments = np.linspace(20, 120, 200_001)[:-1] + 0.00025
    served = run.environment >= 0
    starts, ends, gone = run.start_s[served], run.end_s[served], run.idle_until_s[served]
    busy = np.sum((starts[:, None] <= moments) & (moments < ends[:, None]), axis=0).reshape(50, -1)
    total = np.sum((starts[:, None] <= moments) & (moments < gone[:, None]), axis=0).reshape(50, -1)
    assert seen.mean_busy == pytest.approx(busy.mean(axis=1), abs=0.005)
    assert seen.most.tolist() == total.max(axis=1).tolist()


@pytest.mark.parametrize("window", [(5, 5, 10), (5, 4, 10), (0, 10, 0)])
def test_slices_of_nothing_are_refused(window: tuple[float, float, int]) -> None:
    with pytest.raises(ValueError, match="Give an end after the beginning, and 1 slice or more"):
        pictures.slices(fleet.simulate([0.0], 1, 1), *window)


def test_the_figure_shows_theory_and_a_simulation_that_agrees_with_it() -> None:
    figure = pictures.cold_share(title="Rarely called, mostly cold")
    axes: Any = figure.axes[0]
    assert axes.get_title(loc="left") == "Rarely called, mostly cold"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["1 min", "10 min", "60 min"]
    assert "requests per minute" in axes.get_xlabel()
    pairs = (axes.lines[0:2], axes.lines[3:5], axes.lines[6:8])
    for (line, dots), minutes in zip(pairs, (1, 10, 60), strict=True):
        theory = fleet.cold_share_theory(line.get_xdata() / 60, 0.2, minutes * 60.0)
        assert line.get_ydata() == pytest.approx(theory)
        there = fleet.cold_share_theory(dots.get_xdata() / 60, 0.2, minutes * 60.0)
        assert dots.get_xdata().size == 9
        assert dots.get_ydata() == pytest.approx(there, abs=0.015)
        assert np.any(dots.get_ydata() != there)  # simulated, not theory again
        assert line.get_color() == dots.get_color()
    looks = [(line.get_linestyle(), dots.get_marker()) for line, dots in pairs]
    assert len({look for pair in looks for look in pair}) == 6  # told apart without colour
