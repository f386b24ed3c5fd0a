"""`python -m tests.benchmarks [name…]` prints the figures of all rooms, or of those named (`sdk`, `engine` …), as JSON.

Exits 1 if a figure misses its mark. Medians are told, but a busy machine makes every figure worse.
"""

import json
import sys
from importlib import import_module
from pathlib import Path


def main(names: list[str]) -> int:
    there = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
    unknown = sorted(set(names) - set(there))
    if unknown:
        print(
            f"no benchmarks of that name: {', '.join(unknown)}; there are: {', '.join(there)}",
            file=sys.stderr,
        )
        return 2
    figures = [
        {"room": name, **figure._asdict(), "within_mark": figure.mark is None or figure.value <= figure.mark}
        for name in names or there
        for figure in import_module(f"tests.benchmarks.bench_{name}").figures()
    ]
    rounded = [{key: _rounded(value) for key, value in figure.items()} for figure in figures]
    print(json.dumps(rounded, indent=1, ensure_ascii=False))
    return 0 if all(figure["within_mark"] for figure in figures) else 1


def _rounded(value: object) -> object:
    return float(f"{value:.4g}") if type(value) is float else value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
