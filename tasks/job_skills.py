"""Job descriptions: which skills does a described role need?

python -m jobs.prepare job_skills --source job_descriptions_cleaned.csv
"""

from tasks import _published
from tasks.common.baseline import CARDS_FIT
from tasks.common.declaration import Given, Layout, Number, Row, Task


def shape(row: Row) -> Row:
    """Pair a role's description with its skills; roles of one title are too alike to stand in two splits."""
    return {"sentence1": row["Job Description"], "sentence2": row["skills"], "group": row["Job Title"]}


task = Task(
    name="job_skills",
    about="find the skills that a described role needs",
    source=(
        "job_descriptions_cleaned.csv of github.com/TrushaAsarhad/JobRecommendationSystem, a sample of Kaggle's "
        "Job Description Dataset (columns Job Title, Job Description, skills)"
    ),
    loss="ranking",
    baseline={
        **CARDS_FIT,
        "scale": Number(20.0, "card"),
        "global_batch_size": Number(16, "card"),
        "epochs": Number(3, "card"),
    },
    kind="retrieval",
    label="none: description and skills belong together; ranked among the skills of all splits",
    recipe=Given(),
    layouts=(Layout(columns=("Job Title", "Job Description", "skills"), shape=shape),),
    group="Job Title",
    published=_published.JOB_SKILLS,
    shares=(0.6, 0.2, 0.2),  # ours: the card has no evaluation
)
