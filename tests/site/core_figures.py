"""Calls of the core that test_pyodide_core.py runs natively and inside Pyodide, to compare the results."""

import json
import sys
from dataclasses import fields, is_dataclass
from functools import cache

import numpy as np

from dataselect_core import datasets, economics, information, lsh, minhash, scaling, simulator, weather
from dataselect_core import shingles as shingling
from dataselect_core.datasets import simulated_clips, simulated_drive
from dataselect_core.dedup import items
from dataselect_core.dedup import pairs as dedup
from dataselect_core.dedup.audit import Audit
from dataselect_core.economics.break_even import indexing_question, scoring_question, selection_pays
from dataselect_core.economics.scale import at_scale
from dataselect_core.figures.active_learning import figures as labelling_figures
from dataselect_core.gap import gap_map, noise_experiments
from dataselect_core.gap import mix as mixing
from dataselect_core.information import heldout
from dataselect_core.knee import knee
from dataselect_core.learners import bigram
from dataselect_core.sampling import active_learning, reference_sweep
from dataselect_core.sampling.project import Prices
from dataselect_core.sampling.sweep import cheapest, most_worthwhile
from dataselect_core.words import tokens, tokens_of

THRESHOLDS = (0.5, 0.63, 0.7, 0.85, 1.0)
LINE = "the model reads a text that it has read before and learns less than it learned from the first"
ODD_TEXTS = [
    "",
    "one",
    "two words",
    "K é naïve ﬁ 漢字 straße",
    "a" * 500,
    "x-1 y_2 z3",
    "same words here",
    "same words here",
    LINE * 5,
    "\ud800 alone",
    "it's\n\ta line",
]
# One line for each of many scripts, composed and not; the last line has letters that only newer versions of Unicode
# know, half of a surrogate pair, and sigma next to characters that newer versions treat in another way.
SCRIPTS = [
    "Größe, ÇA VA? e\u0301te\u0301 x²½ ﬁn",
    "Москва, 2021 год. Съешь ЖЕ ещё и\u0306",
    "ΟΔΥΣΣΕΥΣ, ὁ ἄνθρωπος· ΣΑΣ' Σ",
    "Բոլոր մարդիկ ԵՎ և ყველა ადამიანი ᲗᲐᲕᲘ Ⴀ",
    "כל בני־האדם בְּנֵי يولد جميع الناس أحرارًا، ١٢٣",
    "የሰው ልጅ፡ሁሉ፡ ᎠᏂᏴᏫ ꮒ 𐲀𐲁 𝒜𝟙",
    "सभी मनुष्यों को क\u093c \u0958 क्\u200dष ক\u09c7\u09be ක්‍ෂ",
    "மனிதப் பிறிவியினர் ப்రతి ప్రతిపత్తి",
    "มนุษย์ทั้งหลาย ๒๕ น้ำabc ມະນຸດທຸກ ໒",
    "មនុស្សទាំងអស់ ១២ လူတိုင်းသည် འགྲོ་བ་ ༡༢ \u0f71\u0f73",
    "人人生而自由ABC和123 〇 \uf900 𠀀 すべて カ\u3099ガ ﾊﾟ 東京2020年",
    "모든 인간은 \u1112\u1161\u11ab글",
    "\u0301\u0308 😀 ＡＢｃ１２ \u0130I\u0131 \u212a\u212b",
    "ab\ua7dccd \U0002ebf0 \u1c89 x\ud83d Α\u0295Σ Α\U0001171eΣ \u0378",
]


def words():
    """Words of lines in many scripts, separately and together, and their shingles."""
    return [
        [tokens(line) for line in SCRIPTS],
        tokens_of([*SCRIPTS, *ODD_TEXTS]),
        [shingling.shingle_sets(SCRIPTS, width) for width in (1, 2, 5)],
    ]


@cache
def audit(corpus):
    """The audit of a corpus."""
    corpora = {
        "licences": lambda: datasets.licences().texts,
        "crawl": lambda: datasets.crawl(0.5, 1).texts,
        "drive": lambda: items.Frames(datasets.drive(0.7, 1)),
        "clips": lambda: items.Signals(datasets.clips(0.6, 1)),
    }
    return Audit(corpora[corpus]())


