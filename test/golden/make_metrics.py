# Golden values of metrics of numbers, labels and embeddings. Run by hand: python test/golden/make_metrics.py
# Needs numpy, scipy 1.17 and scikit-learn 1.9.
import json
import pathlib

import numpy as np
import scipy
import sklearn
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    f1_score,
    hamming_loss,
    mean_absolute_error,
    r2_score,
    root_mean_squared_error,
)
from sklearn.metrics.pairwise import cosine_similarity

here = pathlib.Path(__file__).parent
random = np.random.default_rng(7)
f32 = lambda array: array.astype(np.float32)

truth = f32(random.normal(3, 2, 40))
own = f32(truth + random.normal(0, 0.7, 40))
# Ties in both.
truth[5:9] = truth[4]
own[20:23] = own[19]

labels = (random.random((30, 5)) < [0.5, 0.3, 0.1, 0.6, 0.2]).astype(int)
scores = f32(np.round(random.normal(0, 1, (30, 5)) + 1.2 * labels - 0.6, 1))
predicted = (scores > 0).astype(int)

teacher = f32(random.normal(0, 1, (25, 6)))
student = f32(teacher + random.normal(0, 0.8, (25, 6)))


def neighbours(vectors, k):
    angles = cosine_similarity(vectors.astype(np.float64))
    np.fill_diagonal(angles, -np.inf)
    return [set(np.argsort(-row, kind="stable")[:k].tolist()) for row in angles]


kept = [len(a & b) for a, b in zip(neighbours(teacher, 4), neighbours(student, 4))]

golden = {
    "made by": {"scipy": scipy.__version__, "scikit-learn": sklearn.__version__},
    "numbers": {
        "truth": truth.tolist(),
        "own": own.tolist(),
        "rmse": root_mean_squared_error(truth.astype(float), own.astype(float)),
        "mae": mean_absolute_error(truth.astype(float), own.astype(float)),
        "r2": r2_score(truth.astype(float), own.astype(float)),
        "pearson": pearsonr(truth.astype(float), own.astype(float)).statistic,
        "spearman": spearmanr(truth, own).statistic,
    },
    "labels": {
        "truth": labels.tolist(),
        "scores": scores.tolist(),
        "labelErrors": int(round(hamming_loss(labels, predicted) * labels.size)),
        "f1": f1_score(labels, predicted, average="micro"),
        "f1Macro": f1_score(labels, predicted, average="macro", zero_division=0),
        "exactMatch": accuracy_score(labels, predicted),
        "meanAveragePrecision": average_precision_score(labels, scores, average="macro"),
    },
    "embeddings": {
        "teacher": teacher.tolist(),
        "student": student.tolist(),
        "cosine": float(
            np.mean(np.diag(cosine_similarity(teacher.astype(np.float64), student.astype(np.float64))))
        ),
        "neighbours": sum(kept) / (25 * 4),
    },
}
(here / "metrics.json").write_text(json.dumps(golden, indent=1) + "\n")
