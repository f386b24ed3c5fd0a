"""The options that every command shares, and the settings that they lead to."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from tui_flow.cli.output import note, style
from tui_flow.safe import safe
from tui_flow.settings import Settings, in_words, load

PROJECT, AS_JSON = "tui_flow.project", "tui_flow.json"
"""The keys in `Context.meta`, which a group shares with its commands: so an option counts before and after its name."""
_WARNED = "tui_flow.warned"

_F = TypeVar("_F", bound=Callable[..., Any])


def _remember(key: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(ctx: click.Context, _: click.Parameter, value: Any) -> None:
        if value:
            ctx.meta[key] = value

    return callback


project_option = click.option(
    "--project",
    type=click.Path(file_okay=False),
    metavar="FOLDER",
    expose_value=False,
    is_eager=True,
    callback=_remember(PROJECT),
    help="The project, instead of the nearest folder upwards that has flows/.",
)

json_option = click.option(
    "--json",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_remember(AS_JSON),
    help="Print JSON, for programs.",
)


def limit_option(default: int) -> Callable[[_F], _F]:
    """Of a list: how much of it."""
    return click.option(
        "-n", "--limit", type=click.IntRange(1), default=default, show_default=True, help="At most so many."
    )


def new_command(
    examples: str, *, json: bool = True, cls: type[click.Command] = click.Command
) -> Callable[[Callable[..., Any]], click.Command]:
    """A click command with the shared options, and examples below its help."""

    def decorate(function: Callable[..., Any]) -> click.Command:
        decorated = project_option(json_option(function) if json else function)
        epilog = "\b\nExamples:\n" + "".join(f"  {line}\n" for line in examples.strip().splitlines())
        return click.command(cls=cls, epilog=epilog)(decorated)

    return decorate


def wants_json() -> bool:
    """Whether the command in progress was given --json."""
    return bool(click.get_current_context().meta.get(AS_JSON))


def settings() -> Settings:
    """The settings of the project that the command in progress is about. Says once if something in them is wrong.
    Raises ProjectError."""
    found = settings_and_origins()[0]
    told = click.get_current_context().meta
    if found.mistakes and not told.get(_WARNED):
        told[_WARNED] = True
        note(
            f"{style('warning:', fg='yellow')} {safe(in_words(found.mistakes))}; tui-flow config says what counts"
        )
    return found


def settings_and_origins() -> tuple[Settings, dict[str, str]]:
    """The same, with where each value came from."""
    return load(click.get_current_context().meta.get(PROJECT))
