"""A flow file that is saved while somebody looks: how many of its tasks are others."""

from hashlib import sha256

import pytest

from tests.tui.pages import console
from tests.tui.project import Project
from tui_flow.contract import changes
from tui_flow.contract.rundir import keep_source
from tui_flow.contract.version import Version
from tui_flow.tui.reloads import changed_tasks

HEAD = "from tui_flow import task, flow\nfrom lib import clean\n"
FIRST = (
    HEAD
    + """
LIMIT = 3
@task(retries=1)
def load(n): return n * LIMIT
@task
def store(n): return clean(n)
@flow
def etl(): return store(load(1))
"""
)
LIB = "def clean(n):\n    return n\n"


def version(project: Project, text: str, lib: str = LIB) -> Version:
    """What was imported of a flow file with a module beside it."""
    shas = [keep_source(project.settings.state_dir, one.encode()) for one in (text, lib)]
    return Version(shas[0], {"lib": ["flows/lib.py", shas[1]]})


@pytest.mark.parametrize(
    ("text", "lib", "count"),
    [
        (FIRST.replace("retries=1", "retries=2") + "# said\n", LIB, 0),
        (FIRST.replace("LIMIT = 3", "LIMIT = 4"), LIB, 1),
        (FIRST, LIB.replace("return n", "return -n"), 1),
        (
            FIRST.replace("def load(n): return n", "def load(n): return -n") + "@task\ndef more(): ...\n",
            LIB,
            2,
        ),
        (FIRST.replace("def store", "def keep").replace("store(", "keep("), LIB, 2),
    ],
    ids=["options and comments", "a constant", "a module", "one and a new one", "renamed"],
)
def test_a_task_is_another_with_what_it_calls_and_not_with_its_options(
    etl: Project, text: str, lib: str, count: int
) -> None:
    project, state_dir = etl.settings.project, etl.settings.state_dir
    for name, source in (("etl", FIRST), ("lib", LIB)):
        (project / "flows" / f"{name}.py").write_text(source)
    before, now = version(etl, FIRST), version(etl, text, lib)
    assert changed_tasks(project, state_dir, "flows/etl.py", before, now) == count


def test_nobody_can_tell_of_a_text_that_is_gone(etl: Project) -> None:
    before, gone = version(etl, FIRST), Version(sha256(b"gone").hexdigest(), {})
    found = changed_tasks(etl.settings.project, etl.settings.state_dir, "flows/etl.py", before, gone)
    assert found is None


async def test_the_console_says_how_many_tasks_the_next_run_has_anew(etl: Project) -> None:
    def save(flow: str, found: Version) -> None:
        path, text = f"flows/{flow}.py", found.to_json()
        etl.db.execute("UPDATE flow_files SET version = ?, sha = ? WHERE path = ?", [text, found.sha, path])

    save("etl_daily", version(etl, FIRST))
    save("ingest_s3", version(etl, FIRST))
    async with console(etl) as page:
        save("etl_daily", version(etl, FIRST.replace("LIMIT = 3", "LIMIT = 4")))
        page.engine.tell(changes.FlowFileChanged("flows/etl_daily.py", "ok"))
        await page.shows("etl_daily.py reloaded: 1 task changed, the next run uses it")
        await page.press("j", "i", "i")
        assert "1 task changed" in page.message, "news stays for as long as keys say nothing"
        save("etl_daily", version(etl, FIRST))
        save("ingest_s3", version(etl, FIRST + "\n"))
        page.engine.tell(changes.FlowFileChanged("flows/ingest_s3.py", "ok"))
        await page.shows("2 flow files reloaded, the next runs use them")
        etl.db.execute("DELETE FROM flows WHERE path = 'flows/etl_daily.py'")
        save("etl_daily", version(etl, HEAD))
        page.engine.tell(changes.FlowFileChanged("flows/etl_daily.py", "ok"))
        await page.shows("etl_daily.py reloaded: no flow is in it any more")
