"""What `from tui_flow import flow, task` costs."""

import subprocess
import sys

HEAVY = {
    "asyncio", "concurrent.futures", "contextlib", "dataclasses", "enum", "functools", "inspect", "json", "logging",
    "pathlib", "pydantic", "re", "threading", "traceback", "typing",
}  # fmt: skip


def modules_after(code: str) -> set[str]:
    program = f"import sys; before = set(sys.modules)\n{code}\nprint(*(set(sys.modules) - before))"
    command = [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{program}"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def test_flow_and_task_import_nothing_heavy() -> None:
    found = modules_after(
        "from tui_flow import flow, task\n"
        "@task(retries=3, tags=['a'])\ndef t(): pass\n"
        "@flow(log_prints=True)\ndef f(): pass"
    )
    assert not found & HEAVY
    assert {name for name in found if not name.startswith("tui_flow")} <= {"__future__"}


def test_a_run_of_plain_parameters_imports_neither_pydantic_nor_asyncio(tmp_path: object) -> None:
    found = modules_after(
        f"import os; os.environ['TUI_FLOW_PROJECT'] = {str(tmp_path)!r}\n"
        "from tui_flow import flow, task\n"
        "@task\ndef t(x): return x\n"
        "@flow\ndef f(day: str, n: int = 3, rate: float = 1): return t.submit(n).result()\n"
        "f('monday', n=4)"
    )
    assert "tui_flow.sdk.run_logic" in found
    assert not found & {"asyncio", "pydantic", "concurrent.futures", "textual", "sqlite3"}


def test_every_name_of_the_api_is_there() -> None:
    import tui_flow
    from tui_flow import sdk

    for name in sdk.__all__:
        assert getattr(tui_flow, name) is not None


def test_a_star_imports_the_whole_api() -> None:
    from tui_flow import sdk

    found: dict[str, object] = {}
    exec("from tui_flow import *", found)
    assert set(sdk.__all__) <= set(found)
