"""Words in every script: compared with the rule read character by character, and with other versions of Unicode."""

import hashlib
import json
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataselect_core import words
from dataselect_core.dedup import deduplicate
from dataselect_core.shingles import shingle_sets, tokens
from dataselect_core.words import tokens_of, word_ngrams

ROOT = Path(__file__).resolve().parents[2]
PINNED = pytest.mark.skipif(unicodedata.unidata_version != "14.0.0", reason="the oracle has other characters")
SAMPLES = {
    "Latin": "Größe, ÇA VA? naïve Ångström's 2nd e\u0301te\u0301 x²½ ﬁn",
    "Cyrillic": "Москва, 2021 год. Съешь ЖЕ ещё этих и\u0306 мягких",
    "Greek": "ΟΔΥΣΣΕΥΣ, ὁ ἄνθρωπος· ΣΑΣ' Σ α\u0301",
    "Armenian": "Բոլոր մարդիկ ծնվում են ազատ։ ԵՎ և",
    "Georgian": "ყველა ადამიანი იბადება ᲗᲐᲕᲘᲡᲣᲤᲐᲚᲘ, Ⴀ",
    "Hebrew": "כל בני־האדם נולדו בְּנֵי חוֹרִין, 5",
    "Arabic": "يولد جميع الناس أحرارًا، ١٢٣ ﷲ ك\u200cتاب مُتَسَاوِين",
    "Syriac": "ܟܠ ܒܪܢܫܐ ܒܪܝܠܗ ܚܐܪܐ\u0730",
    "Ethiopic": "የሰው ልጅ፡ሁሉ፡ ሲወለድ ነጻ፣ ፲፪",
    "Devanagari": "सभी मनुष्यों को गौरव। क\u093c \u0958 १२३ क्\u200dष",
    "Bengali": "সমস্ত মানুষ স্বাধীনভাবে, ক\u09c7\u09be য\u09bc ৫",
    "Tamil": "மனிதப் பிறிவியினர் சகலரும் க\u0bc6\u0bbe ௧௨",
    "Telugu": "ప్రతిపత్తిస్వత్వముల విషయమున, ౩",
    "Sinhala": "සියලු මනුෂ්‍යයෝ නිදහස්ව",
    "Thai": "มนุษย์ทั้งหลาย เกิดมา ๒๕ น้ำabc ก็x",
    "Lao": "ມະນຸດທຸກຄົນ ເກີດມາ ໒",
    "Khmer": "មនុស្សទាំងអស់ កើតមក ១២ ៗ",
    "Burmese": "လူတိုင်းသည် တူညီ ၁၂ ꩠꧠ",
    "Tibetan": "འགྲོ་བ་མིའི་རིགས་རྒྱུད་ ༡༢ \u0f71\u0f73",
    "Chinese": "人人生而自由，在尊严ABC和123權利。〇 \uf900 𠀀豈",
    "Japanese": "すべての人間は、カ\u3099ガ ﾊﾟﾜｰ ー々 東京2020年",
    "Korean": "모든 인간은 태어날 때부터 \u1112\u1161\u11ab글 자유로우며",
    "Mongolian": "ᠬᠦᠮᠦᠨ ᠪᠦᠷ ᠲᠥᠷᠥᠵᠦ ᠮᠡᠨᠳᠡᠯᠡᠬᠦ",
    "Cherokee": "ᏂᎦᏓ ᎠᏂᏴᏫ ꮒꭶꮣ",
    "Old Hungarian": "𐲀𐲁 𐳀𐳁 𐌰𐌱 𝒜𝟙",
    "none": "\u0301\u0308 \u200d\u0301 😀👩\u200d🔬\ufe0f ¿! \ud800\udfff x\ud83d ＡＢｃ１２ \u0130I\u0131 \u212a\u212b",
}
RANGES = [
    (0x0E00, 0x0EFF), (0x0F00, 0x0FFF), (0x1000, 0x109F), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F), (0x1780, 0x17FF),
    (0x19E0, 0x19FF), (0x3005, 0x3007), (0x3021, 0x3029), (0x3038, 0x303B), (0x3040, 0x30FF), (0x31F0, 0x31FF),
    (0xFF66, 0xFF9F), (0x1B000, 0x1B16F), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF),
]  # fmt: skip
MIXED = st.text(st.sampled_from("".join(SAMPLES.values()) + " \u0301\u093cAz09.\u0378\ua7dc"), max_size=40)
# Found among 200,000 short texts: each pair has no word in common and the same 32 bits.
COLLIDING = [("hnw g", "qii g"), ("апв г", "цфк к")]


