"""Duplicate invoices: is this the same bill entered twice?

python -m jobs.prepare invoices --rows 1320      # the demo's size
"""

from collections.abc import Iterator

from tasks import _published
from tasks._invoice_generator import Invoice, invoices
from tasks.common.baseline import CARDS_FIT
from tasks.common.declaration import Blocking, Number, Row, Task


def text(invoice: Invoice) -> str:
    """Write an invoice as one text, field by field in the words of the card's samples."""
    return (
        f"Invoice from {invoice.vendor} {invoice.legal_form} ({invoice.vendor_id}) dated {invoice.date} "
        f"for {invoice.amount} {invoice.currency}. PO: {invoice.purchase_order}. Cost centre {invoice.cost_centre}. "
        f"Tax {invoice.tax}. Terms {invoice.terms}. Description: {invoice.description}."
    )


def blocking_keys(invoice: Invoice) -> list[str]:
    """Return the card's keys: vendor id, first four letters of the vendor, PO, description, amount with currency."""
    return [
        f"vendor id {invoice.vendor_id}",
        f"vendor {invoice.vendor[:4].lower()}",
        f"order {invoice.purchase_order}",
        f"description {invoice.description.lower()}",
        f"amount {invoice.amount} {invoice.currency}",
    ]


def generate(rows: int, seed: int) -> Iterator[Row]:
    """Yield generated invoices as rows of the blocking recipe."""
    for invoice in invoices(rows, seed):
        yield {"text": text(invoice), "group": invoice.entity, "keys": blocking_keys(invoice)}


task = Task(
    name="invoices",
    about="find invoices that were entered twice",
    source="generated: the card's data was generated too and is not public",
    loss="contrastive",
    baseline={
        **CARDS_FIT,
        "margin": Number(0.5, "card"),
        "global_batch_size": Number(8, "card"),
        "epochs": Number(4, "card"),
    },
    max_length=Number(256, "card: Maximum Sequence Length"),
    kind="binary",
    label="1.0: the same invoice entered twice; 0.0: two invoices that look alike",
    recipe=Blocking(negatives_per_positive=Number(5, "card: 720 pairs of 120 duplicates")),
    generate=generate,
    group="an invoice and its duplicates",
    published=_published.INVOICES,
    rows=6_000,  # ours: 600 true duplicates, 120 each in dev and test; the card had 1,320 invoices with 120
)
