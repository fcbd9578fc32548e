"""The lessons: the numbers that their texts claim, their files, and the page."""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import autodiff as ad
from experiments import lessons
from experiments.lessons import Finding, Lesson, catalogue
from experiments.lessons.backpropagation import digits_held
from experiments.lessons.layers import summed
from experiments.lessons.lesson import words
from tests.experiments.findings import finding, quick_names


def test_backpropagation() -> None:
    numbers = finding("backpropagation").numbers
    assert f"{numbers['error_before']:.9f}" == "0.298371109"
    assert f"{numbers['error_after_one_step']:.9f}" == "0.291027774"
    assert numbers["largest_difference"] < 1e-15
    assert f"{numbers['output_2']:.9f}" == "0.772928465"
    held = [numbers[f"digits_held_{name}"] for name in ("first_output", "second_output", "error_after")]
    assert held == [5, 9, 6]
    assert 3e-5 < numbers["error_after_all_steps"] < 4e-5


@pytest.mark.parametrize(
    ("printed", "value", "count"), [("0.125", 0.125, 3), ("0.125", 0.1254, 3), ("0.125", 0.135, 1), ("0.5", 0.9, 0)]
)
def test_digits_held(printed: str, value: float, count: int) -> None:
    assert digits_held(printed, value) == count


def test_circuits() -> None:
    numbers = finding("circuits").numbers
    s = 1 / (1 + np.exp(-2.0))
    assert numbers["output_before"] == pytest.approx(s)
    slopes = [numbers[f"gradient_{name}"] for name in "abxyc"]
    np.testing.assert_allclose(slopes, s * (1 - s) * np.array([-1.0, 3.0, 1.0, 2.0, 1.0]))
    assert numbers["evaluations_backpropagation"] < numbers["evaluations_numerical_gradient"]
    # the numerical way takes n evaluations where the other is charged 4, along the same path
    steps = (numbers["evaluations_backpropagation"] - 1) / 5
    assert numbers["evaluations_numerical_gradient"] == 1 + 6 * steps
    wide = [numbers[f"wide_evaluations_{name}"] for name in ("backpropagation", "random_search", "numerical_gradient")]
    assert wide[0] < wide[1] < wide[2]


def test_gradient_checking() -> None:
    numbers = finding("gradient-checking").numbers
    assert numbers["derivative"] == pytest.approx(4.053427893898621, rel=1e-14)
    assert numbers["found_entry"] == 3 and numbers["error_of_found_entry"] > 1
    assert numbers["largest_error_elsewhere"] < 1e-8
    assert numbers["order_forward"] == pytest.approx(1, abs=0.02)
    assert numbers["order_central"] == pytest.approx(2, abs=0.02)
    assert 1e-9 < numbers["best_step_forward"] < 1e-7 and 1e-7 < numbers["best_step_central"] < 1e-4
    assert numbers["best_error_complex_step"] < 1e-15
    rows = finding("gradient-checking").drawings[0].rows
    calls = {(row["way"], row["h_or_n"]): row["value"] for row in rows if row["what"] == "calls"}
    assert (calls["forward", 200], calls["central", 200], calls["autodiff", 200]) == (201, 400, 1)


def test_dynamic_graphs() -> None:
    numbers = finding("dynamic-graphs").numbers
    assert numbers["longest_history"] > 2 * numbers["shortest_history"]
    assert numbers["largest_error_of_root_slope"] < 1e-9
    assert numbers["largest_error_of_sin_slope"] < 1e-15
    assert numbers["recorded_before_switch"] == numbers["recorded_inside_no_grad"] == 0
    assert numbers["history_steps"] == 3


def test_checkpointing() -> None:
    numbers = finding("checkpointing").numbers
    assert numbers["largest_difference"] == 0.0
    assert (numbers["calls_plain"], numbers["calls_best"]) == (64, 128)
    assert 4 <= numbers["best_segments"] <= 16
    assert numbers["arrays_best"] < 0.4 * numbers["arrays_plain"]


def test_layers() -> None:
    numbers = finding("layers").numbers
    assert numbers["matrix_error"] < 1e-14
    assert numbers["sum_routed"] == numbers["sum_spread"] == numbers["outputs_of_pooling"] == 9
    assert (numbers["pixels_routed"], numbers["pixels_spread"]) == (9, 36)
    assert (numbers["fewest_windows"], numbers["most_windows"]) == (1, 9)
    assert numbers["sum_to_pixels"] == pytest.approx(numbers["outputs_times_kernel_sum"], rel=1e-12)


