"""Store tokenised blocks, all or none: each block is a parquet file, and a list of them is written last."""

import json
import uuid
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from common import storage
from common.writing import write_then_rename


class BlockStore:
    """A folder of block files, local or remote, that a second search over the same data and tokenizer reuses."""

    def __init__(self, folder: str) -> None:
        self.files, self._folder = storage.locate(folder)
        self._list = f"{self._folder}/blocks.json"

    @property
    def complete(self) -> bool:
        """Whether all blocks were written."""
        return bool(self.files.get_file_info(self._list).type == fs.FileType.File)

    def fill(self, blocks: Iterable[pa.Table]) -> None:
        """Write the blocks, then their list: an interrupted run leaves no list, and the next one starts over.

        Each call uses names of its own, so that two searches that begin at once never write to the same file. The
        first list stays; the second call deletes its own blocks. No folder is renamed, as object stores cannot do it.
        """
        self.files.create_dir(self._folder, recursive=True)
        own, sizes = uuid.uuid4().hex[:12], dict[str, int]()
        try:
            for number, block in enumerate(blocks):
                name = f"{own}-{number:06d}.parquet"
                sizes[name] = len(block)
                pq.write_table(block, f"{self._folder}/{name}", filesystem=self.files)
            if not self.complete:
                self._publish(sizes, own)
                return
        except BaseException:  # an interrupt too
            self._delete_unlisted(sizes, own)
            raise
        self._delete_unlisted(sizes, own)

    def _publish(self, sizes: dict[str, int], own: str) -> None:
        with write_then_rename(self.files, self._list, half=f"{self._list}.{own}") as file:
            file.write(json.dumps(sizes).encode())

    def _delete_unlisted(self, names: Iterable[str], own: str) -> None:
        """Delete files that the list does not name: an interrupt may come after the list was moved."""
        listed = self.blocks()[0] if self.complete else []
        for path in [*(f"{self._folder}/{name}" for name in names), f"{self._list}.{own}"]:
            if path not in listed and self.files.get_file_info(path).type == fs.FileType.File:
                self.files.delete_file(path)

    def blocks(self) -> tuple[list[str], list[int]]:
        """Return the blocks' paths inside `files` and their row counts, in order."""
        with self.files.open_input_stream(self._list) as file:
            sizes = json.loads(file.read())
        return [f"{self._folder}/{name}" for name in sizes], list(sizes.values())