def by_hand(text):
    """The rule, applied character by character with this Python's own Unicode data."""
    result, word, was_alone = [], "", False
    for character in unicodedata.normalize("NFC", text.lower()):
        category = unicodedata.category(character)[0]
        if category == "M":
            word += character if word else ""
            continue
        alone = any(first <= ord(character) <= last for first, last in RANGES)
        if category not in "LN" or alone or was_alone:
            result.append(word)
            word = ""
        if category in "LN":
            word += character
        was_alone = alone and category in "LN"
    return [word for word in [*result, word] if word]


@PINNED
@pytest.mark.parametrize("script", SAMPLES)
def test_words_of_each_script_follow_the_rule(script):
    """A text of each script is split as the rule says, from any start, composed or not."""
    text = SAMPLES[script]
    assert len(by_hand(text)) > 2
    for form in (text, unicodedata.normalize("NFD", text), unicodedata.normalize("NFKC", text)):
        for start in range(len(form)):
            assert tokens(form[start:]) == by_hand(form[start:])


@PINNED
@given(st.text(st.characters(codec=None), max_size=30) | MIXED)
def test_words_of_any_text_follow_the_rule(text):
    """Any characters in any order, even halves of surrogate pairs, are split as the rule says."""
    assert tokens(text) == by_hand(text)


def test_words_equal_those_written_down_by_a_person():
    """Words written down by a person, so that the rule is not only compared with itself."""
    for text, expected in {
        "Москва, 2021 год": ["москва", "2021", "год"],
        "你好世界": ["你", "好", "世", "界"],
        "ABC公司2号": ["abc", "公", "司", "2", "号"],
        "น้ำดี": ["น\u0e49", "ำ", "ด\u0e35"],
        "हिन्दी": ["हिन्दी"],
        "ΟΔΟΣ ΣΟΦΟΣ": ["οδος", "σοφος"],
        "\u0301a\u0301b c": ["áb", "c"],
        "zero\u200dwidth\u200cjoiners": ["zero", "width", "joiners"],
        "１２３ Ａb": ["１２３", "ａb"],
        "\u212aelvin \u0130stanbul": ["kelvin", "i\u0307stanbul"],
        "don't_stop": ["don", "t", "stop"],
        "😀 ¿? \ud800": [],
        "ไก่12ตัว": ["ไ", "ก่", "12", "ต\u0e31", "ว"],
    }.items():
        expected = [unicodedata.normalize("NFC", word) for word in expected]
        assert tokens(text) == expected, text


@given(st.lists(MIXED, min_size=1, max_size=6), st.integers(1, 4))
def test_texts_in_one_pass_equal_each_text_alone(texts, width):
    """Neighbours in a batch change nothing, and texts share as many hashes as shingles of words."""
    grams = word_ngrams(texts, width)
    sets = [set(members.tolist()) for members in shingle_sets(texts, width)]
    assert tokens_of(texts) == [tokens(text) for text in texts]
    for text, ngrams in zip(texts, grams, strict=True):
        text_words = tokens(text)
        short = {tuple(text_words)} if 0 < len(text_words) < width else set()
        assert ngrams == short | {
            tuple(text_words[i : i + width]) for i in range(len(text_words) - width + 1)
        }
    for i in range(len(texts)):
        for j in range(len(texts)):
            assert len(sets[i] & sets[j]) == len(grams[i] & grams[j])


def test_ascii_words_have_the_same_hash_next_to_other_scripts():
    """A word of a-z and 0-9 has one hash, in ASCII text or not, even if it is longer than eight bytes."""
    plain, mixed = shingle_sets(["ABC internationalisation x1", "ABC internationalisation x1 — и"], 1)
    assert len(mixed) == 4
    assert set(plain.tolist()) < set(mixed.tolist())


