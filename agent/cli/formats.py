"""`papercards formats`: lists every input and output format, plugins included."""


def formats() -> None:
    """List the input and output formats."""
    from ..sinks import known_formats
    from ..sources import Reference, known_sources
    from .shared import terminal

    plain: dict[str, str] = {}
    ways_in = []
    for source in known_sources():
        forms = source.forms if isinstance(source, Reference) else source.extensions
        ways_in.append((source.name, " ".join(forms), _extra(source.extra)))
    terminal.print_table(((name, plain) for name in ("papers from", "written as", "needs")), ways_in)
    print()
    ways_out = []
    for sink in known_formats():
        forms = (*sink.extensions, f"{sink.name}:{'FOLDER' if sink.folder else 'FILE'}")
        ways_out.append((sink.name, " ".join(forms), "yes" if sink.read else "no", _extra(sink.extra)))
    terminal.print_table(
        ((name, plain) for name in ("cards to", "written as", "reads back", "needs")), ways_out
    )


def _extra(name: str | None) -> str:
    return f"papercards[{name}]" if name else ""
