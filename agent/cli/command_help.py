"""How `--help` looks: commands in panels, in the order in which people need them, and an example each."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar

from typer.core import TyperGroup

from ..errors import UsageError

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

_REPLACED = {"prevalence": "papercards stats CARDS --labels FILE"}
"""Commands of earlier versions, and what to type instead."""


class Commands(TyperGroup):
    """A group of commands, listed with their whole summaries."""

    panels: ClassVar[Mapping[str, Iterable[str]]] = {}
    """Names of commands by the title of their panel; empty for a single list of all commands."""

    def get_command(self, ctx: "Context", cmd_name: str) -> "Command | None":
        """The command of a name. Raises UsageError for one of an earlier version."""
        if cmd_name not in self.commands and cmd_name in _REPLACED:
            raise UsageError(
                f"there is no {ctx.command_path} {cmd_name} any more", next_step=f"Use {_REPLACED[cmd_name]}"
            )
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Write one section for each panel."""
        width = max(map(len, self.commands))
        for title, names in (self.panels or {"Commands": self.commands}).items():
            with formatter.section(title):
                formatter.write_dl(
                    [(f"{name:<{width}}", self.commands[name].get_short_help_str(200)) for name in names]
                )


class Program(Commands):
    """The top level of the program; every command is in exactly one panel."""

    panels: ClassVar[Mapping[str, Iterable[str]]] = {
        "Read papers": ("enrich", "summarize", "watch", "merge", "batch", "rerun"),
        "Look at cards": ("serve", "show", "stats", "convert", "annotate", "export", "mcp"),
        "Check": ("verify", "review", "stale", "models", "cache", "trust"),
        "Look up": ("taxonomy", "fields", "formats", "schema"),
        "Evaluate": ("eval", "label", "tune"),
    }


def example(*lines: str) -> str:
    """The end of a command's help: command lines that can be copied."""
    title = "Example" if len(lines) == 1 else "Examples"
    return "\n".join(("\b", f"{title}:", *(f"  {line}" for line in lines)))
