"""Generate synthetic invoices: originals, true duplicates that are hard to see, and near misses that look alike.

Fields and their ranges are those of the invoices card's samples. All fractions below are ours. They are chosen so that
neither a blocking key nor a style of writing gives the answer away: near misses share vendor, amount and description,
and originals carry the same distortions as duplicates.
"""

import datetime
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

DUPLICATES_STEP = 20  # 6,000 invoices have 600 duplicates; 1,320 have 120, as on the card; 60/20/20 of it is whole
NEAR_MISS_FRACTION = 0.6  # originals that repeat another one in most fields
STYLED_FRACTION = 0.3  # originals that carry a distortion, as a duplicate does
DISTORTIONS_PER_DUPLICATE = (3, 5)  # there are six
FIRST_DAY, DAYS = datetime.date(2022, 1, 1), 3 * 365  # the card's dates run from 2022 to early 2024
AMOUNTS = (500.0, 60_000.0)  # the card's samples run from 748.89 to 57,089.42

VENDORS = (
    "Alder Works", "Baltic Freight", "Beacon Analytics", "Birchfield", "Blue Harbour", "Borealis", "Cedar & Stone",
    "Cobalt Systems", "Copperline", "Corvid Media", "Delta Textiles", "Eastgate", "Ember Labs", "Fairmont Supply",
    "Granite Peak", "Greenway", "Halcyon", "Highland Print", "Ironbridge", "Juniper Foods", "Kestrel",
    "Lakeside Catering", "Linden",
    "Lumen Office", "Meridian", "Midland Tools", "Northwind", "Oakridge", "Orchard Software", "Pinnacle",
    "Quarry Hill", "Redwood", "Riverstone", "Saffron", "Silverbirch", "Sterling Legal", "Summit Travel", "Tidewater",
    "Vantage", "Westbrook",
)  # fmt: skip
LEGAL_FORMS = {
    "Ltd.": "Limited",
    "LLC": "L.L.C.",
    "GmbH": "G.m.b.H.",
    "S.A.": "SA",
    "Corporation": "Corp.",
    "Co.": "Company",
}
"""Legal form -> another spelling of it."""
CURRENCY_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "CHF": "SFr"}
DESCRIPTIONS = (
    "Annual audit", "Business strategy", "Cloud hosting", "Consulting services", "Data migration", "Facility cleaning",
    "IT onboarding", "Legal advice", "Marketing campaign", "Network maintenance", "Office supplies", "Software license",
    "Staff training", "Translation services", "Travel expenses", "Vehicle leasing",
)  # fmt: skip
MISREAD = {"0": "O", "1": "l", "5": "S", "8": "B", "O": "0", "l": "1", "S": "5", "B": "8", "m": "rn", "e": "c"}
"""Character -> the one that a scanner reads instead."""


@dataclass(frozen=True, kw_only=True)
class Invoice:
    """One invoice as it was entered; `entity` names the real bill, the same for an invoice and its duplicate."""

    entity: str
    vendor: str
    legal_form: str
    vendor_id: str
    date: datetime.date
    amount: str
    currency: str
    purchase_order: str
    cost_centre: str
    tax: str
    terms: str
    description: str


def invoices(rows: int, seed: int) -> list[Invoice]:
    """Generate `rows` invoices in a random order, a tenth of them true duplicates (see DUPLICATES_STEP)."""
    rng = random.Random(f"invoices-{seed}")
    tenth = rows // 10
    num_duplicates = tenth - tenth % DUPLICATES_STEP if tenth >= DUPLICATES_STEP else tenth
    vendors = _vendors(rng)
    originals: list[Invoice] = []
    seen: set[Invoice] = set()
    while len(originals) < rows - num_duplicates:
        near = originals and _chance(NEAR_MISS_FRACTION, rng)
        invoice = _near_miss(rng.choice(originals), vendors, rng) if near else _original(rng.choice(vendors), rng)
        invoice = replace(invoice, entity="")
        if invoice not in seen:
            seen.add(invoice)
            originals.append(replace(invoice, entity=f"invoice-{len(seen)}"))
    styled = [_distorted(one, 1, STYLES, rng) if _chance(STYLED_FRACTION, rng) else one for one in originals]
    duplicated = rng.sample(originals, num_duplicates)
    # A duplicate carries more distortions than an original, so it never repeats the text that was entered first.
    entered = styled + [
        _distorted(invoice, rng.randint(*DISTORTIONS_PER_DUPLICATE), CHANGES + STYLES, rng) for invoice in duplicated
    ]
    rng.shuffle(entered)
    return entered


def _chance(probability: float, rng: random.Random) -> bool:
    return rng.random() < probability


