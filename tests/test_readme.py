"""What the README says is so. `python -m tests.test_readme` writes its table of methods anew."""

import re
import subprocess
import sys
from pathlib import Path

import es
from experiments import load_spec
from experiments.trial import make_trials

README = Path(__file__).parents[1] / "README.md"
MARKS = re.compile(r"<!-- methods -->\n(.*?)<!-- /methods -->", re.DOTALL)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(), re.DOTALL)


def table_of_methods() -> str:
    rows = ["| method | what it is | good for | cost of an iteration |", "|---|---|---|---|"]
    rows += [f"| `{m.name}` | {m.summary} | {m.good_for} | {m.cost} |" for m in es.methods()]
    return "\n".join(rows) + "\n"


def test_the_table_of_methods_is_that_of_the_registry() -> None:
    found = MARKS.search(README.read_text())
    assert found is not None
    assert found[1] == table_of_methods(), "run: python -m tests.test_readme"


def test_the_first_example_runs_and_both_methods_get_there() -> None:
    code = blocks("python")[0]
    assert len(code.strip().splitlines()) <= 12
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    black_box, evaluations, gradient, others = map(float, done.stdout.splitlines()[0].split())
    assert max(black_box, gradient) <= 1e-8
    assert evaluations > others


def test_the_sweep_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "my-sweep.toml"
    file.write_text(blocks("toml")[0])
    # 3 problems x 9 repeats x (3 step sizes of CMA-ES + 20 learning rates of momentum)
    assert len(make_trials(load_spec(file))) == 3 * 9 * (3 + 20)


def test_pictures_are_there() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README.read_text())
    assert len(pictures) >= 4
    assert all((README.parent / picture).stat().st_size > 10_000 for picture in pictures)


if __name__ == "__main__":
    README.write_text(
        MARKS.sub(lambda _: f"<!-- methods -->\n{table_of_methods()}<!-- /methods -->", README.read_text())
    )
