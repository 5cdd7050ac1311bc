"""Workbooks written cell by cell, without the readers' own libraries."""

import struct
import zipfile
from xml.sax.saxutils import escape

_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/'
    'vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/'
    'vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/'
    'vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def column(k):
    name = ""
    while k >= 0:
        name = chr(65 + k % 26) + name
        k = k // 26 - 1
    return name


def write_xlsx(path, rows, name="Sheet1"):
    """Numbers as numbers, everything else as inline text; None and "" leave the cell out."""
    lines = []
    for i, row in enumerate(rows, start=1):
        cells = []
        for k, value in enumerate(row):
            if value is None or value == "":
                continue
            place = f"{column(k)}{i}"
            if isinstance(value, (int, float)):
                cells.append(f'<c r="{place}"><v>{value!r}</v></c>')
            else:
                text = escape(str(value))
                cells.append(f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>')
        lines.append(f'<row r="{i}">{"".join(cells)}</row>')
    sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'
    book = (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        f'<sheet name="{name}" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    link = (
        '<Relationships xmlns="{0}">'
        '<Relationship Id="rId1" Type="{1}/{2}" Target="{3}"/></Relationships>'
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr(
            "_rels/.rels", link.format(_PACKAGE, _OFFICE, "officeDocument", "xl/workbook.xml")
        )
        archive.writestr("xl/workbook.xml", book)
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            link.format(_PACKAGE, _OFFICE, "worksheet", "worksheets/sheet1.xml"),
        )
        archive.writestr("xl/worksheets/sheet1.xml", sheet)


# ---- xlsb: records of [MS-XLSB], the few that a sheet of numbers and texts needs ----------------

_BINARY = (
    _TYPES.replace("workbook.xml", "workbook.bin")
    .replace("sheet1.xml", "sheet1.bin")
    .replace("vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
             "vnd.ms-excel.sheet.binary.macroEnabled.main")
    .replace("vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml",
             "vnd.ms-excel.worksheet")
)  # fmt: skip


def _record(kind, content=b""):
    """A record: its number and its length, seven bits a byte, then what it holds."""
    head = bytearray()
    for value in (kind, len(content)):
        while value >= 0x80:
            head.append(value & 0x7F | 0x80)
            value >>= 7
        head.append(value)
    return bytes(head) + content


def _wide(text):
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def write_xlsb(path, rows, name="Sheet1"):
    """The same cells in Excel's binary form (2.4.1 and on of [MS-XLSB])."""
    width = max(len(row) for row in rows)
    sheet = [
        _record(129),  # BrtBeginSheet
        _record(148, struct.pack("<4I", 0, len(rows) - 1, 0, width - 1)),  # BrtWsDim
        _record(145),  # BrtBeginSheetData
    ]
    for i, row in enumerate(rows):
        head = struct.pack("<IIHHBI", i, 0, 300, 0, 0, 1) + struct.pack("<II", 0, width - 1)
        sheet.append(_record(0, head))  # BrtRowHdr
        for k, value in enumerate(row):
            place = struct.pack("<II", k, 0)
            if value is None or value == "":
                sheet.append(_record(1, place))  # BrtCellBlank
            elif isinstance(value, int) and -(2**29) <= value < 2**29:
                sheet.append(_record(2, place + struct.pack("<i", value << 2 | 2)))  # BrtCellRk
            elif isinstance(value, (int, float)):
                sheet.append(_record(5, place + struct.pack("<d", value)))  # BrtCellReal
            else:
                sheet.append(_record(6, place + _wide(str(value))))  # BrtCellSt
    sheet += [_record(146), _record(130)]  # BrtEndSheetData, BrtEndSheet
    book = [
        _record(131),  # BrtBeginBook
        _record(143),  # BrtBeginBundleShs
        _record(156, struct.pack("<II", 0, 1) + _wide("rId1") + _wide(name)),  # BrtBundleSh
        _record(144),
        _record(132),
    ]
    link = (
        '<Relationships xmlns="{0}">'
        '<Relationship Id="rId1" Type="{1}/{2}" Target="{3}"/></Relationships>'
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _BINARY)
        archive.writestr(
            "_rels/.rels", link.format(_PACKAGE, _OFFICE, "officeDocument", "xl/workbook.bin")
        )
        archive.writestr("xl/workbook.bin", b"".join(book))
        archive.writestr(
            "xl/_rels/workbook.bin.rels",
            link.format(_PACKAGE, _OFFICE, "worksheet", "worksheets/sheet1.bin"),
        )
        archive.writestr("xl/worksheets/sheet1.bin", b"".join(sheet))
