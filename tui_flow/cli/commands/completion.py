"""`tui-flow completion SHELL`: the script that makes the shell complete our commands."""

import click
from click.shell_completion import get_completion_class

from tui_flow.cli.options import new_command

VARIABLE = "_TUI_FLOW_COMPLETE"
"""What click looks at, for a script named tui-flow."""


@new_command(
    'eval "$(tui-flow completion bash)"      # in ~/.bashrc (bash 4.4 or newer)\n'
    'eval "$(tui-flow completion zsh)"       # in ~/.zshrc, after compinit\n'
    "tui-flow completion fish > ~/.config/fish/completions/tui-flow.fish",
    json=False,
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell."""
    completer = get_completion_class(shell)
    if completer is None:
        raise click.UsageError(f"click knows no completion for {shell}")
    click.echo(completer(ctx.find_root().command, {}, "tui-flow", VARIABLE).source())