def _vendors(rng: random.Random) -> list[tuple[str, str, str]]:
    """Return (name, legal form, id); every other name comes twice, since sister companies are easily confused."""
    forms = list(LEGAL_FORMS)
    pairs = [(name, form) for index, name in enumerate(VENDORS) for form in rng.sample(forms, 1 + index % 2)]
    ids = rng.sample(range(20_000, 99_999), len(pairs))
    return [(name, form, str(number)) for (name, form), number in zip(pairs, ids, strict=True)]


def _original(vendor: tuple[str, str, str], rng: random.Random) -> Invoice:
    name, form, vendor_id = vendor
    return Invoice(
        entity="",
        vendor=name,
        legal_form=form,
        vendor_id=vendor_id,
        date=FIRST_DAY + datetime.timedelta(days=rng.randrange(DAYS)),
        amount=_amount(rng),
        currency=rng.choice(list(CURRENCY_SIGNS)),
        purchase_order=_purchase_order(rng),
        cost_centre=str(rng.randrange(210_000, 300_000)),
        tax=rng.choice(("TX", "VA", "NP")),
        terms=rng.choice(("NET30", "NET45", "NET60")),
        description=rng.choice(DESCRIPTIONS),
    )


def _amount(rng: random.Random) -> str:
    return f"{rng.uniform(*AMOUNTS):.2f}"


def _purchase_order(rng: random.Random) -> str:
    return f"PO{rng.randrange(1_000, 10_000)}"


def _near_miss(other: Invoice, vendors: list[tuple[str, str, str]], rng: random.Random) -> Invoice:
    """Return a recurring charge, the next part of the same order, or the same service from a sister company."""
    later = other.date + datetime.timedelta(days=rng.choice((7, 14, 28, 30, 31, 61, 91)))
    kind = rng.randrange(3)
    if kind == 0:  # a follow-up order has a number close to the first one's
        return replace(other, date=later, purchase_order=f"PO{int(other.purchase_order[2:]) + rng.randint(1, 30)}")
    if kind == 1:
        return replace(other, date=later, amount=f"{float(other.amount) * rng.uniform(0.3, 1.7):.2f}")
    sisters = [vendor for vendor in vendors if vendor[0] == other.vendor and vendor[2] != other.vendor_id]
    name, form, vendor_id = rng.choice(sisters or vendors)
    return replace(
        other, vendor=name, legal_form=form, vendor_id=vendor_id, purchase_order=_purchase_order(rng), date=later
    )


def _distorted(invoice: Invoice, number: int, distortions: list["Distortion"], rng: random.Random) -> Invoice:
    for distort in rng.sample(distortions, number):
        invoice = distort(invoice, rng)
    return invoice


Distortion = Callable[[Invoice, random.Random], Invoice]


def _rounded_amount(invoice: Invoice, rng: random.Random) -> Invoice:
    """Round the amount to units or tens, or change it by up to 3 %, as a fee or discount does.

    The card's own example is 6294.54 and 6118.43.
    """
    amount = float(invoice.amount)
    changed = rng.choice((round(amount), round(amount, -1), amount * rng.uniform(0.97, 1.03)))
    return replace(invoice, amount=f"{changed:.2f}")


def _shifted_date(invoice: Invoice, rng: random.Random) -> Invoice:
    days = rng.choice((-5, -3, -2, -1, 1, 2, 3, 5))
    return replace(invoice, date=invoice.date + datetime.timedelta(days=days))


def _misread(invoice: Invoice, rng: random.Random) -> Invoice:
    field = rng.choice(("vendor", "vendor_id", "purchase_order", "cost_centre", "description"))
    text = str(getattr(invoice, field))
    positions = [position for position, letter in enumerate(text) if letter in MISREAD]
    if not positions:
        return _reordered(invoice, rng)
    position = rng.choice(positions)
    misread: dict[str, Any] = {field: text[:position] + MISREAD[text[position]] + text[position + 1 :]}
    return replace(invoice, **misread)


def _reordered(invoice: Invoice, _rng: random.Random) -> Invoice:
    first, *rest = invoice.description.split()
    return replace(invoice, description=" ".join([*rest, first]))


def _other_legal_form(invoice: Invoice, _rng: random.Random) -> Invoice:
    return replace(invoice, legal_form=LEGAL_FORMS.get(invoice.legal_form, invoice.legal_form))


def _currency_sign(invoice: Invoice, _rng: random.Random) -> Invoice:
    return replace(invoice, currency=CURRENCY_SIGNS.get(invoice.currency, invoice.currency))


CHANGES: list[Distortion] = [_rounded_amount, _shifted_date]
STYLES: list[Distortion] = [_misread, _reordered, _other_legal_form, _currency_sign]
