"""Every public function, called with one wrong argument at a time, returns a result or an error that names it."""

import inspect
import warnings

import numpy as np
import pytest

from dataselect_core import (
    cepstra,
    datasets,
    dedup,
    economics,
    frechet,
    information,
    knee,
    learners,
    ledger,
    lsh,
    minhash,
    noise,
    pruning,
    sampling,
    scaling,
    shingles,
    simulator,
    statistics,
    tracks,
    votes,
    weather,
)
from dataselect_core.dedup import control, truth
from dataselect_core.economics import break_even, scale
from dataselect_core.gap import sources
from dataselect_core.pruning import experiment
from dataselect_core.sampling import evaluation, splits

RNG = np.random.default_rng(0)
X, Y = RNG.random((40, 4)), np.arange(40) % 3
PICTURES = RNG.random((5, 64))
PROBA = RNG.dirichlet(np.ones(3), 12)
TEXTS = [
    "one two three four five six",
    "one two three four five seven",
    "quite another text of some words",
    "",
]
SETS = shingles.shingle_sets(TEXTS)
SIGNATURES = minhash.signatures(SETS, 16, 1)
GRID = np.linspace(1, 10, 10)
CURVE = np.log(GRID)
FITTED = learners.SoftmaxRegression().fit(X, Y)
READ = learners.BigramModel()
QUESTION = {
    "dataset_bytes": 1e12,
    "bytes_per_sample": 4000,
    "share_removed": 0.3,
    "gpu_seconds_per_sample": 1.0,
    "epochs": 1,
    "gpu_price_per_hour": 2.5,
}
CALLS = {
    shingles.tokens: {"text": "a b"},
    shingles.shingle_sets: {"texts": TEXTS, "width": 5},
    shingles.shingle_lists: {"texts": TEXTS, "width": 5},
    shingles.shingle_hashes: {"text": "a b c", "width": 2},
    minhash.permutations: {"num_perm": 16, "seed": 1},
    minhash.signatures: {"shingle_sets": SETS, "num_perm": 16, "seed": 1},
    minhash.one_permutation_signatures: {"shingle_sets": SETS, "num_perm": 16, "seed": 1},
    minhash.signatures_of_texts: {"texts": TEXTS, "width": 5, "num_perm": 16, "seed": 1},
    minhash.jaccard: {"sig_a": SIGNATURES[0], "sig_b": SIGNATURES[1]},
    dedup.exact_similarity: {"shingle_sets": SETS, "pairs": [[0, 1]]},
    dedup.clusters: {"n": 4, "pairs": [[0, 1]]},
    lsh.optimal_bands: {"threshold": 0.8, "num_perm": 16, "weights": (0.5, 0.5)},
    lsh.bands_for_recall: {"threshold": 0.8, "num_perm": 16, "recall": 0.9},
    lsh.collision_probability: {"similarity": 0.5, "bands": 4, "rows": 4},
    lsh.candidate_pairs: {"signatures": SIGNATURES, "bands": 4, "rows": 4},
    dedup.exact_pairs: {"shingle_sets": SETS, "threshold": 0.5},
    dedup.deduplicate: {
        "texts": TEXTS,
        "threshold": 0.8,
        "num_perm": 16,
        "width": 5,
        "seed": 1,
        "verify": True,
    },
    learners.SoftmaxRegression: {"l2": 1.0},
    FITTED.predict: {"X": X},
    FITTED.predict_proba: {"X": X},
    learners.BigramModel: {"discount": 0.75},
    information.learning_curve: {
        "documents": TEXTS[:3],
        "heldout": TEXTS[:1],
        "checkpoints": 2,
        "discount": 0.75,
    },
    information.icr: {"progress": CURVE, "flops": GRID},
    information.last_icr: {"progress": CURVE, "flops": GRID, "share": 0.3},
    sampling.uncertainty: {"proba": PROBA, "measure": "margin"},
    sampling.active_learning: {
        "X": X,
        "y": Y,
        "X_test": X,
        "y_test": Y,
        "strategy": "margin",
        "batch_size": 5,
        "initial": 5,
        "budget": 15,
        "seed": 0,
    },
    sampling.stratified_split: {"y": Y, "test_share": 0.3, "seed": 0},
    splits.standardise: {"X": X, "X_test": X + 1},
    cepstra.features: {"cepstra": [X, X[:3]]},
    cepstra.words: {"cepstra": [X, X[:3]], "step": 0.4},
    cepstra.power_spectrum: {"frames": X, "points": 16},
    cepstra.from_power_spectrum: {"power": 1 + X, "coefficients": 3},
    cepstra.add_noise: {"frames": X, "noise": 1 + PICTURES[:1].repeat(40, axis=0), "snr": np.full(40, 10.0)},
    sampling.rare_class: {"X": X, "y": Y, "label": 1, "keep": 3, "seed": 0},
    sampling.most_uncertain: {"scores": GRID, "count": 3},
    knee.knee: {"x": GRID, "y": CURVE, "curve": "concave", "direction": "increasing", "sensitivity": 1.0},
    knee.break_even: {"x": GRID, "benefit": CURVE * 3, "cost": GRID},
    frechet.frechet_distance: {"mu1": np.zeros(3), "cov1": np.eye(3), "mu2": np.ones(3), "cov2": np.eye(3)},
    frechet.fid: {"X": X, "Y": X + 1},
    frechet.fid_infinity: {"X": X, "Y": X + 1, "seed": 0},
    frechet.fid_extrapolated: {"X": X, "Y": X + 1, "seed": 0},
    simulator.simulate: {"n": 3, "randomisation": 0.5, "seed": 1},
    weather.rain: {"X": PICTURES, "intensity": 0.5, "seed": 1},
    noise.flip_labels: {"y": Y, "rate": 0.1, "classes": 3, "seed": 1},
    noise.noise_factor: {"rate": 0.1},
    noise.realizable_samples: {"dimension": 3, "epsilon": 0.1, "rate": 0.1, "delta": 0.05},
    noise.agnostic_samples: {"dimension": 3, "epsilon": 0.1, "delta": 0.05},
    noise.steps_under_noise: {"clean_steps": 100, "rate": 0.1, "epsilon": 0.1},
    scaling.chinchilla_loss: {"params": 1e9, "tokens": 1e9},
    scaling.effective_data: {"unique": 1e9, "total": 2e9},
    scaling.data_constrained_loss: {"params": 1e9, "tokens": 2e9, "unique": 1e9},
    scaling.clustered_loss: {"params": 1e9, "unique_tokens": [1e6, 1e6], "total_tokens": [2e6, 1e6]},
    scaling.effective_tokens_of_clusters: {"unique_tokens": [1e6, 1e6], "total_tokens": [2e6, 1e6]},
    scaling.training_flops: {"params": 1e9, "tokens": 1e9},
    economics.training_cost: {"flops": 1e20},
    economics.labelling_cost: {"labels": 10, "price": "label_price"},
    economics.scoring_cost: {"items": 10},
    economics.indexing_cost: {"bytes": 1e12},
    economics.indexing_range: {"bytes": 1e12, "kind": "sound"},
    economics.rates_of: {"kind": "pictures"},
    economics.storage_cost: {"bytes": 1e12, "months": 2},
    economics.selection_pays: {"select_cost": 1, "train_subset_cost": 1, "train_full_cost": 3},
    economics.amortise: {"once": 100.0, "per_run": 5.0, "runs": (1, 5)},
    evaluation.evaluation_set: {"labels": 100, "price": 2.0, "accuracy": 0.9, "recall": 0.5, "prior": 0.01},
    evaluation.labels_for: {"share": 0.9, "half": 0.01},
    evaluation.at_prior: {"accuracy": 0.9, "recall": 0.5, "share": 0.1, "prior": 0.01},
    statistics.share_interval: {"share": 0.9, "size": 100},
    economics.runs_to_break_even: {"select_cost": 1, "saving_per_run": 1},
    economics.return_on_selection: {"select_cost": 1, "saving_per_run": 1, "runs": 3},
    economics.implied_utilisation: {"flops": 1e20, "gpu_hours": 100, "peak_flops": 1e15},
    economics.Assumptions: {"label_price": 1.0, "epochs": 2},
    break_even.indexing_question: {
        **QUESTION,
        "signature_bytes_per_second": 71e6,
        "cpu_price_per_hour": 0.04,
        "overhead": 3,
        "bytes_per_read": 1e8,
        "price_per_read": 4e-7,
    },
    break_even.scoring_question: {**QUESTION, "price_per_score": 5e-5, "rounds": 1},
    scale.at_scale: {
        "cluster": [0, 0, 2],
        "words": [10, 10, 5],
        "parameters": 1e6,
        "tokens": 1e6,
        "corpus_bytes": 1e6,
    },
    tracks.track: {"id": "edge"},
    ledger.validate: {"record": {}},
    ledger.migrate: {"record": {}},
    votes.majority: {"values": RNG.integers(-4, 5, (6, 4)), "voters": 3},
    votes.ngram_features: {"texts": ["good", "bad"], "dimensions": 16},
    votes.buy_labels: {
        "texts": [f"word{i}" for i in range(12)],
        "values": np.resize([[1.0, 1, -1], [-1, -1, 1]], (12, 3)),
        "plans": [(6, 4)],
        "voters": (1, 3),
        "test": 4,
        "seeds": (0, 1),
    },
    votes.clustering: {"values": RNG.integers(-4, 5, (6, 4)), "threshold": 0.3},
    experiment.prune: {"X": X, "y": Y, "shares": [0.5], "wrong": 0.1, "seeds": [0, 1]},
    control.at_random: {"mass": [1, 2, 3], "index": [0, 1], "removed": 1, "seed": 0},
    pruning.el2n: {"proba": PROBA, "y": np.arange(12) % 3},
    truth.agreement: {
        "classes": ["a", "b", "b"],
        "pairs": [[0, 1], [1, 2]],
        "similarity": [0.9, 0.8],
        "thresholds": [0.5],
        "draws": 5,
        "seed": 1,
    },
    sources.cross: {
        "X": np.vstack([PICTURES] * 180),
        "y": np.arange(900) % 10,
        "X_other": np.vstack([PICTURES] * 180),
        "y_other": np.arange(900) % 10,
        "size": 20,
        "added": 20,
        "seeds": [0, 1],
        "randomisation": 0.3,
    },
    datasets.crawl: {"redundancy": 0.5, "seed": 1},
    datasets.drive: {"redundancy": 0.5, "seed": 1},
    datasets.clips: {"redundancy": 0.5, "seed": 1},
    datasets.provenance: {"name": "digits.u8.gz"},
}
OTHER_NAMES = {  # an argument whose error may name another one that does not fit it
    "unique": "total|tokens",
    "total": "unique",
    "scores": "count",
    "record": "schema",
}
WRONG = {
    "None": None,
    "text": "x",
    "bytes": b"x",
    "object": object(),
    "dict": {"a": 1},
    "empty list": [],
    "empty array": np.empty(0),
    "empty table": np.empty((0, 4)),
    "no columns": np.empty((40, 0)),
    "NaN": float("nan"),
    "NaNs": np.full((40, 4), np.nan),
    "vector of NaN": np.full(10, np.nan),
    "infinity": float("inf"),
    "negative": -1,
    "negatives": np.full(10, -1),
    "huge": 1e300,
    "huge table": np.full((40, 4), 1e300),
    "huge integer": 2**70,
    "huge integers": [2**70, 2**71],
    "true": True,
    "half": 0.5,
    "ragged": [[1, 2], [3]],
    "three dimensions": np.zeros((2, 2, 2)),
    "scalar array": np.array(3.0),
    "complex": np.full((40, 4), 1j),
    "texts": ["a", "b"],
    "not texts": [1, None],
    "dates": np.array(["2026-01-01"], dtype="datetime64[D]"),
}


