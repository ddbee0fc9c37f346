# Golden values of the paired test and of Holm's correction. Run by hand: python test/golden/make_chance.py
# Needs scipy 1.16 and statsmodels 0.15.
import json
import pathlib

import scipy
import statsmodels
from scipy.stats import binomtest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

here = pathlib.Path(__file__).parent

PAIRS = [
    (0, 0), (0, 1), (1, 5), (8, 2), (0, 6), (0, 5), (0, 20), (12, 25), (50, 50), (100, 90), (72, 0),
    (140, 68), (33, 51), (500, 430), (1200, 1320), (4000, 4200), (9000, 8600), (150, 700),
]
FAMILIES = [
    [0.04],
    [0.01, 0.04, 0.03, 0.005],
    [0.2, 0.0001, 0.0125, 0.02, 1.0, 0.012],
    [0.5, 0.5, 0.5],
    [0.016, 0.017, 0.03, 0.9],
]


def exact(a, b):
    if a + b == 0:
        return 1.0
    p = float(mcnemar([[0, a], [b, 0]], exact=True).pvalue)
    assert abs(p - binomtest(a, a + b).pvalue) <= 1e-9 * p
    return min(1.0, p)


content = {
    "madeBy": f"test/golden/make_chance.py, scipy {scipy.__version__}, statsmodels {statsmodels.__version__}",
    "mcnemar": [{"a": a, "b": b, "p": exact(a, b)} for a, b in PAIRS],
    "holm": [
        {"p": family, "adjusted": multipletests(family, method="holm")[1].tolist()} for family in FAMILIES
    ],
}
(here / "chance.json").write_text(json.dumps(content, indent=1) + "\n")
