"""How `--help` looks: commands in panels, in the order in which people need them, and an example each."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar

from typer.core import TyperGroup

if TYPE_CHECKING:
    from typer._click import Context, HelpFormatter


class Commands(TyperGroup):
    """A group of commands, listed with their whole summaries."""

    panels: ClassVar[Mapping[str, Iterable[str]]] = {}
    """Names of commands by the title of their panel; empty for a single list of all commands."""

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
