"""Describe the planned training that an audit checks: its pairs, loss, kind, batch and base model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from audit.scan import TEXTS
from common import storage
from common.mistakes import Mistakes
from files.batches import Table
from files.columns import layout_of
from pairs.from_file import INFERRED, table_of
from pairs.labels.inferred import FileOptions, infer
from pairs.manifest import MANIFEST, read_manifest, refuse_other_task
from pairs.negatives import NEGATIVES
from pairs.prepared import SPLITS
from pairs.views import View, ViewedTable
from tasks.common.declaration import BASE_MODEL, Task
from tasks.common.kinds import KINDS, Kind, KindName
from tasks.common.loading import to_dict
from tasks.common.losses import LOSSES, Loss, LossName
from tasks.common.plain import PairColumns, declared_length
from tokens.reading import NO_PROMPTS, Prompts


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Pairs and the training that they are for.

    Attributes:
        name: of the task or the file, for messages.
        tables: split -> its file; train comes first.
        loss: name of the loss.
        kind: name of the kind of evaluation.
        global_batch_size: rows of a step.
        max_length: tokens of a text that the model reads; None: the base model decides.
        prompts: the prompts before first and second texts.
        positions: tokens that the base model could read; None where there is no limit, or no model was loaded.
        base_model: hub name or folder of the model that training starts from.
        apart: columns whose texts jobs.prepare keeps in one split; None where it has not made the splits.
        closed: columns whose texts are few, like categories, and stand in every split; None where that is not known.
        mined: whether a model has chosen negatives of train by its cosines.
    """

    name: str
    tables: Mapping[str, Table]
    loss: LossName
    kind: KindName
    global_batch_size: int
    max_length: int | None
    base_model: str
    apart: tuple[str, ...] | None = None
    closed: tuple[str, ...] | None = None
    mined: bool = False
    prompts: Prompts = NO_PROMPTS
    positions: int | None = None

    @property
    def declared_loss(self) -> Loss:
        """The declaration of the loss."""
        return LOSSES[self.loss]

    @property
    def declared_kind(self) -> Kind:
        """The declaration of the kind of evaluation."""
        return KINDS[self.kind]

    def read_table(self, split: str) -> Table:
        """Return the rows of a split as the loss reads them; dev and test are read as they are."""
        table, view = self.tables[split], View.of(self.declared_loss)
        as_stored = split != "train" or view.columns(table.columns) == list(table.columns)
        return table if as_stored else ViewedTable.of(table, view)

    @property
    def labelled(self) -> bool:
        """True where the loss reads labels."""
        return self.declared_loss.labels != "none"


def plan_of_folder(
    folder: str, task: Task | None = None, *, global_batch_size: int | None = None, base_model: str | None = None
) -> Plan:
    """Return the plan for a folder of prepared pairs, without a check of their values.

    Args:
        folder: that jobs.prepare has written.
        task: of the pairs; by default the declaration in the manifest.
        global_batch_size: rows of a step; by default the declared one.
        base_model: hub name or folder; by default the declared one.

    Raises:
        Mistakes: the folder has no manifest or no train split, a split has no two texts, or it is another task's.
    """
    location = storage.join(folder, MANIFEST)
    if not storage.is_file(location):
        raise Mistakes(f"data: {folder} has no {MANIFEST}; allowed: a folder that jobs.prepare has written")
    manifest = read_manifest(folder)
    if task:
        refuse_other_task(folder, manifest, task.name)
    declared, names = to_dict(task) if task else manifest["declaration"], storage.file_names(folder)
    splits = [split for split in SPLITS if f"{split}.parquet" in names]
    if "train" not in splits:
        raise Mistakes(f"data: {folder} has no train.parquet; allowed: train, dev and perhaps test")
    tables = {split: _prepared_table(storage.join(folder, f"{split}.parquet")) for split in splits}
    try:
        apart, closed = (None if (own := manifest.get(key)) is None else tuple(own) for key in ("apart", "closed"))
        return Plan(
            name=manifest["task"],
            tables=tables,
            loss=LOSSES[declared["loss"]].name,
            kind=KINDS[declared["kind"]].name,
            global_batch_size=global_batch_size or _at_least_1(declared["baseline"]["global_batch_size"]["value"]),
            max_length=declared_length(declared),
            base_model=base_model or str(declared["base_model"]),
            apart=apart,
            closed=closed,
            mined=bool(manifest.get("mined")),
        )
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        raise Mistakes(f"data: {location} is damaged ({error!r}); prepare the pairs again") from None


def _at_least_1(number: float) -> int:
    if number < 1:
        raise ValueError(f"{number} is below 1")
    return int(number)


def plan_of_files(
    files: Mapping[str, str],
    columns: Sequence[str],
    *,
    group: str | None = None,
    global_batch_size: int | None = None,
    base_model: str | None = None,
    options: FileOptions = INFERRED,
) -> Plan:
    """Return the plan for files of ready pairs; loss and kind follow from train's labels or categories.

    Args:
        files: split -> file; train is one of them.
        columns: two text columns and perhaps a label or negatives, see `task_from_file`.
        group: the column whose values no two splits should share.
        global_batch_size: rows of a step; by default that of the loss.
        base_model: hub name or folder; by default MiniLM.
        options: loss, kind and rule for labels.

    Raises:
        Mistakes: a file or a column does not exist, or the labels probably have another meaning than their numbers.
    """
    layouts = {split: layout_of(location, columns, group=group) for split, location in files.items()}
    used = layouts["train"].shape
    assert isinstance(used, PairColumns)
    inferred = infer(table_of(files["train"], layouts["train"]), used, options, strict=False)
    tables = {split: table_of(files[split], layout, options.rule) for split, layout in layouts.items()}
    return Plan(
        name=files["train"].rsplit("/", 1)[-1],
        tables=tables,
        loss=inferred.loss.name,
        kind=inferred.kind.name,
        global_batch_size=global_batch_size or int(inferred.own["global_batch_size"].value),
        max_length=None,
        base_model=base_model or BASE_MODEL,
    )


def _prepared_table(location: str) -> Table:
    file_system, path = storage.locate(location)
    try:
        with file_system.open_input_file(path) as file:
            found = pq.read_schema(file).names
    except (pa.ArrowInvalid, OSError) as error:
        raise Mistakes(f"data: {location} is not a readable parquet file: {error}") from None
    lacking = [name for name in TEXTS if name not in found]
    if lacking:
        raise Mistakes(f"columns: {location} lacks {', '.join(lacking)}; has {', '.join(found)}")
    known = (*TEXTS, "label", "group", "group2", NEGATIVES)
    return Table(location=location, columns={name: name for name in known if name in found})
