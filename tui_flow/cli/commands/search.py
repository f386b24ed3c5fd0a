"""`tui-flow search WORD…`: in which runs something was said."""

import sys
import time
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from itertools import chain, islice
from typing import Any

import click

from tui_flow.cli.history import up_to_date
from tui_flow.cli.options import limit_option, new_command, settings, wants_json
from tui_flow.cli.output import fit, json_line, note, print_lines, style
from tui_flow.contract.errors import RequestError
from tui_flow.contract.log import LEVELS
from tui_flow.counting import counted
from tui_flow.safe import safe
from tui_flow.store.flows import list_flows
from tui_flow.store.log_search import Hit, LogScan
from tui_flow.tui.presentation import filters, log_hits
from tui_flow.tui.presentation.glyphs import ROLES
from tui_flow.tui.presentation.log_lines import LEVEL_ROLES
from tui_flow.tui.searching import Found, search_logs, unread


@new_command(
    "tui-flow search 'timeout|refused'\n"
    "tui-flow search 'load failed' 'level>=WARN' 'flow:etl_*' since:24h\n"
    "tui-flow search '/took [5-9]\\d+s/' --json | jq -r .run_id\n"
    "tui-flow search task:load -- -debug"
)
@click.argument("words", nargs=-1, required=True, metavar="WORD...")
@limit_option(1000)
def command(words: tuple[str, ...], limit: int) -> None:
    """Search the logs of all runs, the newest run and line first.

    The words are those of the console's Logs view: text, whatever its case where it has no capital letter; a|b;
    "two words"; /regex/; level>=WARN; since:24h; task:load; logger:sql*; and for the runs flow:etl_* state:failed run:812.
    All of them hold for a record, or it is not found. With --json: one object a line.
    """
    filter = _parsed(" ".join(words))
    found, now = settings(), time.time()
    scan = LogScan(log_hits.query_of(filter, now))
    with up_to_date(found) as db:
        groups = search_logs(db, found.state_dir, filter, now, scan)
        hits = ((group, hit) for group in groups for hit in group.hits)
        lines = _objects(hits) if wants_json() else _lines(hits)
        newest = list(islice(lines, 1))
        print_lines(chain(newest, islice(lines, limit - 1)))
        if not newest:
            flows = (flow.name for flow in list_flows(db))
            why = filters.why_nothing(filter, flows) or "no line says this"
            case = log_hits.case_counts(filter)
            note(f"{safe(why)} ({counted(scan.files, 'file')} read){f'; {case}' if case else ''}")
        elif next(lines, None) is not None:
            scan.is_cancelled = True
            deque(groups, 0)
            rest = f", and {unread(scan.left)}" if scan.left else ""
            note(f"only the newest {counted(limit, 'line')}; there are more{rest}: --limit shows them")


def _parsed(text: str) -> filters.Filter:
    try:
        filter = filters.parse(text)
    except filters.BadFilter as error:
        raise RequestError(str(error), next="tui-flow search --help") from None
    if not filter:
        raise RequestError("there is nothing to search for", next="tui-flow search --help")
    return filter


def _objects(hits: Iterator[tuple[Found, Hit]]) -> Iterator[str]:
    for group, hit in hits:
        fields: dict[str, Any] = {
            "run_id": group.run.id,
            "flow": group.run.flow,
            "line": hit.line + 1,
            "time": hit.stamp or None,
            "level": LEVELS[hit.level],
            "task_run": hit.task_run,
            "task_run_name": log_hits.writer(group.run, hit, group.names) or None,
            "tries": hit.tries,
            "text": hit.text,
        }
        yield json_line(fields)


def _lines(hits: Iterator[tuple[Found, Hit]]) -> Iterator[str]:
    """One line a hit, as wide as the terminal where there is one."""
    columns = _columns()
    for group, hit in hits:
        begin, end = hit.place
        level = style(f"{LEVELS[hit.level]:<8}", fg=ROLES.get(LEVEL_ROLES[hit.level]))
        where = f"{group.run.id}:{hit.line + 1}"
        when = style(_when(hit.stamp), dim=True)
        who = log_hits.writer(group.run, hit, group.names) or group.run.flow
        head = f"{style(f'{where:<10}', fg='cyan')} {when} {level} {safe(who)}: "
        room = columns - len(click.unstyle(head))
        start = max(0, begin - room // 3) if columns and end > room else 0
        before = ("..." if start else "") + safe(hit.text[start:begin])
        match = style(safe(hit.text[begin:end]), bold=True, fg="yellow") if end > begin else ""
        line = f"{head}{before}{match}{safe(hit.text[end:])}"
        yield fit(line, columns) if columns else line


def _when(stamp: str) -> str:
    """The local day and time of a record."""
    try:
        return datetime.fromisoformat(stamp).astimezone().strftime("%m-%d %H:%M:%S")
    except ValueError:
        return "-" * 14


def _columns() -> int:
    """The terminal's width; 0 where there is none, and lines are whole."""
    import shutil

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