def whole_audit(corpus):
    """Every figure of an audit that does not depend on a threshold."""
    a = audit(corpus)
    return {
        "mass": a.mass,
        "pairs": a.pairs,
        "similarity": a.similarity,
        "train": a.train_index,
        "heldout": a.heldout_index,
        "order": a.plan.train_index,
        "uniform": a.plan.uniform_loss,
        "raw": a.raw,
        "asked": a.where_removed(0.3),
    }


def points(corpus):
    """MinHash results, learning curves and figures at scale, at several thresholds."""
    a = audit(corpus)
    results = {}
    for threshold in THRESHOLDS:
        point = a.at(threshold)
        results[str(threshold)] = {
            "point": point,
            "exact": a.exact_at(threshold),
            "learning": a.learning(point),
            "recall": a.recall_by_similarity(point),
            "scale": at_scale(point.cluster, a.mass, 7e10, 15e12, 6e13),
            "small": at_scale(point.cluster, a.mass, 1e12, 1e9),
        }
    return results


def drive():
    """A simulated drive, frame by frame, its visual words and the learner's features."""
    data = datasets.drive(0.5, 20261123)
    return {
        "ids": data.ids,
        "pictures": data.pictures,
        "origin": data.origin,
        "label": data.label,
        "words": simulated_drive.visual_words(data.pictures),
        "blocks": simulated_drive.blocks(data.pictures),
    }


def clips():
    """Generated sounds, sample by sample, their spectral words and the learner's features."""
    data = datasets.clips(0.5, 20261123)
    return {
        "ids": data.ids,
        "signals": data.signals,
        "origin": data.origin,
        "label": data.label,
        "words": simulated_clips.spectral_words(data.signals),
        "summary": simulated_clips.summary(data.signals),
    }


def crawl():
    """A simulated crawl, text by text, and its truth."""
    data = datasets.crawl(0.3, 20261123)
    return {
        "ids": data.ids,
        "texts": data.texts,
        "origin": data.origin,
        "copy": data.copy,
        "redundancy": data.redundancy,
    }


def deduplicate():
    """Deduplication end to end, verified and estimated."""
    texts = datasets.crawl(0.5, 1).texts
    return [dedup.deduplicate(texts, 0.7), dedup.deduplicate(texts, 0.8, 64, 3, 9, verify=False)]


def estimates():
    """Similarities of given pairs, exact and by signatures."""
    sets = shingling.shingle_sets(datasets.licences().texts)
    signatures = minhash.signatures(sets, 256, 2**32 - 1)
    pairs = lsh.candidate_pairs(signatures, 51, 5)
    exact = dedup.exact_similarity(sets, pairs)
    return [signatures[::50], pairs, exact, dedup.estimated_similarity(signatures, pairs)]


def many_documents():
    """Pairs of so many documents that the square of their number needs 64 bits."""
    rng = np.random.RandomState(5)
    signatures = rng.randint(0, 1 << 32, (70_000, 4), np.uint32)
    signatures[-50:] = signatures[-100:-50]
    pairs = lsh.candidate_pairs(signatures, 1, 4)
    return [
        pairs,
        np.flatnonzero(dedup.clusters(len(signatures), pairs) != np.arange(len(signatures))).tolist(),
    ]


def model():
    """The bigram model on texts, and on word ids."""
    texts = datasets.licences().texts
    fitted = bigram.BigramModel().fit(texts[:60])
    coded = bigram.BigramModel(0.5, 10**6).fit([np.arange(500) % 37, np.arange(300) % 11])
    return {
        "loss": fitted.log_loss(texts[60:90]),
        "probabilities": fitted.probabilities([*texts[60:62], "unheard-of"]),
        "counted": [fitted.operations, fitted.parameters, fitted.tokens, fitted.vocabulary_],
        "coded": [coded.log_loss([np.array([1, 2, 3, 999])]), coded.operations],
    }


