"""Whether words tell what proteins are: a linear model on words against one on triples of letters.

The only door to scikit-learn's linear models. Nothing that is judged has a relative in what the
model learnt from; features and the strength of the penalty are chosen on the learning part alone.
"""

# Not strict: scikit-learn and SciPy's sparse matrices are partly unknown.
# pyright: standard
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.multiclass import OneVsRestClassifier

from sciml.core.axes import BoolArray, FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.protein.alphabet import UNKNOWN, Codes
from sciml.protein.evaluation.enrichment import interval, resampled
from sciml.protein.relatives import families
from sciml.protein.vocabulary.scanner import Scanner

FOLDS: Final = 5
PENALTIES: Final = (0.01, 0.1, 1.0)  # C of scikit-learn: inverse strength
DIMENSION: Final = 2000  # features of each model
_DRAWS: Final = 300  # resamplings of clusters
_BATCH: Final = 1000  # proteins scanned at once
_RUN, _SHARED = 4, 0.5  # letters of a run, and share of the shorter peptide's runs

# Which features a protein has. Shape (protein, feature).
Features = Callable[[Sequence[Codes]], sparse.csr_matrix]


class Classes(NamedTuple):
    """Proteins that are told apart."""

    proteins: list[Codes]
    label: IntArray  # from 0. (protein,)
    cluster: IntArray  # relatives share one. (protein,)
    judged: BoolArray  # drawn for judging, so that nothing was ever learnt from a relative


class Contest(NamedTuple):
    """What words and triples reach, and by how much words are better."""

    words: float
    triples: float
    difference: float
    low: float  # of the difference's 95 % interval over clusters
    high: float


def triples(proteins: Sequence[Codes]) -> sparse.csr_matrix:
    """Which of the 8,000 runs of three letters stand in proteins.

    Args:
        proteins: See :func:`sciml.protein.alphabet.encoded`.

    Returns:
        1 where a run is there. Shape (protein, 8000).
    """
    rows, columns = [], []
    for number, one in enumerate(proteins):
        runs = np.lib.stride_tricks.sliding_window_view(one.astype(int), 3) if len(one) > 2 else []
        known = [run for run in runs if max(run) < UNKNOWN]
        found = np.unique([run @ [UNKNOWN**2, UNKNOWN, 1] for run in known]).astype(int)
        rows += [number] * len(found)
        columns += found.tolist()
    return _presence(rows, columns, (len(proteins), UNKNOWN**3))


def word_presence(keys: Sequence[int]) -> Features:
    """Which patterns of a vocabulary stand in proteins.

    Args:
        keys: See :attr:`sciml.protein.vocabulary.keys.Pattern.key`.

    Returns:
        The function that tells, in the order of the keys.
    """
    scanner = Scanner(keys)

    def find(proteins: Sequence[Codes]) -> sparse.csr_matrix:
        parts = []
        for first in range(0, len(proteins), _BATCH):
            batch = proteins[first : first + _BATCH]
            found = scanner.occurrences(batch)
            parts.append(_presence(found.protein, found.pattern, (len(batch), len(keys))))
        return sparse.csr_matrix(sparse.vstack(parts))

    return find


def contest(
    classes: Classes, words: sparse.csr_matrix, others: sparse.csr_matrix, seed: int = 0
) -> dict[str, Contest]:
    """Words against other features of equal number.

    Args:
        classes: Proteins and what they are.
        words: Features of the proteins. Shape (protein, feature).
        others: Other features of them. Shape (protein, other).
        seed: Of folds and resampling.

    Returns:
        ``all`` proteins, and those ``judged`` alone: area under the curve of two classes, macro F1
        of more.

    Raises:
        BadInput: if there is one class only.
    """
    if len(np.unique(classes.label)) < 2:
        raise BadInput("downstream: proteins are of one class; give proteins of two at least")
    size = min(DIMENSION, _width(words), _width(others))
    fold = folds(classes.label, classes.cluster, seed)
    chances = [out_of_fold(one, classes, fold, size, seed) for one in (words, others)]
    every = np.ones(len(classes.label), bool)
    return {
        name: _compared(classes, chances, which, seed)
        for name, which in (("all", every), ("judged", classes.judged))
    }


def folds(label: IntArray, cluster: IntArray, seed: int = 0, count: int = FOLDS) -> IntArray:
    """Deal clusters out so that each fold has about as many proteins of each class.

    Args:
        label: Class of each protein. Shape (protein,).
        cluster: Proteins that must not be parted. Shape (protein,).
        seed: Of the order of clusters of one size.
        count: How many folds.

    Returns:
        The fold of each protein. Shape (protein,).
    """
    names, number = np.unique(cluster, return_inverse=True)
    _, label = np.unique(label, return_inverse=True)
    of_class = np.zeros((len(names), label.max() + 1))
    np.add.at(of_class, (number, label), 1.0)
    share = of_class / of_class.sum(0)
    order = np.random.default_rng(seed).permutation(len(names))
    order = order[np.argsort(-of_class.sum(1)[order], kind="stable")]  # the largest first
    filled, chosen = np.zeros((count, share.shape[1])), np.zeros(len(names), np.int64)
    for one in order:
        # The fold that would be fullest of these classes least.
        chosen[one] = np.argmin((filled * (share[one] > 0)).sum(1) + 1e-6 * filled.sum(1))
        filled[chosen[one]] += share[one]
    return chosen[number]


