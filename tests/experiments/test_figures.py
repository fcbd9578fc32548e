import csv
import re

import numpy as np
import pytest

from experiments.figures import draw_all
from experiments.figures.convergence import convergence_figure
from experiments.figures.draw import study_styles
from experiments.figures.ecdf import ecdf_figure, ecdf_panels
from experiments.figures.ert import dimension_figure, scatter_figure
from experiments.figures.heatmap import heatmap_figure
from experiments.figures.labels import spread
from experiments.figures.parallel import parallel_figure, unit_column
from experiments.figures.profiles import profile_figure, profile_times
from experiments.figures.style import METHOD_STYLES, styles
from experiments.figures.sweeps import heatmap_figure as sweep_heatmap_figure
from experiments.figures.sweeps import slice_figure
from experiments.statistics import collect, expected_runtime, values_at
from experiments.statistics.reference import has_best2009
from experiments.statistics.sweep import sweep_tables
from tests.experiments.fake_study import make, make_bbob, make_sweep


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
        for ending in ("png", "svg", "csv"):
            assert (folder / f"{name}.{ending}").stat().st_size > 500


def test_pictures_are_not_blank_and_have_the_width_of_a_page(drawn):
    from matplotlib.image import imread

    for path in drawn[1]:
        if path.suffix == ".png":
            picture = imread(path)[..., :3]
            assert picture.shape[1] == 1200
            assert picture.min() < 0.4
            assert 0.01 < (picture.min(axis=-1) < 0.95).mean() < 0.95


def test_figures_are_the_same_bytes_each_time(study, drawn, tmp_path):
    for path in draw_all(study, tmp_path, quick=True):
        assert path.read_bytes() == (drawn[0] / path.name).read_bytes(), path.name


def test_svg_has_no_link_to_anywhere(drawn):
    for path in drawn[1]:
        if path.suffix == ".svg":
            hrefs = re.findall(r'href="([^"]*)"', path.read_text())
            assert all(h.startswith(("#", "data:")) for h in hrefs)


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
    cells = [c for c in collect(study) if c.method == "L-BFGS-B"]
    for cell in cells:
        assert cell.costs[0][0] == 5.0  # one value and one gradient at four evaluations


def test_ecdf_csv_rises_and_ends_at_the_fraction_solved(study, drawn):
    rows = [r for r in read_csv(drawn[0] / "ecdf.csv") if r["method"] == "CMA-ES"]
    fraction = np.array([float(r["fraction"]) for r in rows])
    assert (np.diff(fraction) >= -1e-12).all()
    cells = [c for c in collect(study) if c.method == "CMA-ES"]
    solved = np.mean([np.isfinite(c.times()).any(axis=1).mean() for c in cells])
    assert fraction[-1] == pytest.approx(solved, abs=0.02)
    assert {r["simulated"] for r in rows} == {"0", "1"}
    assert all(float(r["low"]) <= float(r["fraction"]) + 0.05 for r in rows)


def test_main_figures_read_well(study):
    cells, look = [c for c in collect(study) if c.costs], study_styles(study)
    for figure, _ in (
        convergence_figure(cells, look, grad_cost=4.0),
        ecdf_figure(cells, look, grad_cost=4.0, samples=20),
        heatmap_figure(cells, look, grad_cost=4.0),
        scatter_figure(cells, [("CMA-ES", "SNES"), ("CMA-ES", "Adam")], grad_cost=4.0),
    ):
        assert_readable(figure)
        for ax in figure.axes:
            if ax.get_xscale() == "log":
                assert ax.get_xlabel() and ax.get_ylabel()


def test_small_panels_read_well():
    study = make_bbob(tuple(range(1, 11)), (2, 10), trials=5)
    cells, look = collect(study), study_styles(study)
    groups = {f"n = {n}": [c for c in cells if c.n == n] for n in (2, 10)}
    for figure, _ in (
        convergence_figure(groups["n = 10"], look, grad_cost=4.0),
        dimension_figure(cells, look, grad_cost=4.0, samples=20),
        ecdf_panels(groups, look, grad_cost=4.0, samples=20, draws=10),
        profile_figure(cells, look, grad_cost=4.0),
        heatmap_figure(cells, look, grad_cost=4.0),
    ):
        assert_readable(figure)


def test_sweep_figures_read_well():
    study = make_sweep({"method.sigma0": [0.01, 0.1, 0.5, 5.0], "method.popsize": [6, 20, 60]}, trials=4)
    tables, look = sweep_tables(study), study_styles(study)
    for figure, _ in (
        slice_figure(tables, look, grad_cost=4.0, samples=20),
        sweep_heatmap_figure(tables, grad_cost=4.0),
        parallel_figure(tables, grad_cost=4.0),
    ):
        assert_readable(figure)


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
        convergence_figure(cells, look, grad_cost=4.0),
        ecdf_figure(cells, look, grad_cost=4.0, samples=0),
    ):
        for ax in figure.axes:
            texts = " ".join(t.get_text() for t in ax.texts)
            assert all(method in texts for method in look)


def test_captions_state_trials_targets_intervals_and_gradient_cost(study):
    cells, look = [c for c in collect(study) if c.costs], study_styles(study)
    figure, _ = ecdf_figure(cells, look, grad_cost=4.0, samples=30)
    text = " ".join(t.get_text().replace("\n", " ") for t in figure.texts)
    for words in (
        "8–9 trials",
        "51 targets",
        "1e2 … 1e-8",
        "starting gap",
        "One gradient = 4",
        "bootstrap",
        "pointwise",
    ):
        assert words in text


def test_bbob_studies_get_figures_by_dimension(tmp_path):
    study = make_bbob((1, 8, 15), (2, 5, 10), trials=6)
    names = {path.stem for path in draw_all(study, tmp_path, quick=True)}
    assert {"ert-dimension", "ecdf-dimension", "ert-scatter", "ranks"} <= names
    cells, look = collect(study), study_styles(study)
    figure, rows = dimension_figure(cells, look, grad_cost=4.0, samples=50)
    assert len(figure.axes) == 3
    cell = next(c for c in cells if c.method == "SNES" and c.n == 5 and c.family == "bbob f8")
    row = next(r for r in rows if r["method"] == "SNES" and r["n"] == 5 and r["problem"] == "bbob f8")
    assert row["ert"] == pytest.approx(float(expected_runtime(cell.times()[-1], cell.budgets)))
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
