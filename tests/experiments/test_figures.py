import csv
import re

import numpy as np
import pytest

from experiments.figures import draw_all
from experiments.figures.captions import Comparison
from experiments.figures.convergence import convergence_figure
from experiments.figures.draw import study_styles
from experiments.figures.ecdf import ecdf_figure, ecdf_panels
from experiments.figures.ert import dimension_figure, scatter_figure
from experiments.figures.heatmap import heatmap_figure
from experiments.figures.labels import spread
from experiments.figures.parallel import parallel_figure, unit_column
from experiments.figures.profiles import profile_figure, profile_times
from experiments.figures.style import MARKERS, METHOD_STYLES, described, styles
from experiments.figures.sweeps import heatmap_figure as sweep_heatmap_figure
from experiments.figures.sweeps import slice_figure
from experiments.statistics import collect, expected_runtime, values_at
from experiments.statistics.distributions import distributions
from experiments.statistics.reference import has_best2009
from experiments.statistics.sweep import sweep_tables
from tests.experiments.fake_study import METHODS, make, make_bbob, make_sweep


@pytest.fixture(scope="module")
def study():
    return make()


@pytest.fixture(scope="module")
def drawn(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    return folder, draw_all(study, folder, quick=True)


def read_csv(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def boxes(figure):
    """Extents of all texts that are shown, in pixels."""
    from matplotlib.text import Text

    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    texts = [t for t in figure.findobj(Text) if t.get_text().strip() and t.get_visible()]
    return [(t.get_text(), t.get_window_extent(renderer)) for t in texts]


def assert_readable(figure):
    """No text overlaps another or leaves the figure."""
    width, height = figure.bbox.width, figure.bbox.height
    inside = [(text, box) for text, box in boxes(figure) if box.width > 0 and box.x1 > 0]
    for text, box in inside:
        assert box.x0 >= -1 and box.x1 <= width + 1 and box.y0 >= -1 and box.y1 <= height + 1, text
    for i, (text, box) in enumerate(inside):
        for other, second in inside[:i]:
            wide = min(box.x1, second.x1) - max(box.x0, second.x0)
            high = min(box.y1, second.y1) - max(box.y0, second.y0)
            assert not (wide > 1.5 and high > 2.5), f"{text!r} overlaps {other!r}"


def test_spread_keeps_the_gap_and_the_order():
    rng = np.random.default_rng(0)
    for _ in range(50):
        wanted = rng.random(6).tolist()
        got = spread(wanted, 0.1, 0.0, 1.0)
        ordered = np.sort(got)
        assert np.diff(ordered).min() >= 0.1 - 1e-9
        assert ordered[0] >= -1e-9 and ordered[-1] <= 1 + 1e-9
        assert np.argsort(got).tolist() == np.argsort(wanted).tolist()


def test_spread_leaves_places_with_room_alone():
    assert spread([0.9, 0.1, 0.5], 0.2) == [0.9, 0.1, 0.5]
    assert spread([], 0.1) == []


def test_spread_shrinks_the_gap_where_there_is_no_room():
    assert spread([0.0] * 5, 1.0, 0.0, 1.0) == pytest.approx([0, 0.25, 0.5, 0.75, 1.0])


def test_styles_are_explicit_and_distinct():
    looks = {(style.color, style.marker) for style in METHOD_STYLES.values()}
    assert len(looks) == len(METHOD_STYLES)
    many = styles([f"method {i}" for i in range(20)])
    assert len({(s.color, s.marker) for s in many.values()}) == 20


def test_a_method_keeps_its_style_whatever_stands_beside_it():
    alone = styles(["CMA-ES"], ["cmaes"])["CMA-ES"]
    beside = styles(["mine", "CMA-ES, sigma0=1", "CMA-ES"], ["mine", "cmaes", "cmaes"])
    assert beside["CMA-ES, sigma0=1"] == alone
    assert len(set(beside.values())) == 3


def test_figures_of_a_comparison(drawn):
    folder, paths = drawn
    names = {path.stem for path in paths}
    assert {"convergence", "ecdf", "ranks"} <= names
    for name in names:
        for ending in ("png", "svg", "csv", "txt"):
            assert (folder / f"{name}.{ending}").stat().st_size > 200


def test_pictures_are_not_blank_and_have_the_width_of_a_page(drawn):
    from matplotlib.image import imread

    pictures = [imread(path)[..., :3] for path in drawn[1] if path.suffix == ".png"]
    assert len(pictures) >= 3
    for picture in pictures:
        assert picture.shape[1] == 1200
        assert picture.min() < 0.4
        assert 0.01 < (picture.min(axis=-1) < 0.95).mean() < 0.95


def test_figures_are_the_same_bytes_each_time(study, drawn, tmp_path):
    again = draw_all(study, tmp_path, quick=True)
    assert len(again) == len(drawn[1]) > 5
    for path in again:
        assert path.read_bytes() == (drawn[0] / path.name).read_bytes(), path.name


def test_svg_has_no_link_to_anywhere(drawn):
    drawings = [path.read_text() for path in drawn[1] if path.suffix == ".svg"]
    hrefs = [href for text in drawings for href in re.findall(r'href="([^"]*)"', text)]
    assert len(drawings) >= 3 and hrefs
    assert [href for href in hrefs if not href.startswith(("#", "data:"))] == []


def test_convergence_csv_holds_the_quartiles(study, drawn):
    rows = read_csv(drawn[0] / "convergence.csv")
    cell = next(c for c in collect(study) if c.method == "Adam" and c.problem.startswith("Rosenbrock"))
    last = [r for r in rows if r["method"] == "Adam" and r["problem"] == cell.problem][-1]
    final = [
        float(values_at(c, g, [float(last["evaluations"])])[0]) for c, g in zip(cell.costs, cell.gaps, strict=True)
    ]
    assert float(last["median"]) == pytest.approx(np.median(final), rel=1e-6)
    assert float(last["q25"]) == pytest.approx(np.quantile(final, 0.25), rel=1e-6)
    assert last["trials"] == "9"


def test_convergence_charges_gradients(study):
    first = {c.costs[0][0] for c in collect(study) if c.method == "L-BFGS-B"}
    assert first == {5.0}  # one value and one gradient at four evaluations


def test_ecdf_csv_rises_and_ends_at_the_fraction_solved(study, drawn):
    rows = [r for r in read_csv(drawn[0] / "ecdf.csv") if r["method"] == "CMA-ES"]
    fraction = np.array([float(r["fraction"]) for r in rows])
    assert (np.diff(fraction) >= -1e-12).all()
    cells = [c for c in collect(study) if c.method == "CMA-ES"]
    solved = np.mean([np.isfinite(c.times()).any(axis=1).mean() for c in cells])
    assert fraction[-1] == pytest.approx(solved, abs=0.02)
    assert {r["simulated"] for r in rows} == {"0", "1"}
    assert all(float(r["low"]) <= float(r["fraction"]) + 0.05 for r in rows)


NAMES = {
    **METHODS, "momentum": "momentum", "sep-CMA-ES": "sep-cmaes", "xNES": "xnes", "LM-MA-ES": "lm-ma-es",
    "OpenAI-ES": "openai-es", "Nelder-Mead": "nelder-mead", "random search": "random-search",
    "a method with a label of 46 letters, by default": "cmaes",
}  # fmt: skip


def all_figures(study, samples=10):
    """Every figure of a comparison in several dimensions."""
    cells, look = collect(study), study_styles(study)
    dimensions = sorted({c.n for c in cells})
    shown = Comparison(cells, look)
    pairs = [(next(iter(look)), other) for other in list(look)[1:]]
    yield "convergence", convergence_figure(Comparison([c for c in cells if c.n == dimensions[-1]], look))
    groups = {f"n = {n}": [c for c in cells if c.n == n] for n in dimensions}
    known = distributions(cells, {"": cells, **groups}, samples=samples, draws=10)
    yield "ecdf", ecdf_figure(shown, known)
    yield "ecdf-dimension", ecdf_panels(shown, known, groups)
    yield "profiles", profile_figure(shown)
    yield "ranks", heatmap_figure(shown)
    yield "ranks of one dimension", heatmap_figure(Comparison(groups[f"n = {dimensions[0]}"], look))
    yield "ert-dimension", dimension_figure(shown, samples)
    yield "ert-scatter", scatter_figure(shown, pairs)


def check(name, figure):
    """Nothing overlaps or is cut off, all panels have titles, axes have names, caption and description are text."""
    from matplotlib.text import Text

    assert_readable(figure)
    caption, alt = described(figure)
    assert len(caption) > 60 and len(alt) > 60, name
    drawn = {t.get_text().replace("\n", " ") for t in figure.findobj(Text)}
    assert caption not in drawn
    for ax in figure.axes:
        titled = ax.get_title(loc="left") or any(t.get_text().startswith("Ranks") for t in ax.texts)
        assert titled, name
    smallest = min(t.get_fontsize() for t in figure.findobj(Text) if t.get_text().strip() and t.get_visible())
    assert smallest >= 6.0, name


@pytest.mark.parametrize("count", [2, 6, 12])
def test_every_figure_reads_well(count):
    methods = dict(list(NAMES.items())[:count])
    for name, (figure, rows) in all_figures(make_bbob((1, 8, 15, 21), (2, 3, 5, 20), trials=3, methods=methods)):
        check(name, figure)
        assert rows


@pytest.mark.heavy
@pytest.mark.parametrize("count", [2, 6, 12])
def test_every_figure_reads_well_with_24_functions_in_six_dimensions(count):
    methods = dict(list(NAMES.items())[:count])
    study = make_bbob(tuple(range(1, 25)), (2, 3, 5, 10, 20, 40), trials=3, methods=methods)
    for name, (figure, _) in all_figures(study, samples=0):
        check(name, figure)


def test_one_legend_stands_for_all_panels():
    study = make_bbob((1, 8, 15), (2, 5), trials=3)
    figures = {name: figure for name, (figure, _) in all_figures(study)}
    for name in ("convergence", "ecdf-dimension", "profiles", "ert-dimension"):
        names = [t.get_text() for t in figures[name].texts]
        assert [n for n in names if n in METHODS] == list(METHODS), name


def test_every_marker_shows_with_the_white_edge_that_all_have():
    from matplotlib.lines import Line2D

    markers = {style.marker for style in METHOD_STYLES.values()} | set(MARKERS)
    assert markers <= set(Line2D.filled_markers)


def test_eight_methods_have_eight_colours_and_twelve_have_twelve_looks():
    look = study_styles(make_bbob((1,), (2,), trials=1, methods=dict(list(NAMES.items())[:8])))
    assert len({style.color for style in look.values()}) == 8
    many = study_styles(make_bbob((1,), (2,), trials=1, methods=NAMES))
    assert len({(style.color, style.dash) for style in many.values()}) == 12
    assert len({(style.color, style.marker) for style in many.values()}) == 12
    assert len({style.name for style in many.values()}) == 12 and max(len(s.name) for s in many.values()) <= 30


def test_labels_of_any_length_and_letters_draw(tmp_path):
    study = make(3)
    for trial in study.trials:
        trial["problem"] = {**trial["problem"], "label": trial["problem"]["label"] + " with a very long label" * 8}
        trial["method"] = {**trial["method"], "label": trial["method"]["label"] + " $x_1 & < $ ünï %" * 5}
    study.header.update(problems=[], methods=[])
    paths = draw_all(study, tmp_path, quick=True)
    assert {"convergence", "ecdf", "ranks", "profiles"} <= {path.stem for path in paths}
    figure, _ = heatmap_figure(Comparison([c for c in collect(study) if c.costs], study_styles(study)))
    assert_readable(figure)


def test_small_panels_read_well():
    study = make_bbob(tuple(range(1, 11)), (2, 10), trials=3)
    for name, (figure, _) in all_figures(study):
        check(name, figure)


@pytest.mark.parametrize("count", [1, 2, 6, 12])
def test_sweep_figures_read_well(count):
    values = {"method.sigma0": [0.01, 0.1, 0.5, 5.0], "method.popsize": [6, 20, 60]}
    study = make_sweep(values, trials=2, methods=dict(list(NAMES.items())[:count]))
    tables, look = sweep_tables(study), study_styles(study)
    for figure, _ in (
        slice_figure(tables, look, grad_cost=4.0, samples=20),
        sweep_heatmap_figure(tables, grad_cost=4.0),
        parallel_figure(tables, grad_cost=4.0),
    ):
        check("sweep", figure)
    caption, _ = described(figure)
    assert ("the first 4 of" in caption) == (2 * count > 4)


def test_intervals_of_a_slice_are_of_repeats_not_of_settings():
    """Two parameters of which one matters hugely: along the other the bars must not show that."""
    study = make_sweep({"method.sigma0": [0.5, 5.0, 50.0], "method.popsize": [10, 20]}, trials=9)
    _, rows = slice_figure(sweep_tables(study), study_styles(study), grad_cost=4.0, samples=200)
    mine = [r for r in rows if r["parameter"] == "method.popsize" and r["problem"].startswith("sphere")]
    settings = next(t for t in sweep_tables(study) if t.problem.startswith("sphere")).ert
    assert len(mine) == 2  # one for each size of the population
    for row in mine:
        assert row["low"] <= row["outcome"] <= row["high"]
        assert row["high"] / row["low"] < 0.5 * max(settings) / min(settings)


def test_profiles_by_hand():
    cells = collect(make_bbob((1, 8), (5,), trials=4))
    methods = ["CMA-ES", "SNES"]
    times, dimensions = profile_times(cells, methods, 1e-2)
    assert times.shape == (2, 8) and dimensions.tolist() == [5.0] * 8
    cell = next(c for c in cells if c.method == "SNES" and c.family == "bbob f8")
    start = np.median([gap[0] for c in cells if c.family == "bbob f8" and c.method in methods for gap in c.gaps])
    assert times[1, 4:].tolist() == cell.times(np.array([0.01 * start]))[0].tolist()


def test_every_line_is_named(study):
    cells, look = [c for c in collect(study) if c.costs], study_styles(study)
    for figure, _ in (
        convergence_figure(Comparison(cells, look)),
        convergence_figure(Comparison([c for c in cells if c.problem.startswith("Ras")], look)),
        ecdf_figure(Comparison(cells, look), distributions(cells, {"": cells}, samples=0)),
    ):
        texts = " ".join(text for text, _ in boxes(figure))
        assert all(method in texts for method in look)


def test_captions_state_trials_targets_intervals_and_gradient_cost(study):
    cells, look = [c for c in collect(study) if c.costs], study_styles(study)
    known = distributions(cells, {"": cells}, samples=30)
    figure, _ = ecdf_figure(Comparison(cells, look, notes=["CMA-ES: the best of 3."]), known)
    caption, alt = described(figure)
    for words in (
        "8–9 trials",
        "51 targets",
        "1e2 … 1e-8",
        "starting gap",
        "One gradient = 4",
        "bootstrap",
        "pointwise",
        "the best of 3",
    ):
        assert words in caption
    assert "highest fraction at the end: L-BFGS-B" in alt
    ranks, _ = heatmap_figure(Comparison(cells, look))
    assert "common budget of 1e5 evaluations" in described(ranks)[0].replace("100000", "1e5")


def test_bbob_studies_get_figures_by_dimension(tmp_path):
    study = make_bbob((1, 8, 15), (2, 5, 10), trials=6)
    names = {path.stem for path in draw_all(study, tmp_path, quick=True)}
    assert {"ert-dimension", "ecdf-dimension", "ert-scatter", "ranks"} <= names
    cells, look = collect(study), study_styles(study)
    figure, rows = dimension_figure(Comparison(cells, look), samples=50)
    assert len(figure.axes) == 3
    cell = next(c for c in cells if c.method == "SNES" and c.n == 5 and c.family == "bbob f8")
    row = next(r for r in rows if r["method"] == "SNES" and r["n"] == 5 and r["problem"] == "bbob f8")
    assert row["ert"] == pytest.approx(float(expected_runtime(cell.times()[-1], cell.budgets)))
    bare, rows = dimension_figure(Comparison(cells, look), samples=0)
    assert all(r["low"] == r["ert"] == r["high"] for r in rows) and "intervals" not in described(bare)[0]
    text = (tmp_path / "ecdf.csv").read_text()
    assert ("best 2009" in text) == has_best2009()


def test_sweeps_get_their_own_figures(tmp_path):
    study = make_sweep({"method.sigma0": [0.01, 0.1, 0.5, 5.0], "method.popsize": [6, 20]}, trials=4)
    paths = draw_all(study, tmp_path, quick=True)
    assert [path.stem for path in paths if path.suffix == ".png"][:3] == [
        "sweep-slices",
        "sweep-heatmap",
        "sweep-parallel",
    ]
    rows = read_csv(tmp_path / "sweep-heatmap.csv")
    assert len(rows) == 2 * 8
    best = min((r for r in rows if r["problem"].startswith("sphere")), key=lambda r: float(r["ert"]))
    assert best["x_value"] == "0.5"


def test_a_sweep_over_one_parameter_has_slices_only(tmp_path):
    study = make_sweep({"method.lr": [0.01, 0.1, 1.0]}, trials=3, methods={"Adam": "adam", "SGD": "sgd"})
    names = {path.stem for path in draw_all(study, tmp_path, quick=True)}
    assert "sweep-slices" in names and "sweep-heatmap" not in names and "sweep-parallel" not in names


def test_unit_columns_of_names_and_missing_values():
    places, ticks = unit_column(["b", "a", None, "a"])
    assert places[0] == 0.75 and places[1] == 0.25 and np.isnan(places[2])
    assert [text for _, text in ticks] == ["a", "b"]


def test_a_study_without_results_draws_nothing(tmp_path):
    study = make(1)
    study.trials.clear()
    assert draw_all(study, tmp_path) == []


def test_one_method_and_one_trial_still_draw(tmp_path):
    study = make(1, failures=False)
    study.trials[:] = [t for t in study.trials if t["method"]["label"] == "SNES"][:1]
    names = {path.stem for path in draw_all(study, tmp_path)}
    assert names == {"convergence", "ecdf"}


def test_values_below_or_at_zero_of_unknown_optimum_do_not_break(tmp_path):
    study = make(3, failures=False)
    for trial in study.trials:
        if trial["f_opt"] is None:
            trial["curve"]["f"] = trial["curve"]["f"] - 1.0  # a loss that goes below zero
            trial["f"] = float(trial["curve"]["f"][-1])
    assert len(draw_all(study, tmp_path, quick=True)) >= 6