def out_of_fold(
    features: sparse.csr_matrix, classes: Classes, fold: IntArray, size: int, seed: int = 0
) -> FloatArray:
    """Probabilities of classes from models that saw no relative.

    Args:
        features: Of all proteins. Shape (protein, feature).
        classes: What they are.
        fold: See :func:`folds`. Shape (protein,).
        size: Features of each model: those that vary most over the proteins learnt from.
        seed: Of the folds on which the penalty is chosen.

    Returns:
        Shape (protein, class).
    """
    found = np.zeros((len(fold), len(np.unique(classes.label))))
    for one in np.unique(fold):
        learnt = np.flatnonzero(fold != one)
        kept = most_variable(features[learnt], size)
        model = _fitted(features[learnt][:, kept], classes, learnt, seed)
        found[fold == one] = _chances(model, features[fold == one][:, kept])
    return found


def most_variable(features: sparse.csr_matrix, size: int) -> IntArray:
    """Features whose presence varies most: among rare ones, the most frequent.

    Args:
        features: Of what is learnt from. Shape (protein, feature).
        size: How many.

    Returns:
        Their numbers, ascending.
    """
    share = np.asarray(features.mean(0)).ravel()
    return np.sort(np.argsort(-share * (1 - share), kind="stable")[:size])


def clusters(proteins: Sequence[Codes]) -> IntArray:
    """Which proteins are related; of peptides, too short for the usual rule, those alike.

    Two proteins are in one cluster when a chain of relatives links them, or of proteins that share
    half of the runs of four letters of the shorter one.

    Args:
        proteins: See :func:`sciml.protein.alphabet.encoded`.

    Returns:
        Numbers. Shape (protein,).
    """
    family = families(proteins)
    size = len(proteins)
    chain = sparse.coo_matrix((np.ones(size), (np.arange(size), family)), (size, size))
    linked = (_alike(proteins) + chain).tocsr()
    return sparse.csgraph.connected_components(linked, directed=False)[1].astype(np.int64)


def _alike(proteins: Sequence[Codes]) -> sparse.coo_matrix:
    """Pairs of proteins that share enough runs of four letters. Shape (protein, protein)."""
    rows, columns = [], []
    powers = (UNKNOWN + 1) ** np.arange(_RUN)
    for number, one in enumerate(proteins):
        if len(one) >= _RUN:
            windows = np.lib.stride_tricks.sliding_window_view(one.astype(int), _RUN)
            found = np.unique(windows @ powers)
            rows += [number] * len(found)
            columns += found.tolist()
    runs = _presence(rows, columns, (len(proteins), (UNKNOWN + 1) ** _RUN))
    many = np.maximum(np.asarray(runs.sum(1)).ravel(), 1)
    parts = []
    for first in range(0, len(proteins), _BATCH):
        shared = (runs[first : first + _BATCH] @ runs.T).tocoo()
        of_shorter = np.minimum(many[first + shared.row], many[shared.col])
        kept = shared.data >= _SHARED * of_shorter
        parts.append((first + shared.row[kept], shared.col[kept]))
    one, other = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
    return sparse.coo_matrix((np.ones(len(one)), (one, other)), (len(proteins),) * 2)


def _width(features: sparse.csr_matrix) -> int:
    """The number of features."""
    return int(features.shape[1])  # pyright: ignore[reportOptionalSubscript]


def _presence(rows: object, columns: object, shape: tuple[int, int]) -> sparse.csr_matrix:
    """A matrix that is 1 at some places, however often they come."""
    row, column = np.asarray(rows, np.int64), np.asarray(columns, np.int64)
    found = sparse.csr_matrix((np.ones(len(row)), (row, column)), shape)
    found.data[:] = 1.0
    return found


def _fitted(
    features: sparse.csr_matrix, classes: Classes, learnt: IntArray, seed: int
) -> OneVsRestClassifier:
    """The model with the penalty that is best on a part of what is learnt from."""
    label, cluster = classes.label[learnt], classes.cluster[learnt]
    held = folds(label, cluster, seed) == 0
    best, reached = PENALTIES[0], -np.inf
    for penalty in PENALTIES:
        model = _regression(penalty).fit(features[~held], label[~held])
        score = _score(label[held], _chances(model, features[held]), np.ones(held.sum()))
        if score > reached:
            best, reached = penalty, score
    return _regression(best).fit(features, label)


def _regression(penalty: float) -> OneVsRestClassifier:
    """A linear model that gives each class the same weight; of more than two, each against all."""
    return OneVsRestClassifier(
        LogisticRegression(C=penalty, class_weight="balanced", solver="liblinear", tol=1e-3)
    )


def _chances(model: OneVsRestClassifier, features: sparse.csr_matrix) -> FloatArray:
    """Probabilities of classes. Shape (protein, class)."""
    return np.asarray(model.predict_proba(features), float)


def _score(label: IntArray, chance: FloatArray, weights: FloatArray) -> float:
    """Area under the curve of two classes, macro F1 of more."""
    if chance.shape[1] == 2:
        if len(np.unique(label[weights > 0])) < 2:
            return float("nan")
        return float(roc_auc_score(label, chance[:, 1], sample_weight=weights))
    told = chance.argmax(1)
    # A class that is never told counts 0, without a warning for each resampling.
    return float(
        f1_score(label, told, sample_weight=weights, average="macro", zero_division=0)  # pyright: ignore[reportArgumentType]
    )


def _compared(
    classes: Classes, chances: Sequence[FloatArray], which: NDArray[np.bool_], seed: int
) -> Contest:
    """Both scores on some proteins, and the interval of their difference."""
    label = classes.label[which]
    words, others = (one[which] for one in chances)
    alone = np.ones(len(label))
    here, there = _score(label, words, alone), _score(label, others, alone)
    drawn = [
        _score(label, words, one) - _score(label, others, one)
        for one in resampled(classes.cluster[which], _DRAWS, seed)
    ]
    return Contest(here, there, here - there, *interval(np.array(drawn)))
