"""Write listings.csv and new.csv: the same tools in two shops, in each shop's own words.

python docs/examples/listings.py
"""

import csv
import random

BRANDS = ["Arden", "Boreal", "Castor", "Delmar", "Elkhorn", "Fjord"]
TOOLS = {"cordless drill": "drill driver", "angle grinder": "cut-off tool", "jigsaw": "curve saw", "nailer": "nail gun"}
POWER = {"12 V": "compact", "18 V": "standard", "36 V": "heavy duty"}
PACKS = {"bare tool": "solo", "one battery": "kit", "two batteries": "pro set"}
PROPERTIES = (BRANDS, list(TOOLS), list(POWER), list(PACKS))


def ours(number, brand, tool, power, pack):
    return f"{brand} {number} {tool} {power}, {pack}"


def theirs(number, brand, tool, power, pack):
    return f"{POWER[power]} {TOOLS[tool]} by {brand} ({PACKS[pack]}), no. {number}"


def pairs(number):
    """One article in both shops, labelled 1, and twice beside an article that differs in one property, labelled 0."""
    article = [random.choice(values) for values in PROPERTIES]
    yield ours(number, *article), theirs(number, *article), 1
    for _ in range(2):
        changed, index = article.copy(), random.randrange(len(article))
        changed[index] = random.choice([value for value in PROPERTIES[index] if value != article[index]])
        yield ours(number, *article), theirs(number, *changed), 0


random.seed(42)
rows = [pair for number in random.sample(range(100, 1000), 300) for pair in pairs(number)]
for path, part in {"listings.csv": rows[:750], "new.csv": [row[:2] for row in rows[750:]]}.items():
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([["ours", "theirs", "same"][: len(part[0])], *part])
    print(f"{path}: {len(part)} pairs")
