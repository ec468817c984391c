"""Pages of a website: do two chunks of text stand on the same page?

python -m jobs.prepare pages --source cbs_graduate_programs.csv
"""

from tasks import _published
from tasks.common.baseline import CARDS_FIT
from tasks.common.declaration import Layout, Number, Row, Task, WithinGroup
from tasks.common.values import as_text


def shape(row: Row) -> Row:
    """Join section title and chunk; leave page_name and url out, since they state the label.

    The chunk alone identifies repeats: the same notice stands under other titles on many pages.
    """
    title, chunk = as_text(row["section_title"]), as_text(row["text_chunk"])
    return {
        "text": f"{title}. {chunk}" if chunk.strip() else "",
        "identity": chunk,
        "group": row["page_name"],
    }


task = Task(
    name="pages",
    about="bring together the chunks of one web page",
    source=(
        "cbs_graduate_programs.csv of github.com/RichardNemcovic/aiml_2025_final_project "
        "(columns url, page_name, section_title, section_type, text_chunk)"
    ),
    loss="cosine",
    baseline={**CARDS_FIT, "global_batch_size": Number(16, "card"), "epochs": Number(5, "card")},
    max_length=Number(512, "card: Maximum Sequence Length"),
    kind="binary",
    label="1.0: both stand on the same page; 0.0: on different pages",
    recipe=WithinGroup(
        max_positives_per_group=Number(20, "ours, measured: uncapped, 11 of 114 pages hold half of 4,491 positives"),
        negatives_per_positive=Number(1, "ours: the card's 2.5 % negatives leave little to tell apart"),
    ),
    layouts=(Layout(columns=("page_name", "section_title", "text_chunk"), shape=shape),),
    group="page_name",
    published=_published.PAGES,
    shares=(0.7, 0.15, 0.15),  # ours: the card's 80/20 split tore pages apart
)
