"""Libraries as programs write them, by hand from the formats' descriptions, and one of 500 entries."""

from pathlib import Path

HERE = Path(__file__).parent


def many(count: int = 500) -> bytes:
    """A BibTeX file of that many entries: macros, comments, nested braces, Unicode, odd bytes, duplicates."""
    parts = [
        "% A library — ναί, 図書館\r\n".encode(),
        b'@preamble{"\\newcommand{\\noop}[1]{}" # "}"}\n'.replace(b'# "}"', b""),
        b'@string{acm = "ACM " # {Press}}\n@STRING{kw = "machine learning"}\n\n',
    ]
    for n in range(count):
        end = "\r\n" if n % 7 == 3 else "\n"
        fields = [
            f'title     = {{A {{Study {{of}}}} {{\\"U}}bung {n} \N{GREEK SMALL LETTER ALPHA} $x_{{{n}}}$}}',
            f'abstract = "We count to {n} with a {{new {{nested}} method}}. It is 12\\% faster."',
            "publisher = acm # { Books}",
        ]
        if n % 3 == 0:
            fields.append("keywords = {one, {two, three}}" if n % 2 else 'Keywords = kw # ", two"')
        if n % 5 == 0:
            fields.append("annote = {Mine," + end + "  and {more}}")
        fields.append(f"doi = {{10.1000/{n}}}" if n % 2 else "year = 2020")
        body = f",{end}  ".join(fields)
        kind = ("@article{%s,%s  %s%s}%s", "@InProceedings( %s,%s%s,%s)%s")[n % 11 == 4]
        parts.append((kind % (f"key{n}", end, body, end, end * (1 + n % 2))).encode())
        if n % 50 == 10:
            parts.append(
                b"@comment{jabref-meta: {x} @article{no, title={No}}}\n% loose text, odd: \xe9\xff\n"
            )
        if n % 100 == 20:
            parts.append(
                f"@misc{{key{n}, title = {{Again}}, abstract = {{The key is there twice.}}}}\n".encode()
            )
    return b"".join(parts)
