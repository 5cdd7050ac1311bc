"""Files that must not pass: what is wrong with each, and how it is read.

The sentence that each is answered with stands in ``golden/messages.toml``; after a change of the
texts it is written again by ``python -m tests.accounts.corpus``.
"""

import gzip
import json
import tempfile
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from kachisuji.accounts import Concordance, Economy, read
from kachisuji.structure import leontief
from kachisuji.words import KachisujiError
from tests.accounts.sheets import write_xlsb, write_xlsx
from tests.accounts.test_readers_built import (
    ADB,
    EORA,
    EXIO,
    FIGARO,
    OECD_2023,
    OECD_BROKEN,
    WIOD_16,
    exiobase,
)
from tests.accounts.test_readers_small import (
    ABOUT,
    BROKEN,
    CELLS,
    PLAIN,
    SDMX,
    change,
    plain,
)

MESSAGES = Path(__file__).parent / "golden" / "messages.toml"


def _text(name, text, kind, encoding="utf-8", **options):
    def read_it(folder):
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return read(kind, folder / name, **options)

    return read_it


def _plain(text=PLAIN, about=ABOUT, encoding="utf-8"):
    return lambda folder: read("csv", plain(folder, text, about, encoding))


def _solved(text):
    return lambda folder: leontief(read("csv", plain(folder, text)))


def _book(name, rows, kind, write=write_xlsx, **options):
    def read_it(folder):
        write(folder / name, rows)
        return read(kind, folder / name, **options)

    return read_it


def _eora(**files):
    def read_it(folder):
        for name, text in (EORA | files).items():
            (folder / name).write_text(text)
        return read("eora26", folder)

    return read_it


def _exio(name, old, new):
    def read_it(folder):
        changed = {**EXIO, name: EXIO[name].replace(old, new)}
        return read("exiobase3", exiobase(folder / "IOT_2011_ixi", changed))

    return read_it


def _zip(members=None, cut=0, flip=None):
    def read_it(folder):
        file = folder / "2016-2020_SML.zip"
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in (members or {"2018_SML.csv": OECD_2023}).items():
                archive.writestr(name, content)
        raw = bytearray(file.read_bytes())
        if flip is not None:
            raw[flip] ^= 0xFF
        file.write_bytes(raw[: len(raw) - cut])
        return read("oecd-icio", file)

    return read_it


def _wiod13(alter):
    def read_it(folder):
        pairs = [(r, s) for r in "AB" for s in ("c1", "c2")]
        frame = pd.DataFrame(pairs, columns=["region", "sector"])
        names = [f"{r}_{s}" for r, s in pairs]
        names += [f"{r}_{c}" for r in "AB" for c in ("c37", "c38", "c39", "c41", "c42")]
        for k, name in enumerate(names):
            frame[name] = np.arange(4) + k
        frame["output"] = frame[names].sum(axis=1)
        alter(frame).to_parquet(folder / "wiot_2000.parquet", index=False)
        return read("wiod13", folder, year=2000)

    return read_it


def _sdmx(old, new, **options):
    lines = [f"X,Y,A,MIO_EUR,DOM,{use},{made},AT,2020,{v}," for (made, use), v in CELLS.items()]
    text = (SDMX + "\n".join(lines) + "\n").replace(old, new)
    return _text("a.csv", text, "eurostat-iot", **options)


def _pymrio(folder):
    (folder / "file_parameters.json").write_text(json.dumps({"systemtype": "Extension"}))
    return read("pymrio", folder)


def _gzip(folder):
    file = folder / "matrix_eu-ic-io_ind-by-ind_24ed_2022.csv.gz"
    file.write_bytes(gzip.compress(FIGARO.encode())[:-12])
    return read("figaro", file)


def _altered(rows, row, column, value):
    rows = [list(r) for r in rows]
    rows[row][column] = value
    return rows


_FIGARO = "matrix_eu-ic-io_ind-by-ind_24ed_2022.csv"
_WIOT = "WIOT2014_Nov16_ROW"
_HALF = "\n".join(OECD_2023.splitlines()[:3]) + "\n"

