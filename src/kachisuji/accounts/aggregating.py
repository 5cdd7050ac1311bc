"""Adding up by a dict, a concordance with weights, or in one total: every total is kept."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.accounts.economy import Economy, Extension
from kachisuji.words import InputError, nearest

if TYPE_CHECKING:
    from scipy import sparse

TOTAL = "TOTAL"


@dataclass(frozen=True)
class Concordance:
    """Which old label goes to which new ones, and with what share.

    Attributes
    ----------
    shares
        Old label to new labels with their shares; the shares of an old label add up to one.

    Raises
    ------
    InputError
        When a share is negative or not a number, or an old label's shares do not sum to one.
    """

    shares: Mapping[str, Mapping[str, float]]

    def __post_init__(self) -> None:
        for old, targets in self.shares.items():
            for new, share in targets.items():
                refuse_share(share, row=old, column=new)
            total = sum(targets.values())
            if abs(total - 1.0) > 1e-9:
                raise InputError("accounts.shares_sum", row=old, total=total)

    @classmethod
    def from_pairs(cls, triples: Iterable[tuple[str, str, float]]) -> Concordance:
        """Build it from (old, new, weight); weights are scaled so that each old label's sum to 1.

        With equal weights this is the usual reading of a many-to-many key without shares: say so
        where results are shown, for the split is then an assumption.
        """
        raw: dict[str, dict[str, float]] = {}
        for old, new, weight in triples:
            targets = raw.setdefault(old, {})
            targets[new] = targets.get(new, 0.0) + weight
        scaled = {}
        for old, targets in raw.items():
            total = sum(targets.values())
            if not total > 0:
                raise InputError("accounts.shares_sum", row=old, total=total)
            scaled[old] = {new: weight / total for new, weight in targets.items()}
        return cls(scaled)

    @classmethod
    def from_csv(cls, path: Path, old: str, new: str, weight: str | None = None) -> Concordance:
        """Read it from a CSV with a header: the names of its columns of codes and of weights.

        Without weights every new label of an old one counts alike (see :meth:`from_pairs`). Codes
        are text: ``01`` stays ``01``.

        Raises
        ------
        InputError
            Naming line and column of what is missing or no weight.
        """
        from kachisuji.accounts.files import content

        try:
            lines = csv.DictReader(io.StringIO(content(path).decode("utf-8-sig")))
        except UnicodeDecodeError as error:
            raise InputError("accounts.encoding", file=path, why=str(error)) from error
        wanted = [old, new] + ([] if weight is None else [weight])
        for column in wanted:
            if column not in (lines.fieldnames or ()):
                got = ", ".join(lines.fieldnames or ()) or "nothing"
                raise InputError(
                    "accounts.layout", file=path, row=1, form="concordance", want=column, got=got
                )
        triples = []
        for number, line in enumerate(lines, start=2):
            cells = [(line[c] or "").strip() for c in wanted]
            for column, cell in zip(wanted, cells, strict=True):
                if not cell:
                    raise InputError(
                        "accounts.cell", file=path, row=number, column=column, value=cell
                    )
            try:
                share = 1.0 if weight is None else float(cells[2])
            except ValueError:
                raise InputError(
                    "accounts.cell", file=path, row=number, column=weight, value=cells[2]
                ) from None
            triples.append((cells[0], cells[1], share))
        return cls.from_pairs(triples)


def aggregate(economy: Economy, regions: Any = None, sectors: Any = None) -> Economy:
    """Return the table added up over regions, sectors or both.

    ``Z* = G Z G'``, ``Y* = G Y (C_r kron I_F)'``, with ``G = C_r kron C_s`` and ``C`` the shares of
    old labels (columns, each adding up to one) in new ones (rows).

    Parameters
    ----------
    regions, sectors
        None leaves them as they are; ``"total"`` adds all up; a dict (or a pandas Series) maps each
        old label to a new one, or to new ones with shares; a :class:`Concordance` splits old labels
        by weights, and so does a DataFrame of shares with the old labels as rows or (as pymrio has
        it) as columns. New labels come in the order in which the mapping first names them.

    Raises
    ------
    InputError
        When a label of the table is not mapped (nothing is dropped silently).
    """
    from scipy import sparse

    new_regions, by_region = _matrix(economy.regions, regions, "region", economy.source)
    new_sectors, by_sector = _matrix(economy.sectors, sectors, "sector", economy.source)
    both = sparse.kron(by_region, by_sector, format="csr")
    buyers = sparse.kron(by_region, sparse.eye_array(economy.n_categories), format="csr")
    published = economy.published_output
    extensions = {
        name: replace(
            extension,
            values=np.ascontiguousarray((both @ extension.values.T).T),
            final=None
            if extension.final is None
            else np.ascontiguousarray((buyers @ extension.final.T).T),
        )
        for name, extension in economy.extensions.items()
    }
    return _again(
        economy,
        regions=new_regions,
        sectors=new_sectors,
        Z=_two_sided(both, economy.Z, both),
        Y=_two_sided(both, economy.Y, buyers),
        published_output=None if published is None else both @ published,
        extensions=extensions,
    )


def _two_sided(
    left: sparse.csr_array, values: NDArray[np.float64], right: sparse.csr_array
) -> NDArray[np.float64]:
    half = left @ values
    return np.ascontiguousarray((right @ half.T).T)


def _again(
    economy: Economy,
    *,
    regions: tuple[str, ...],
    sectors: tuple[str, ...],
    Z: NDArray[np.float64],
    Y: NDArray[np.float64],
    published_output: NDArray[np.float64] | None,
    extensions: Mapping[str, Extension],
) -> Economy:
    return replace(
        economy,
        regions=regions,
        sectors=sectors,
        Z=Z,
        Y=Y,
        published_output=published_output,
        extensions=extensions,
        copy=False,
    )


def _matrix(
    labels: tuple[str, ...], mapping: Any, what: str, source: str | None
) -> tuple[tuple[str, ...], sparse.csr_array]:
    """Return new labels and (new, old) shares."""
    shares = _shares(labels, mapping, what)
    for label in labels:
        if label not in shares:
            raise InputError("accounts.mapping_lacks", file=source, what=what, label=label)
    known = set(labels)
    for label in shares:
        if label not in known:
            raise InputError(
                "accounts.unknown_label",
                file=source,
                what=what,
                label=label,
                known=nearest(str(label), labels),
            )
    new: dict[str, int] = {}
    for targets in shares.values():
        for target in targets:
            new.setdefault(target, len(new))
    table = np.zeros((len(new), len(labels)))
    for column, label in enumerate(labels):
        for target, share in shares[label].items():
            table[new[target], column] += share
    from scipy import sparse

    return tuple(new), sparse.csr_array(table)


def refuse_share(share: Any, row: str, column: str | None = None) -> None:
    """Refuse what is no number from nil on."""
    number = isinstance(share, Real)
    if not number or not np.isfinite(float(share)) or share < 0:
        told = share if number else repr(share)
        raise InputError("accounts.share_wrong", row=row, column=column, share=told)


def _shares(labels: tuple[str, ...], mapping: Any, what: str) -> Mapping[str, Mapping[str, float]]:
    if mapping is None:
        return {label: {label: 1.0} for label in labels}
    if isinstance(mapping, str) and mapping == "total":
        return {label: {TOTAL: 1.0} for label in labels}
    if isinstance(mapping, Concordance):
        return mapping.shares
    if hasattr(mapping, "columns") and hasattr(mapping, "T"):
        return _table_of_shares(labels, mapping, what)
    if isinstance(mapping, Mapping) and any(isinstance(new, Mapping) for new in mapping.values()):
        # shares written out: the same checks as for a concordance
        whole = {
            old: new if isinstance(new, Mapping) else {new: 1.0} for old, new in mapping.items()
        }
        return Concordance(whole).shares
    if isinstance(mapping, Mapping) or hasattr(mapping, "items"):
        for old, new in mapping.items():
            if not isinstance(new, (str, int)) or not str(new).strip():
                raise InputError("accounts.mapping_target", what=what, label=old, value=new)
        return {old: {str(new): 1.0} for old, new in mapping.items()}
    raise InputError("accounts.mapping_kind", what=what, kind=type(mapping).__name__)


def _table_of_shares(
    labels: tuple[str, ...], table: Any, what: str
) -> Mapping[str, Mapping[str, float]]:
    """Shares of a DataFrame: old labels as rows, or as columns where the rows are not."""
    known = set(labels)
    rows, columns = (len(known & set(map(str, axis))) for axis in (table.index, table.columns))
    if not max(rows, columns):
        raise InputError("accounts.mapping_kind", what=what, kind=type(table).__name__)
    frame = table if rows >= columns else table.T
    new = [str(label) for label in frame.columns]
    return Concordance(
        {
            str(old): {name: share for name, share in zip(new, line, strict=True) if share != 0.0}
            for old, line in zip(frame.index, frame.to_numpy().tolist(), strict=True)
        }
    ).shares