def test_the_table_equals_the_output_of_the_script():
    """tools/word_table.py makes the file in the package; a Python with other data says so and writes nothing."""
    completed = subprocess.run(
        [sys.executable, ROOT / "tools" / "word_table.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    if unicodedata.unidata_version == "14.0.0":
        assert (completed.returncode, completed.stdout) == (0, "")
    else:
        assert completed.returncode == 2
        assert "14.0.0" in completed.stdout


def test_this_python_agrees_with_the_table():
    """Each character known to Unicode 14.0 is still a letter or number, a mark, or neither, in this Python."""
    kinds = words._kinds().tolist()
    assert len(kinds) == sys.maxunicode + 1
    for code, kind in enumerate(kinds):
        category = unicodedata.category(chr(code))[0]
        expected = words.MARK if category == "M" else words.LETTER if category in "LN" else words.SEPARATOR
        if kind != words.UNASSIGNED:
            assert (words.LETTER if kind == words.ALONE else kind) == expected, hex(code)


def test_lower_case_equals_that_of_other_python_versions():
    """Lower case, the final sigma next to each character, and NFC equal those of Unicode 14.0; 3.11 to 3.13 agree."""
    kinds = words._kinds()
    known = [chr(code) for code in np.flatnonzero(kinds != words.UNASSIGNED).tolist()]
    mappings = []
    for character in known:
        contexts = [f"Α{character}Σ", f"{character}Σ", f"ΑΣ{character}", f"ΑΣ{character}Α"]
        final = "".join("ς" if "ς" in words._lower(text)[1:] else "σ" for text in contexts)
        mappings += [words._lower(character), final, unicodedata.normalize("NFC", character)]
    digest = hashlib.sha256(json.dumps(mappings).encode()).hexdigest()
    assert digest == "f2279f5efb484345917a84357a0eb7dd9e1254b1f02e82053a4fc53433663677"


@pytest.mark.parametrize(
    ("capital", "small"), [("\ua7dc", "\u019b"), ("\ua7cb", "\u0264"), ("\U00010d50", "\U00010d70")]
)
def test_a_newer_python_finds_the_same_words(monkeypatch, capital, small):
    """Letters that Unicode 16 added are separators, even in a Python that maps them to a known letter."""
    text = f"ab{capital}cd е{small if small < chr(0x1000) else ''}"
    expected = tokens(text)
    lower = words._lower
    monkeypatch.setattr(words, "_lower", lambda value: lower(value).replace(capital, small))
    assert tokens(text) == expected
    assert expected[:2] == ["ab", "cd"]


@pytest.mark.parametrize("character", words.MOVED)
def test_the_final_sigma_follows_unicode_14(character):
    """If later versions judge a character in another way, a sigma next to it follows Unicode 14.0."""
    before, after = ("", "Α", "ΑΣ", "Σ"), ("", "Σ", "ΣΑ", "Α", "Σ Σ")
    lowered = [words._lower(f"{prefix}{character}{suffix}") for prefix in before for suffix in after]
    expected = {
        "\u0295": "ʕ ʕς ʕσα ʕα ʕς σ αʕ αʕς αʕσα αʕα αʕς σ ασʕ ασʕς ασʕσα ασʕα ασʕς σ σʕ σʕς σʕσα σʕα σʕς σ",
        "\U0001171e": "~ ~σ ~σα ~α ~σ σ α~ α~ς α~σα α~α α~ς σ ας~ ασ~ς ασ~σα ασ~α ασ~ς σ σ~ σ~ς σ~σα σ~α σ~ς σ",
    }
    assert " ".join(lowered) == expected[character].replace("~", character)


@pytest.mark.parametrize("pair", COLLIDING)
def test_a_hash_collision_is_not_a_duplicate(pair):
    """Two texts with one shingle, the same 32 bits and no word in common are both kept; their copies are removed."""
    first, second = shingle_sets(pair)
    assert first.tolist() == second.tolist()
    result = deduplicate([*pair, pair[1].upper(), pair[0]], 0.5)
    assert result.keep.tolist() == [True, True, False, False]
    assert result.pairs.tolist() == [[0, 3], [1, 2]]
    assert result.similarity.tolist() == [1, 1]


@given(MIXED, st.sampled_from([0.3, 0.8, 1.0]), st.integers(1, 6), st.booleans())
@example("Москва, 2021 год", 0.8, 5, True)
@example("你好世界", 0.8, 5, True)
def test_equal_texts_are_always_joined(text, threshold, width, verify):
    """Two equal texts are duplicates if and only if they have a word."""
    result = deduplicate([text, "другое 別 other", text], threshold, width=width, verify=verify)
    assert (not result.keep[2]) == bool(tokens(text))
    if result.keep[0] and result.keep[1]:
        assert result.cluster[2] in (0, 2)


@given(st.lists(MIXED, min_size=2, max_size=6), st.sampled_from([0.05, 0.3, 0.8]), st.integers(1, 6))
@example(["Москва, 2021 год", "Париж, 2021"], 0.8, 5)
@example(["hnw g", "qii k"], 0.3, 5)
def test_texts_without_a_common_word_are_never_joined(texts, threshold, width):
    """Two texts without a common word are never similar."""
    for i, j in deduplicate(texts, threshold, width=width).pairs.tolist():
        assert set(tokens(texts[i])) & set(tokens(texts[j]))
