"""`pywatt completion`: the completion script for a shell."""

import click

_INSTALLATION = {
    "bash": '# In ~/.bashrc:  eval "$(pywatt completion bash)"\n',
    "zsh": '# In ~/.zshrc, after compinit:  eval "$(pywatt completion zsh)"\n',
    "fish": "# Once:  pywatt completion fish > ~/.config/fish/completions/pywatt.fish\n",
}


@click.command(
    "completion",
    epilog="""\b
Installation:
  bash  eval "$(pywatt completion bash)" in ~/.bashrc
  zsh   eval "$(pywatt completion zsh)" in ~/.zshrc, after compinit
  fish  pywatt completion fish > ~/.config/fish/completions/pywatt.fish
""",
)
@click.argument("shell", type=click.Choice(list(_INSTALLATION)))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands, options and files in a shell."""
    from click.shell_completion import get_completion_class

    completion = get_completion_class(shell)
    assert completion is not None
    root = ctx.find_root().command
    click.echo(_INSTALLATION[shell] + completion(root, {}, "pywatt", "_PYWATT_COMPLETE").source())