CORPUS = {
    **{f"plain: {name}": _plain(text) for name, (text, _) in BROKEN.items()},
    "plain: without its description": _plain(about=None),
    "plain: unbalanced": _plain(PLAIN.replace("25\n", "125\n")),
    "plain: mixed units": _plain(PLAIN.replace("B,s1,0,0,2,2", "B,s1,0,0,2000,2000")),
    "plain: Shift JIS": _plain(PLAIN.replace("s1", "農業"), encoding="cp932"),
    "plain: UTF-16": _plain(PLAIN, encoding="utf-16"),
    "plain: unknown stock category": _plain(about=ABOUT + "stock_changes = ['inv']\n"),
    "plain: unproductive": _solved(
        PLAIN.replace("A,s2,1,1,1,1,10,0,14.5", "A,s2,1,20,1,1,-9,0,14.5")
    ),
    "plain: inputs without output": _solved(
        PLAIN.replace("B,s2,2.5,0,0,1,0,30,33.5", "B,s2,0,0,0,0,0,0,0")
    ),
    **{f"oecd: {n}": _text("2018_SML.csv", t, "oecd-icio") for n, (t, _) in OECD_BROKEN.items()},
    "oecd: thousands separators": _text(
        "2018_SML.csv", OECD_2023.replace("AUS_A03,1,1", 'AUS_A03,"1,000",1'), "oecd-icio"
    ),
    "oecd: cut in the middle of the rows": _text("2018_SML.csv", _HALF, "oecd-icio"),
    "oecd: unbalanced": _text(
        "2018_SML.csv", OECD_2023.replace("15,0,20\n", "15,0,90\n"), "oecd-icio"
    ),
    "oecd: another publisher's file": _text("2018_SML.csv", FIGARO, "oecd-icio"),
    "oecd: zip cut short": _zip(cut=30),
    "oecd: zip with a wrong byte": _zip(flip=60),
    "oecd: zip that leaves its folder": _zip({"../2018_SML.csv": OECD_2023}),
    "oecd: zip with an absolute path": _zip({"/etc/2018_SML.csv": OECD_2023}),
    "oecd: zip bomb": _zip({"2018_SML.csv": b"0" * (80 * 2**20)}),
    "oecd: zip without a table": _zip({"readme.txt": "moved"}),
    "oecd: no zip at all": _text("2016-2020_SML.zip", "moved", "oecd-icio"),
    "oecd: empty zip": _text("2016-2020_SML.zip", b"", "oecd-icio"),
    "figaro: another edition": _text(_FIGARO, OECD_2023, "figaro"),
    "figaro: Latin 1": _text(_FIGARO, FIGARO.replace("A01", "É01"), "figaro", "latin-1"),
    "figaro: costs do not meet sales": _text(
        _FIGARO, FIGARO.replace("W2_D1,8", "W2_D1,80"), "figaro"
    ),
    "figaro: gzip cut short": _gzip,
    "wiod13: NaN": _wiod13(lambda f: f.assign(A_c2=[1.0, np.nan, 1, 1])),
    "wiod13: infinity": _wiod13(lambda f: f.assign(A_c2=[1.0, np.inf, 1, 1])),
    "wiod13: text": _wiod13(lambda f: f.assign(A_c1="1,234")),
    "wiod13: transposed": _wiod13(lambda f: f.T.astype(str).rename(columns=str)),
    "wiod13: rows in another order": _wiod13(lambda f: f.iloc[[0, 2, 1, 3]]),
    "wiod13: another edition's codes": _wiod13(lambda f: f.rename(columns={"A_c41": "A_c40"})),
    "wiod13: output in thousands": _wiod13(lambda f: f.assign(output=f["output"] * 1000)),
    "wiod16: text in a cell": _book(f"{_WIOT}.xlsx", _altered(WIOD_16, 7, 5, "n/a"), "wiod16"),
    "wiod16: header only": _book(f"{_WIOT}.xlsx", WIOD_16[:6], "wiod16"),
    "wiod16: binary book with text": _book(
        f"{_WIOT}.xlsb", _altered(WIOD_16, 6, 4, "1,000"), "wiod16", write_xlsb
    ),
    "wiod16: doubled row": _book(f"{_WIOT}.xlsx", [*WIOD_16[:7], *WIOD_16[6:]], "wiod16"),
    "wiod16: no workbook": _text(f"{_WIOT}.xlsx", "<html>moved</html>", "wiod16"),
    "wiod16: output of another year": _book(
        f"{_WIOT}.xlsx", _altered(WIOD_16, 6, 18, 2000), "wiod16"
    ),
    "adb: broken formula": _book(
        "ADB-MRIO62-2023.xlsx", _altered(ADB, 8, 5, "#REF!"), "adb-mrio", year=2023
    ),
    "adb: no codes": _book("ADB-MRIO62-2023.xlsx", ADB[7:], "adb-mrio", year=2023),
    "mic: text": _book("io13.xlsx", change(4, 2, "…"), "mic-japan", year=2015),
    "mic: thousands separators": _book("io13.xlsx", change(4, 2, "1,234"), "mic-japan", year=2015),
    "mic: rows are not columns": _book("io13.xlsx", change(5, 1, "林業"), "mic-japan", year=2015),
    "mic: something else": _book("io13.xlsx", [["nothing"]], "mic-japan", year=2015),
    "eora26: wrong shape": _eora(**{"Eora26_2015_bp_T.txt": "1\t2\n1\t1\n"}),
    "eora26: text": _eora(**{"Eora26_2015_bp_T.txt": "1\t2\t3\n1\t1\tx\n0\t2\t4\n"}),
    "eora26: NaN": _eora(**{"Eora26_2015_bp_T.txt": "1\t2\t3\n1\t1\tnan\n0\t2\t4\n"}),
    "eora26: label twice": _eora(
        **{"labels_T.txt": EORA["labels_T.txt"].replace("Mining", "Agriculture")}
    ),
    "exiobase: text": _exio("Z.txt", "AT\tCoal\t1\t1", "AT\tCoal\t1\tx"),
    "exiobase: infinity": _exio("Z.txt", "AT\tCoal\t1\t1", "AT\tCoal\t1\tinf"),
    "exiobase: mixed units": _exio("unit.txt", "AT\tCoal\tM.EUR", "AT\tCoal\ttonnes"),
    "exiobase: other rows in final demand": _exio("Y.txt", "JP\tCoal", "JP\tWheat"),
    "eurostat: text": _sdmx(",10,\n", ",ten,\n"),
    "eurostat: cell twice": _sdmx("CPA_B,CPA_A,", "CPA_A,CPA_A,"),
    "eurostat: another country": _sdmx("", "", geo="DE"),
    "eurostat: columns of another data set": _sdmx("prd_ava", "made"),
    "pymrio: an extension alone": _pymrio,
    "any: not there": lambda folder: read(None, folder / "table.csv"),
    "any: nothing known": _text("notes.txt", "hello\n", None),
    "any: no such kind": lambda folder: read("wiod12", folder),
    "any: no such option": lambda folder: read("wiod13", folder, region="JPN"),
    "any: year in words": lambda folder: read("wiod13", folder, year="2008"),
    "concordance: no weight": lambda folder: Concordance.from_csv(
        _file(folder, "old,new,w\na,b,much\n"), "old", "new", "w"
    ),
    "concordance: no such column": lambda folder: Concordance.from_csv(
        _file(folder, "from,to\na,b\n"), "old", "new"
    ),
    "plain: semicolons and decimal commas": _plain(
        PLAIN.replace(".", "|").replace(",", ";").replace("|", ",")
    ),
    "plain: tabs": _plain(PLAIN.replace(",", "\t")),
    "plain: a full-width digit": _plain(PLAIN.replace("B,s2,2.5", "B,s2,２")),
    "plain: columns without a name": _plain(PLAIN.replace("\n", ",\n")),
    "plain: a quotation mark that is never closed": _plain('region,sector,"A:s1' + PLAIN * 9000),
    "plain: a zip by another name": _text("table.csv", b"PK\x03\x04" + bytes(range(256)), "csv"),
    "oecd: Parquet by another name": _text("2018_SML.csv", b"PAR1\xcc\xdd", "oecd-icio"),
    "oecd: a web page": _text("2018_SML.csv", b"<html>\xe9</html>", "oecd-icio"),
    "oecd: Unicode text of a spreadsheet": _text(
        "2018_SML.csv", OECD_2023.replace(",", "\t"), "oecd-icio", "utf-16"
    ),
    "wiod13: a zip of another kind": _text("t.zip", b"PK\x05\x06" + bytes(18), "wiod13", year=2000),
    "eurostat: a quotation mark that is never closed": _text("a.csv", 'a,"b\n', "eurostat-iot"),
    "mic-japan: a quotation mark that is never closed": _text(
        "a.csv", 'a,"b\n', "mic-japan", year=2011
    ),
    **{
        f"{kind}: another publisher's folder": lambda folder, kind=kind: read(kind, folder, 2011)
        for kind in ("figaro", "eora26", "gloria", "adb-mrio", "bea")
    },
    "gloria: a zip in place of the folder": _text("g.zip", b"PK\x05\x06" + bytes(18), "gloria"),
    "mic-japan: a folder in place of the file": lambda folder: read("mic-japan", folder),
    "table: a region without a name": lambda folder: Economy(
        ("A", ""), ("s",), ("f",), np.ones((2, 2)), np.ones((2, 2)), 2020
    ),
}


def _file(folder, text):
    (folder / "key.csv").write_text(text)
    return folder / "key.csv"


def sentence(name, folder):
    """What the file is answered with; its place is written as ``…``."""
    try:
        CORPUS[name](folder)
    except KachisujiError as error:
        return str(error).replace(str(folder), "…")
    return "passed"


def expected():
    return tomllib.loads(MESSAGES.read_text(encoding="utf-8"))


def write():
    lines = ["# What each bad file of tests/accounts/corpus.py is answered with, word for word."]
    for name in CORPUS:
        with tempfile.TemporaryDirectory() as folder:
            text = sentence(name, Path(folder))
        lines.append(f"{json.dumps(name)} = {json.dumps(text, ensure_ascii=False)}")
    MESSAGES.parent.mkdir(exist_ok=True)
    MESSAGES.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
