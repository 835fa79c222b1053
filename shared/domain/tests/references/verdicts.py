"""What published implementations say of the numbers that verdicts are made of: prints `verdicts.json`.

    python -m venv env && env/bin/pip install scipy==1.17.1 savvi==0.3.1
    env/bin/pip install matplotlib pandas  # savvi imports them
    env/bin/python shared/domain/tests/references/verdicts.py > shared/domain/tests/references/verdicts.json

scipy has Fisher's noncentral hypergeometric law; savvi, by the authors of the paper on multinomial e-processes
(arXiv 2011.03567), its evidence and its confidence sequences. confseq and expectation are missing: the one does not build
any more, the other wants a later Python than most machines have.
"""

import json
import sys

import numpy as np
from savvi.multinomial import Multinomial
from scipy.stats import nchypergeom_fisher

# The next side's requests, the live side's, their errors, and an odds ratio against that of the null, 2.
LAWS = [
    (1200, 10800, 12, 11, 10.0),
    (1200, 10800, 700, 6480, 3.0),
    (900, 900, 900, 630, 200.0),
    (60, 540, 1, 0, 60.0),
    (6000, 6000, 30, 1, 4.0),
    (20, 3000, 0, 40, 20.0),
    (15000, 45000, 150, 45, 6.0),
    (7, 5, 6, 2, 2000.0),
]
# Requests to the next side and to the live side, and the share that the weights tell.
ARRIVED = [(1000, 9000, 0.1), (0, 2000, 0.1), (6, 300, 0.33), (120, 80, 0.5), (40, 110, 0.25)]
# Errors of requests, and a certainty.
BOUNDS = [(0, 984, 0.95), (0, 2127, 0.95), (12, 12431, 0.99), (3, 60, 0.99), (400, 1000, 0.999), (1, 50, 0.8)]


def law(n1, n0, a, b, psi):
    chance = lambda ratio: nchypergeom_fisher.logpmf(a, n1 + n0, a + b, n1, ratio)
    return {"next": [a, n1], "live": [b, n0], "psi": psi, "ln_ratio": chance(psi) - chance(2.0)}


def arrived(one, two, share):
    # The guess is spread evenly over all shares where the parameters of the prior are one; savvi has k times the null.
    process = Multinomial(0.05, np.array([share, 1.0 - share]), k=1.0)
    process.alpha_0 = np.array([1.0, 1.0])
    process.update(np.array([one, two]))
    return {"next": one, "live": two, "share": share, "ln_evidence": float(np.log(process.odds))}


def bound(part, whole, certainty):
    process = Multinomial(1.0 - certainty, np.array([0.5, 0.5]), k=2.0)
    process.update(np.array([part, whole - part]))
    interval = process.calculate_conf_int()
    return {"part": part, "whole": whole, "certainty": certainty, "upper": float(interval[0][1])}


json.dump(
    {
        "laws": [law(*one) for one in LAWS],
        "arrived": [arrived(*one) for one in ARRIVED],
        "bounds": [bound(*one) for one in BOUNDS],
    },
    sys.stdout,
    indent=1,
)
print()
