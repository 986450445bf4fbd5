"""`papercards formats`: lists every input and output format, plugins included."""


def formats() -> None:
    """List the input and output formats."""
    from rich.table import Table

    from ..sinks import known_formats
    from ..sources import Reference, known_sources
    from .shared import terminal

    ways_in = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("papers from", "written as", "needs"):
        ways_in.add_column(name)
    for source in known_sources():
        forms = source.forms if isinstance(source, Reference) else source.extensions
        ways_in.add_row(source.name, " ".join(forms), _extra(source.extra))
    ways_out = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("cards to", "written as", "reads back", "needs"):
        ways_out.add_column(name)
    for sink in known_formats():
        forms = (*sink.extensions, f"{sink.name}:{'FOLDER' if sink.folder else 'FILE'}")
        ways_out.add_row(sink.name, " ".join(forms), "yes" if sink.read else "no", _extra(sink.extra))
    terminal.print_plain(ways_in)
    print()
    terminal.print_plain(ways_out)


def _extra(name: str | None) -> str:
    # Square brackets are markup there.
    return f"papercards\\[{name}]" if name else ""
