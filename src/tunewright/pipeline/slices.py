"""Slices of the test rows on which a run's system is worse than on the others: by columns, and by what the texts are like."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tunewright.evaluate import Predictions
from tunewright.evaluate import attributes as of_texts
from tunewright.evaluate.slices import Attribute, Slices, find_slices
from tunewright.pipeline.groups import cells_of, group_cells
from tunewright.pipeline.prepare import Prepared
from tunewright.probes.clusters import cluster_features
from tunewright.recipe import Recipe

Features = Callable[[], npt.NDArray[np.float32]]
"""Features of a pretrained model of all rows of a run, (N, F)."""

ROWS_A_CLUSTER = 3
"""Times the least rows of a slice that a cluster has on average, so that most clusters are large enough to be judged."""


def slices_in(shown: Predictions, prepared: Prepared, recipe: Recipe, *, features: Features | None) -> Slices | None:
    """All slices of a system's test rows; None where the recipe wants none. Clusters need features."""
    settings = recipe.evaluate.slices
    if not settings.find and not settings.columns and not recipe.evaluate.groups:
        return None
    rows = shown.labelled
    place_of = {row_id: place for place, row_id in enumerate(prepared.row_ids)}
    places = np.array([place_of[row_id] for row_id in rows.row_ids], np.int64)
    texts = [prepared.texts[place] for place in places]
    chosen = prepared.rows.take(pa.array(places))
    attributes = [
        Attribute(name=f"column:{name}", values=cells)
        for name, cells in group_cells(chosen, (*settings.columns, *recipe.evaluate.groups)).items()
    ]
    if settings.find:
        paths = [origin["path"] for origin in chosen.column("origin").to_pylist()]
        train = [prepared.texts[place] for place in prepared.places("train")]
        attributes += attributes_of(texts, paths=paths, train=train)
        if features is not None:
            clusters = min(settings.most_clusters, len(rows) // (ROWS_A_CLUSTER * settings.min_rows))
            if clusters > 1:
                cluster_N = cluster_features(features()[places], clusters=clusters, seed=recipe.evaluate.seed)
                attributes.append(of_texts.clusters(texts, cluster_N, named=not recipe.report.private))
    return find_slices(
        rows, attributes, least_rows=settings.min_rows, seed=recipe.evaluate.seed, level=recipe.evaluate.level
    )


def attributes_of(texts: Sequence[str], *, paths: Sequence[str | None], train: Sequence[str] | None) -> list[Attribute]:
    """What can be told from texts, the files they came from, and the texts of training where they are known."""
    found = [of_texts.length(texts), of_texts.language(texts), of_texts.script(texts), of_texts.source(paths)]
    if train is not None:
        found.append(of_texts.unseen_words(texts, train))
    return [attribute for attribute in found if attribute is not None]


def columns_of(raw: pa.Table, names: Sequence[str], row_ids: Sequence[str], *, where: str) -> list[Attribute]:
    """The named columns of a raw table as attributes of some of its rows. Raises DataError for a column that is not there."""
    ids = raw.column("row_id").to_pylist()
    found = []
    for name in names:
        cell_of = dict(zip(ids, cells_of(raw, name, where=where), strict=True))
        found.append(Attribute(name=f"column:{name}", values=[cell_of.get(row_id) for row_id in row_ids]))
    return found
