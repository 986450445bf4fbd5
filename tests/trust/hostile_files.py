"""Small files that make whoever reads them compute without end, or fill memory."""

import sqlite3
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

HANG = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM r) SELECT 'T', 'A' FROM r WHERE n<0"


def sqlite_view(folder: Path, name: str, select: str) -> Path:
    """A database whose only papers are what a query of its own gives."""
    path = folder / name
    connection = sqlite3.connect(path)
    connection.execute(f"CREATE VIEW papers(title, abstract) AS {select}")
    connection.commit()
    connection.close()
    return path


def hang_db(folder: Path) -> Path:
    """A recursion without rows."""
    return sqlite_view(folder, "hang.db", HANG)


def hang_duckdb(folder: Path) -> Path:
    """A product of large tables without rows."""
    with duckdb.connect(folder / "hang.duckdb") as connection:
        connection.execute(
            "CREATE VIEW papers AS SELECT 'T' AS title, 'A' AS abstract FROM range(1000000) a, "
            "range(1000000) b, range(1000000) c WHERE a.range + b.range + c.range < 0"
        )
    return folder / "hang.duckdb"


def parquet_bomb(folder: Path, rows: int = 256, size: int = 50_000_000) -> Path:
    """One long value, numbered by every row."""
    values = pa.array(["We do. " + "x" * size])
    column = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), values)
    table = pa.table({"title": [f"T{n}" for n in range(rows)], "abstract": column})
    pq.write_table(table, folder / "bomb.parquet", compression="zstd")
    return folder / "bomb.parquet"


_PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override '
    'PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml'
    '.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd'
    '.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    'officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
    '<sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
    'relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


def cell(place: str, text: str) -> str:
    """A cell with a text in it."""
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def workbook(folder: Path, name: str, *rows: str) -> Path:
    """A workbook of one sheet; each row in XML, from `<row` on."""
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, text in _PARTS.items():
            archive.writestr(part, text)
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            begin = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
            for piece in (begin, *rows, "</sheetData></worksheet>"):
                sheet.write(piece.encode())
    return folder / name


HEADER = f'<row r="1">{cell("A1", "title")}{cell("B1", "abstract")}</row>'


def workbook_bomb(folder: Path) -> Path:
    """A cell of a gigabyte and a half."""
    path = folder / "bomb.xlsx"
    path.write_bytes(_workbook_bomb())
    return path


@cache
def _workbook_bomb() -> bytes:
    """To pack it takes seconds."""
    begin = f'<row r="2">{cell("A2", "T")}<c r="B2" t="inlineStr"><is><t>'
    with tempfile.TemporaryDirectory() as folder:
        rows = (begin, *["a" * 1_000_000] * 1500, "</t></is></c></row>")
        return workbook(Path(folder), "bomb.xlsx", HEADER, *rows).read_bytes()


def far_workbook(folder: Path) -> Path:
    """A cell at the farthest corner of a sheet, all of which its reader wants to hold."""
    return workbook(folder, "far.xlsx", HEADER, f'<row r="1048576">{cell("XFD1048576", "T")}</row>')
