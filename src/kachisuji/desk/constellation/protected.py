"""A run with protected answers: a copy of the case whose figures the nodes' answers replace.

The copy, with the answers beside it (``protected.json``), becomes the case of the run. So the run
verifies like any other, without asking anybody again.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kachisuji.desk.constellation import exposure, recipes
from kachisuji.ledger import copy_into, write_atomic
from kachisuji.words import InputError

if TYPE_CHECKING:
    from kachisuji.cases import Case
    from kachisuji.constellation import Answer, Question
    from kachisuji.constellation.asking import Asker
    from kachisuji.constellation.evidence import Figure

FILE, BEFORE = "protected.json", "before"
EXPOSURE, COUNTED, CURVE, CRAFT, RECIPE = 1.0, 0.5, 2.0, 1.5, 2.0
"""ε of the questions: exposure of all products, months by process, each curve, craft by age, and
recipes."""

CURVES = 3
"""Most processes whose learning rate is asked: those with most months on record."""

CLEAR = 4.0
"""A product is told from noise when its purchases are so many deviations above none."""

WIDEST = 2.0
"""A figure whose range would grow more than so many times is left: its noise costs too much."""

AGES = ("under30", "30s", "40s", "50s", "60plus")
_CRAFT = "-craft"
_YEARS = (15.0, 10.0, 5.0)  # within which masters of 60 and more leave: slow, likely, fast


@dataclass(frozen=True)
class Change:
    """One figure that an answer replaced: before and after, and what of its range is noise."""

    table: str
    key: tuple[str, ...]
    quantity: str
    before: tuple[float, float, float]
    after: tuple[float, float, float]
    noise: float
    sampling: float
    evidence: str


def derive(case: Case, folder: Path, asker: Asker, when: str = "") -> Path:
    """Ask the nodes and write a copy of ``case`` with their answers in ``folder``.

    Only what can be told from noise replaces a figure; the rest stays as it was. The tables that
    are replaced are kept in ``before/``, so that the copy can be made again from the answers.

    Raises
    ------
    InputError, RunError
        When the nodes cannot be asked, or nothing that they answer is clear enough.
    """
    from kachisuji.cases import load

    answers, refused = _asked(case, asker)
    copy_into(case.path, folder)
    when = when or datetime.now(UTC).date().isoformat()
    book = _Book(folder, asker.client.url, when)
    bought: dict[str, dict[str, Figure]] = {}
    if "exposure" in answers:
        bought = exposure.figures(case.competitors, answers["exposure"], CLEAR)
    book.products(bought)
    book.origins(bought)
    for process, answer in answers.items():
        if process.startswith("curve:"):
            book.learning(process.removeprefix("curve:"), answer)
    if "craft" in answers:
        book.craft(answers["craft"])
    if "recipe" in answers:
        book.recipes(recipes.weighed(case, answers["recipe"], CLEAR))
    if not book.changes and not book.made and not book.found:
        raise InputError("nodes.nothing_clear", got=asker.client.url)
    book.write()
    kept = {
        "url": asker.client.url, "when": when,
        "answers": [_kept(name, a) for name, a in answers.items()],
        "changes": [asdict(c) for c in book.changes],
        "refused": refused, "authority": asker.authority.decode(),
        "committee": list(asker.committee),
        "exposure": exposure.compared(case, load(folder), list(bought)),
        "recipes": book.made, "origins": book.found, "added": book.added,
    }  # fmt: skip
    write_atomic(folder / FILE, json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True))
    return folder


def _kept(name: str, answer: Answer) -> dict[str, Any]:
    return {"name": name, "id": answer.ident, "nodes": answer.nodes, "left_out": answer.left_out,
            "question": answer.question.model_dump(mode="json"), "opened": answer.opened,
            "key": answer.key, "proof": list(answer.proof)}  # fmt: skip


def _asked(case: Case, asker: Asker) -> tuple[dict[str, Answer], list[str]]:
    """Ask everything a run uses; return the answers and what too few owners allowed.

    A run that is made again on the same day takes the answers of the one before.
    """
    from kachisuji.constellation import ask, evidence

    segments = tuple(case.tables["segments"]["segment"])
    products = tuple(case.tables["products"]["product"])
    exposed = evidence.exposure_question(products, case.competitors, EXPOSURE)
    counted = ask(kind="count", table="production", epsilon=COUNTED, groups={"process": segments})
    craft = ask(kind="sum", table="skills", value="people", high=40.0, epsilon=CRAFT, smallest=0,
                groups={"craft": tuple(s + _CRAFT for s in segments), "age": AGES})  # fmt: skip
    out: dict[str, Answer] = {}
    refused: list[str] = []

    def put(name: str, question: Question) -> None:
        try:
            out[name] = asker.ask(question, today=True)
        except InputError as error:
            if error.key != "constellation.too_few":
                raise
            refused.append(name)

    put("exposure", exposed)
    put("months", counted)
    put("craft", craft)
    put("recipe", recipes.question(case, RECIPE))
    if "months" in out:
        months = out["months"].table.sort_values("estimate", ascending=False)
        clear = months[months["estimate"] > CLEAR * months["deviation"]]["process"]
        for process in clear.head(CURVES):
            put(f"curve:{process}", evidence.learning_question(str(process), CURVE))
    return out, refused


class _Book:
    """The copy's tables, and what was changed in them."""

    def __init__(self, folder: Path, url: str, when: str) -> None:
        self.folder, self.url, self.when = folder, url, when
        self.changes: list[Change] = []
        self.made: list[dict[str, Any]] = []
        self.found: list[dict[str, str]] = []
        self.added: list[str] = []
        self._tables: dict[str, list[dict[str, str]]] = {}

    def _rows(self, table: str) -> list[dict[str, str]]:
        if table not in self._tables and not (self.folder / f"{table}.csv").exists():
            self._tables[table] = []
            self.added.append(table)
        if table not in self._tables:
            text = (self.folder / f"{table}.csv").read_text(encoding="utf-8-sig")
            self._tables[table] = list(csv.DictReader(io.StringIO(text, newline="")))
        return self._tables[table]

    def write(self) -> None:
        """Write every table that was touched, and keep it as it was in ``before/``."""
        (self.folder / BEFORE).mkdir()
        for table, rows in self._tables.items():
            if table not in self.added:
                (self.folder / f"{table}.csv").rename(self.folder / BEFORE / f"{table}.csv")
            text = io.StringIO(newline="")
            writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            write_atomic(self.folder / f"{table}.csv", text.getvalue())

    def _evidence(self, ident: str, what: Sequence[str], before: str, deviation: float) -> str:
        """Add a row to the register: what was measured, and what the row keeps from before."""
        english, japanese = what
        noise = f"{deviation:.3g}"
        kept = f"; the row's other figures as in {before}" if before else ""
        kept_ja = f"。行の他の値は {before} による" if before else ""
        self._rows("evidence").append({
            "id": ident, "grade": "protected",
            "statement_en": f"{english[:1].upper()}{english[1:]}; standard deviation of the "
                            f"protecting noise {noise}{kept}",
            "statement_ja": f"{japanese}。保護の雑音の標準偏差 {noise}{kept_ja}",
            "source": "Answers of a constellation", "date": self.when, "address": self.url,
        })  # fmt: skip
        return ident

    def _put(
        self, table: str, row: dict[str, str], stem: str, figure: Figure, ident: str,
        key: tuple[str, ...],
    ) -> None:  # fmt: skip
        names = [f"{stem}{n}" for n in ("low", "mode", "high")]
        before = tuple(float(row[n]) for n in names)
        after = tuple(float(f"{v:.4g}") for v in (figure.low, figure.mode, figure.high))
        for name, value in zip(names, after, strict=True):
            row[name] = f"{value:.4g}"
        self.changes.append(Change(table, key, figure.quantity, before, after,  # type: ignore[arg-type]
                                   figure.noise, figure.sampling, ident))  # fmt: skip

    def products(self, bought: Mapping[str, Mapping[str, Figure]]) -> None:
        """Replace stock and spare capacity of the products that are clear of noise."""
        for row in self._rows("products"):
            figures = bought.get(row["product"])
            if figures is None:
                continue
            stems = [s for s in ("stock", "spare") if _worth(row, f"{s}_", figures[s])]
            if not stems:
                continue
            what = (f"{' and '.join(stems)} from the purchases of the nodes",
                    f"{'・'.join(_JAPANESE[s] for s in stems)}（各ノードの購買記録）")  # fmt: skip
            first = figures[stems[0]]
            ident = self._evidence(f"CN-{row['product']}", what, row["evidence"], first.noise)
            for stem in stems:
                self._put("products", row, f"{stem}_", figures[stem], ident, (row["product"],))
            row["evidence"] = ident

    def origins(self, bought: Mapping[str, Mapping[str, Figure]]) -> None:
        """Say where home's use of each product that is clear of noise comes from."""
        for product, figures in bought.items():
            shares = {name.removeprefix("share:"): f for name, f in figures.items()
                      if name.startswith("share:")}  # fmt: skip
            noise = max(f.noise for f in shares.values())
            ident = self._evidence(f"CN-{product}-origins", (
                "origins of what the nodes buy, as parts of home's use",
                "各ノードの購買の産地別割合（国内利用の割合とみなす）"), "", noise)  # fmt: skip
            rows = self._rows("origins")
            rows[:] = [r for r in rows if r["product"] != product]
            for region, low, mode, high in exposure.origins(shares):
                rows.append({"product": product, "region": region, "low": f"{low:.6f}",
                             "mode": f"{mode:.6f}", "high": f"{high:.6f}",
                             "evidence": ident})  # fmt: skip
            self.found.append({"product": product, "evidence": ident})

    def learning(self, process: str, answer: Answer) -> None:
        """Replace the learning rate of a segment."""
        from kachisuji.constellation.evidence import learning_figures

        what = (f"learning rate of {answer.nodes} nodes", f"{answer.nodes}ノードの学習率")
        for figure in learning_figures(answer):
            self._parameter(process, "learning_rate", figure, what)

    def craft(self, answer: Answer) -> None:
        """Replace the loss of craft skill: masters of 60 and more leave within five to 15 years."""
        from kachisuji.constellation.evidence import Figure, Z

        for craft, rows in answer.table.groupby("craft", sort=False):
            estimates, noise = (
                rows["estimate"].to_numpy(dtype=float),
                float(rows["deviation"].iloc[0]),
            )
            whole = float(estimates.sum())
            if not whole > CLEAR * noise * len(AGES) ** 0.5:
                continue
            old = min(max(float(estimates[-1]) / whole, 0.0), 1.0)
            spread = noise / whole * (1.0 + old * old * len(AGES)) ** 0.5
            low, mode, high = (
                min(max(old + k * spread, 0.0), 1.0) / years
                for k, years in zip((-Z, 0.0, Z), _YEARS, strict=True)
            )
            figure = Figure("craft_decay", (str(craft),), low, mode, min(high, 0.3), spread / 10.0)
            self._parameter(str(craft).removesuffix(_CRAFT), "craft_decay", figure, (
                f"{100 * old:.0f} % of masters are 60 or older, leaving within 5 to 15 years",
                f"技能者の{100 * old:.0f}%が60歳以上、5〜15年で引退と仮定"))  # fmt: skip

    def recipes(self, found: Sequence[recipes.Recipe]) -> None:
        """Replace recipes, and let how far each is known vary from future to future."""
        from kachisuji.constellation.evidence import Z

        for new in found:
            told, part = f"{new.makers:.0f}", f"{100 * new.weight:.0f}"
            noise = new.contents["recipe_own"][1]
            ident = self._evidence(f"CN-{new.segment}-recipe", (
                f"input recipe: the answer of about {told} nodes takes away {part} % of the "
                "variance of the recipe before it",
                f"投入構成。約{told}ノードの答えにより、それまでの投入構成の分散の{part}%が減少"),
                "", noise)  # fmt: skip
            after = dict(zip(new.inputs, new.after, strict=True))
            for row in self._rows("recipes"):
                if row["segment"] == new.segment:
                    row["share"], row["evidence"] = f"{after[row['sector']]:.6f}", ident
            for symbol, (deviation, _) in new.contents.items():
                edge = f"{Z * deviation:.4g}"
                self._rows("parameters").append({
                    "segment": new.segment, "symbol": symbol, "low": f"-{edge}", "mode": "0",
                    "high": edge, "evidence": ident})  # fmt: skip
            self.made.append(recipes.kept(new, ident))

    def _parameter(self, segment: str, symbol: str, figure: Figure, what: Sequence[str]) -> None:
        for row in self._rows("parameters"):
            mine = row["segment"] == segment and row["symbol"] == symbol
            if mine and _worth(row, "", figure):
                ident = self._evidence(f"CN-{segment}-{symbol}", what, "", figure.noise)
                self._put("parameters", row, "", figure, ident, (segment, symbol))
                row["evidence"] = ident


_JAPANESE = {"stock": "在庫", "spare": "供給余力"}


def _worth(row: Mapping[str, str], stem: str, figure: Figure) -> bool:
    """Whether the measured range is not far wider than the one it would replace."""
    before = float(row[f"{stem}high"]) - float(row[f"{stem}low"])
    return figure.high - figure.low <= WIDEST * before


def read(case_folder: Path) -> dict[str, Any] | None:
    """Return the protected answers of a run's case, None where it has none."""
    file = case_folder / FILE
    if not file.exists():
        return None
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found