def curves():
    """A learning curve from texts, the ICR along it, and the tokens at which it reaches a loss."""
    texts = datasets.licences().texts
    curve = information.learning_curve(texts[:200], texts[200:220], 9, seed=3)
    return [
        curve,
        curve.progress,
        information.icr(curve.progress, curve.operations),
        information.tokens_to_reach(curve, float(curve.loss.min() + 0.1)),
        heldout.heldout_split(np.arange(3000) // 3, 0.2, 4),
    ]


def laws():
    """Scaling laws and prices."""
    return [
        scaling.chinchilla_loss(7e10, 1.4e12),
        scaling.effective_data(1e9, 4.4e10),
        scaling.data_constrained_loss(6.34e9, 242e9, 25e9),
        scaling.training_flops(7e10, 15e12),
        scaling.effective_tokens_of_clusters([1e9, 2e9], [1e10, 2e9]),
        scaling.clustered_loss(1e9, [1e9, 2e9], [1e10, 2e9]),
        vars(economics.training_cost(6.3e24)),
        vars(economics.indexing_cost(1e15)),
    ]


def shingles():
    """Shingles of real texts, one word and five words wide."""
    return [shingling.shingle_sets(datasets.licences().texts[:200], width) for width in (1, 5)]


MIXES = (
    mixing.Setting(0.3, 0.3, total=1000, real=800, critical=9),
    mixing.Setting(0.9, 1.0, total=800, real=400, critical=1),
    mixing.Setting(0.1, 0.55, total=800, real=600, label_noise=0.05, critical=6),
    mixing.Setting(0.55, 0.0, total=120, real=500, wet_share=0.9, simulator_rain=True, critical=8),
)


def mixes():
    """Training set and field of a mix, its measures, and the interval over two seeds."""
    data = (*datasets.digits(), datasets.rainfall_mm())
    return [
        [
            mixing.samples(mix, *data, 3),
            mixing.run(mix, *data, 3),
            mixing.gap(mix, *data, 3),
            mixing.summary(mix, *data, (1, 2)),
            mixing.check(mix, mixing.summary(mix, *data, (1, 2)), mixing.Limits(0.9, 0.5, 0.8)),
        ]
        for mix in MIXES
    ]


def noise_panel():
    """The experiments on label noise at two rates."""
    data = datasets.digits()
    return [list(noise_experiments.measure(rate, (4, 5), *data))[-1] for rate in (0.05, 0.3)]


def small_map():
    """A map of few points with its experiments, and the contents of the shipped maps."""
    data = (*datasets.digits(), datasets.rainfall_mm())
    measured_map = gap_map.measure(MIXES[3], *data, 0.3, (0.4, 1.0), (1, 2), (1, 2, 3), (20, 50), (0, 100))
    shipped = [gap_map.read(datasets.gap_maps(), track) for track in ("cloud", "edge", "mobile", "tiny")]
    return [
        measured_map,
        gap_map.moved(measured_map["move"]),
        [[m.measures, m.setting, gap_map.moved(m.move)] for m in shipped],
    ]


def drawings():
    """Synthetic digits at several intensities, and real ones in the rain."""
    X, _ = datasets.digits()
    return [
        [simulator.simulate(200, intensity, 7) for intensity in (0.0, 0.35, 1.0)],
        [weather.rain(X[:200], intensity, 8) for intensity in (0.0, 0.5, 1.0)],
        weather.field_weather(datasets.rainfall_mm(), 500, 9),
    ]


def labelling():
    """Runs of a labelling project, query by query, and the sweep's results at their prices."""
    runs = []
    for name, budget in (("digits", 120), ("rare", 120), ("breast_cancer", 60)):
        problem = reference_sweep.problem(name)
        for strategy, batch in (("random", 20), ("least_confidence", 10), ("margin", 5), ("entropy", 50)):
            runs.append(
                active_learning(
                    *reference_sweep.split(problem, 0.3, 2),
                    strategy,
                    batch,
                    problem.initial,
                    budget,
                    2,
                    recall_class=problem.critical,
                )
            )
    return runs


def labelling_report():
    """The figures of a report of part 2: a run of each kind, a marker and an answer."""
    controls = {
        "strategy": "margin",
        "batch": 20,
        "data": "digits",
        "initial": 20,
        "budget": 60,
        "seed": 2,
        "seeds": 1,
        "test_share": 0.3,
    }
    settings = {**controls, "answer": "no"}
    for name, strategy, labels in (
        ("random", "random", 60),
        ("active", "margin", 60),
        ("marker", "margin", 40),
    ):
        settings |= {f"{name}.{key}": value for key, value in controls.items() if key != "data"}
        settings |= {
            f"{name}.strategy": strategy,
            f"{name}.number": 1 + (name != "random"),
            f"{name}.labels": labels,
        }
    findings = labelling_figures.recompute("mobile", settings, {}, {"direction": "fewer", "prediction": 1.5})
    return [findings.values, findings.cases]


def projects():
    """The built sweep at several prices: the cheapest stop, the economic knee, the knees of its curves."""
    curves = reference_sweep.curves("digits")
    results = []
    for price in (0.05, 5.0, 100.0):
        prices = Prices(label=price, score=0.001, pool=10_000, training=2.0)
        results += [
            cheapest(curves, prices, 0.9),
            most_worthwhile(curves, prices),
            selection_pays(30, prices),
        ]
    bends = [knee(c.labels, c.mean, "concave", "increasing") for c in curves]
    question = {
        "dataset_bytes": 1e15,
        "bytes_per_sample": 4000,
        "share_removed": 0.3,
        "gpu_seconds_per_sample": 1.06,
        "epochs": 1,
        "gpu_price_per_hour": 2.5,
    }
    indexing = indexing_question(
        **question,
        signature_bytes_per_second=71e6,
        cpu_price_per_hour=0.0408,
        overhead=3,
        bytes_per_read=128e6,
        price_per_read=4e-7,
    )
    return [results, bends, indexing, scoring_question(**question, price_per_score=5e-5, rounds=1)]


CALLS = {
    "words in every script": words,
    "shingles": shingles,
    "shingles of odd texts": lambda: [shingling.shingle_sets(ODD_TEXTS, width) for width in (1, 2, 5, 40)],
    "permutations": lambda: minhash.permutations(256, 2**32 - 1),
    "signatures of odd texts": lambda: minhash.signatures(shingling.shingle_sets(ODD_TEXTS), 48, 7),
    "signatures of the licences": lambda: audit("licences").signatures,
    "signatures of the crawl": lambda: audit("crawl").signatures,
    "bands": lambda: [lsh.optimal_bands(t / 20, k) for t in range(1, 21) for k in (2, 16, 128, 256)],
    "similarities": estimates,
    "many documents": many_documents,
    "deduplication": deduplicate,
    "audit of the licences": lambda: whole_audit("licences"),
    "audit of the crawl": lambda: whole_audit("crawl"),
    "licences at thresholds": lambda: points("licences"),
    "crawl at thresholds": lambda: points("crawl"),
    "audit of the drive": lambda: whole_audit("drive"),
    "audit of the clips": lambda: whole_audit("clips"),
    "drive at thresholds": lambda: points("drive"),
    "clips at thresholds": lambda: points("clips"),
    "simulated crawl": crawl,
    "simulated drive": drive,
    "simulated clips": clips,
    "bigram model": model,
    "learning curves": curves,
    "laws and prices": laws,
    "mixes of real and synthetic digits": mixes,
    "label noise": noise_panel,
    "map of the domain gap": small_map,
    "drawings and rain": drawings,
    "labelling projects": labelling,
    "report of a labelling project": labelling_report,
    "prices of projects": projects,
    "other data": lambda: [datasets.digits(), datasets.breast_cancer(), datasets.rainfall()],
    "voices and ratings": lambda: [datasets.speech(), datasets.ratings()],
    "digits of other writers": lambda: [part[::40] for part in datasets.nist_digits()],
}


def plain(value):
    """A result for JSON; an array includes its type and shape."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, np.ndarray):
        return {"dtype": str(value.dtype), "shape": list(value.shape), "values": value.ravel().tolist()}
    if isinstance(value, np.generic):
        return plain(np.asarray(value))
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def write(path):
    """Make all calls, and write their results or their errors."""
    results = {}
    for name, call in CALLS.items():
        try:
            results[name] = plain(call())
        except Exception as error:
            results[name] = {"failed": f"{type(error).__name__}: {error}"}
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"bits": int(sys.maxsize).bit_length() + 1, "results": results}, file)