def cases():
    """One case for each function and argument."""
    for function, arguments in CALLS.items():
        for name in arguments:
            yield pytest.param(
                function,
                arguments,
                name,
                id=f"{function.__module__.split('.', 1)[1]}.{function.__qualname__}-{name}",
            )


@pytest.mark.parametrize(("function", "arguments", "name"), list(cases()))
def test_errors_name_the_bad_argument(function, arguments, name):
    """For any argument, the call returns, or raises TypeError or ValueError with the argument's name in it."""
    faults = []
    for label, value in WRONG.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                function(**{**arguments, name: value})
        except (TypeError, ValueError) as error:
            if not any(
                allowed_name in str(error) for allowed_name in (name, *OTHER_NAMES.get(name, "-").split("|"))
            ):
                faults.append(f"{label}: does not name {name}: {type(error).__name__}: {error}")
        except Exception as error:
            faults.append(f"{label}: {type(error).__name__}: {error}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("function", list(CALLS), ids=lambda f: f.__qualname__)
def test_good_input_is_accepted(function):
    """The valid arguments that the other test starts from are accepted."""
    if function not in (ledger.validate, ledger.migrate):
        function(**CALLS[function])


FACES = (
    dedup,
    economics,
    frechet,
    information,
    knee,
    learners,
    lsh,
    minhash,
    noise,
    pruning,
    sampling,
    scaling,
    shingles,
    tracks,
    votes,
    weather,
)
ELSEWHERE = {  # functions that take results, helpers that others call, and slow experiments
    "ascending_curve": "a check of arguments",
    "check_signatures": "a check of arguments",
    "minima": "of what `permutations` returns, and of sets that `flatten` checks",
    "mix": "of the hashes that `signatures` has checked",
    "flatten": "of the sets that `signatures` has checked",
    "intensity": "of the rain that `field_weather` draws",
    "coverage": "rain calls it",
    "blur": "rain calls it",
    "field_weather": "of days that the record has",
    "active_learning_rounds": "active_learning calls it",
    "heldout_split": "takes clusters of `deduplicate`",
    "prepare": "learning_curve calls it",
    "tokens_to_reach": "takes a curve",
    "threshold_errors": "thousands of trials",
    "coin_errors": "thousands of trials",
    "threshold_slope": "thousands of trials",
    "coin_slope": "thousands of trials",
    "label_ratio": "takes errors of trials",
    "at_confidence": "takes errors of trials",
    "slope": "takes errors of trials",
}


def test_every_public_function_is_tested():
    """The table above covers every public function of the packages and modules in `FACES`."""
    known = {function.__name__ for function in CALLS if not inspect.ismethod(function)}
    missing = []
    for face in FACES:
        names = getattr(face, "__all__", None) or [
            n
            for n, f in vars(face).items()
            if getattr(f, "__module__", "") == face.__name__ and not n.startswith("_")
        ]
        missing += [
            f"{face.__name__}.{n}"
            for n in names
            if inspect.isfunction(getattr(face, n)) and n not in known | set(ELSEWHERE)
        ]
    assert not missing
