"""`tui-flow`: the group of commands, each imported when it is used, and what happens to errors."""

import errno
from importlib import import_module
from typing import Any

import click

from tui_flow import __version__
from tui_flow.cli.console import looks_options, open_console
from tui_flow.cli.options import AS_JSON, project_option
from tui_flow.cli.output import Shown, drop_output, note, open_missing_streams, print_json
from tui_flow.contract.errors import EXIT_INTERRUPTED, TuiFlowError

COMMANDS = (
    "open",
    "profiles",
    "run",
    "plan",
    "presets",
    "serve",
    "rerun",
    "debug",
    "runs",
    "grid",
    "show",
    "logs",
    "search",
    "diff",
    "stack",
    "cancel",
    "answer",
    "artifacts",
    "assets",
    "variable",
    "secret",
    "emit",
    "schedule",
    "backfill",
    "alerts",
    "limit",
    "flows",
    "engine",
    "db",
    "doctor",
    "config",
    "completion",
)

EPILOG = """\b
Examples:
  tui-flow                              open the console
  tui-flow open run/latest/load:77      open it there
  tui-flow run hello -p name=Ada        run a flow and watch it
  tui-flow run hello --detach           start it and print its number
  tui-flow plan hello                   what a run would do; starts nothing
  tui-flow logs latest -f               follow the newest run's log
  tui-flow search 'timeout|refused'     search the logs of all runs for it
  tui-flow cancel 12                    end a run
  tui-flow diff 12                      what changed since the last success
  tui-flow rerun 12                     run it again from where it failed

\b
Exit codes:
  0    it worked; for `run`, the run completed
  1    the run failed, crashed or was cancelled; for `doctor`, a check failed
  2    the command line, or what it asked for, makes no sense here
  3    the engine cannot be reached, or another one is running
  4    the project, its state directory or its history cannot be used
  130  Ctrl+C; a run that was started goes on in the engine

\b
RUN is a run's number, `latest`, or -1 for the newest, -2 for the one before it, and so on.
"""


class LazyGroup(click.Group):
    """Finds a command in the module of its name, and turns the errors of `contract.errors` into three lines."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"tui_flow.cli.commands.{cmd_name}")
        return module.command  # type: ignore[no-any-return]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=3)
            hint = f" Did you mean {', '.join(near)}?" if near else ""
            raise click.UsageError(error.message + hint, ctx) from None

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[AS_JSON] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except TuiFlowError as error:
            raise Shown(error, as_json=ctx.meta[AS_JSON]) from error
        except click.UsageError as error:
            if ctx.meta[AS_JSON]:
                print_json(
                    {"error": {"kind": "UsageError", "what": error.format_message(), "where": "", "next": ""}}
                )
            raise
        except click.Abort:  # at a question, whose line is not at its end
            note("")
            raise click.exceptions.Exit(EXIT_INTERRUPTED) from None
        except KeyboardInterrupt:
            raise click.exceptions.Exit(EXIT_INTERRUPTED) from None
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            drop_output()
            raise Shown(
                TuiFlowError("no room for the output", next="write it to another place"), as_json=False
            ) from None


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EPILOG,
)
@project_option
@looks_options
@click.version_option(__version__, prog_name="tui-flow", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Runs the flows of a project's flows/ folder, and shows them live. With no command: the console."""
    if ctx.invoked_subcommand is None:
        ctx.exit(open_console())


def main() -> None:
    """The entry point of the `tui-flow` script."""
    open_missing_streams()
    cli(prog_name="tui-flow")
