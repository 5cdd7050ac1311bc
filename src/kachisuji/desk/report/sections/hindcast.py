"""How the share dynamics did against history, beside the forecasts."""

from __future__ import annotations

from typing import Any

from kachisuji.desk.report.bilingual import fixed, percent, plain, t

SLUGS = {
    "contest": "contest",
    "contest, shrunk": "shrunk",
    "no change": "no_change",
    "logit AR(1)": "logit",
    "damped trend": "damped",
    "GDP growth only": "gdp",
    "country and sector effects": "effects",
    "gradient-boosted trees": "trees",
}
HELD_OUT = ("nothing", "countries", "sectors")


def hindcast() -> dict[str, Any]:
    """Text and table of the shipped hindcast: scores, bands and gainers by model."""
    from kachisuji.contest.hindcast_record import record

    found: Any = record()
    plainly: Any = found.loc["nothing"]
    own = plainly.loc["contest"]
    best = plainly["crps"].idxmin()
    rank = int((plainly["crps"] < own["crps"]).sum()) + 1
    text = t(
        "desk.hindcast_text",
        best=_model(best),
        best_score=fixed(plainly.loc[best, "crps"], 2),
        score=fixed(own["crps"], 2),
        rank=plain(str(rank)),
        count=plain(str(len(plainly))),
        none=fixed(plainly.loc["no change", "crps"], 2),
        held=percent(own["in80"]),
        gained=plain(str(int(own["gained"]))),
        called=plain(str(int(own["called"]))),
        right=plain(str(int(own["right"]))),
    )
    rows = [
        [
            _model(model),
            *(fixed(found.loc[(held, model), "crps"], 3) for held in HELD_OUT),
            fixed(row["crps_log"], 3),
            percent(row["in80"]),
            plain(f"{int(row['called'])} / {int(row['right'])}"),
        ]
        for model, row in plainly.iterrows()
    ]
    head = ["model", *HELD_OUT, "log", "band", "gainers"]
    return {
        "text": text,
        "caption": t("desk.hindcast_caption"),
        "head": [t(f"desk.hindcast_{h}") for h in head],
        "rows": rows,
    }


def _model(name: str) -> Any:
    return t(f"desk.hindcast_model_{SLUGS[name]}")