@pytest.mark.heavy
def test_layers_as_in_torch() -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    image, kernel = rng.normal(size=(1, 1, 6, 6)), rng.normal(size=(1, 1, 3, 3))
    _, ours = summed(ad.conv2d, image, kernel)
    theirs = [torch.tensor(v, requires_grad=True) for v in (image, kernel)]
    torch.nn.functional.conv2d(*theirs).sum().backward()
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other.grad.numpy(), rtol=1e-12)
    for pool, other_pool in (
        (ad.max_pool2d, torch.nn.functional.max_pool2d),
        (ad.avg_pool2d, torch.nn.functional.avg_pool2d),
    ):
        x = torch.tensor(image, requires_grad=True)
        other_pool(x, 2).sum().backward()
        np.testing.assert_array_equal(ad.grad(lambda v, pool=pool: pool(v, 2).sum())(image), x.grad.numpy())


@pytest.mark.parametrize("name", quick_names())
def test_every_number_is_finite_and_every_figure_has_data(name: str) -> None:
    found = finding(name)
    assert np.isfinite(list(found.numbers.values())).all()
    assert found.text and all(drawing.rows for drawing in found.drawings)
    assert lessons.get(name).name == name
    assert set(lessons.get(name).needs) <= set(lessons.names())


@pytest.mark.parametrize("name", quick_names())
def test_every_caption_stands_beneath_its_figure_and_every_place_is_filled(name: str) -> None:
    file = Path(catalogue.__file__).with_name(f"{name.replace('-', '_')}.md")
    parts = re.findall(r"^## (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    found = finding(name)
    figures = [drawing.name for drawing in found.drawings]
    assert len(set(parts)) == len(parts) and set(parts) <= set(figures)
    for shown in (found.text, *(text.get_text() for d in found.drawings for text in d.figure.texts)):
        assert "{" not in shown and "##" not in shown


def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> str:
    """Name of a program whose constant is LIMIT = 3 and whose text is this."""
    (tmp_path / "written.md").write_text(text, encoding="utf-8")
    program = ModuleType("written")
    program.__dict__.update(__file__=str(tmp_path / "written.py"), LIMIT=3, HIGH=[1.5])
    monkeypatch.setitem(sys.modules, "written", program)
    return "written"


def test_words_are_filled_with_numbers_and_constants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "At {at 0.1:.2f}\nof {LIMIT}.\n\nOr {HIGH[0]}.\n\n## a-figure\n\nUp to {LIMIT:g}.\n"
    module = beside(tmp_path, monkeypatch, text)
    assert words(module, **{"at 0.1": 2}) == "At 2.00 of 3.\n\nOr 1.5."
    assert words(module, "a-figure") == "Up to 3."
    with pytest.raises(ValueError, match=r"written.md has a place .*does not give: 'at 0'"):
        words(module)
    with pytest.raises(ValueError, match="no part 'another', only a-figure"):
        words(module, "another")


def test_a_number_of_the_lesson_comes_before_a_constant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert words(beside(tmp_path, monkeypatch, "{LIMIT}"), LIMIT=4) == "4"


def test_a_lesson_as_the_documentation_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guide = (Path(lessons.__file__).parents[1] / "docs" / "lessons.md").read_text(encoding="utf-8")
    for kind, ending in (("text", "md"), ("python", "py")):
        (written,) = re.findall(rf"```{kind}\n(.*?)```", guide, re.DOTALL)
        (tmp_path / f"my_lesson.{ending}").write_text(written, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    found = importlib.import_module("my_lesson").LESSON.study()
    assert found.text == "From 3 the descent comes to 3.3e-08."
    assert len(found.drawings[0].rows) == 21


def test_unknown_names_bring_the_closest() -> None:
    with pytest.raises(ValueError, match="did you mean 'circuits'"):
        lessons.get("circuit")


def test_one_lesson_writes_its_folder(tmp_path: Path) -> None:
    page = lessons.run("dynamic-graphs", tmp_path)
    made = {path.name for path in page.parent.iterdir()}
    assert made >= {"lesson.html", "numbers.json", "dynamic-graphs.png", "dynamic-graphs.svg", "dynamic-graphs.csv"}
    assert json.loads((page.parent / "numbers.json").read_text())["history_steps"] == 3


def test_the_page_holds_all_and_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "MODULES", ("backpropagation", "circuits", "dynamic_graphs", "layers"))
    text = lessons.run_all(tmp_path).read_text()
    for name in lessons.names():
        assert f'<section id="{name}">' in text
    assert "http:" not in text and "https:" not in text and "<script" not in text and ' src="data:' in text


def test_text_is_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lesson = Lesson("x", "a < b", lambda: Finding("<b>not bold</b>", {"one": 1}, []))
    monkeypatch.setattr(catalogue, "get", lambda name: lesson)
    text = lessons.run("x", tmp_path).read_text()
    assert "&lt;b&gt;not bold" in text and "<b>" not in text and "a &lt; b" in text
