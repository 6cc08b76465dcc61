"""Common names of the columns of a table of pairs."""

import re


def _split_words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SOURCES = _split_words("""
    source src sources input inputs in from question questions query article articles document documents
    description body content passage prompt instruction command commands original word words grapheme
    graphemes request utterance context x
""")
"""Words in the names of source columns."""
TARGETS = _split_words("""
    target tgt targets trg output outputs out to answer answers response reply summary summaries highlights
    headline title abstract completion translation translated action actions sql code phoneme phonemes
    pronunciation lemma paraphrase simplified corrected y
""")
"""Words in the names of target columns."""
_LANGUAGES = _split_words("""
    english german french spanish italian portuguese dutch russian ukrainian polish czech slovak swedish
    norwegian danish finnish hungarian romanian bulgarian greek turkish arabic hebrew persian hindi urdu
    bengali tamil chinese mandarin japanese korean vietnamese thai indonesian malay swahili latin esperanto
    en eng de deu ger fr fra fre es spa it ita pt por nl nld ru rus uk ukr pl pol cs ces cze sk sv swe no nb
    da fi hu ro bg el tr ar he fa hi ur bn ta zh ja jp jpn ko kor vi th id ms sw la eo ca eu gl et lv lt sl
    hr sr
""")
_NATIVE_LANGUAGE_NAMES = _split_words("""
    deutsch français francais español espanol castellano italiano português portugues nederlands русский
    українська polski čeština cesky slovenčina svenska norsk bokmål nynorsk dansk suomi magyar română romana
    български ελληνικά türkçe turkce العربية עברית فارسی हिन्दी اردو বাংলা தமிழ் 中文 汉语 漢語 日本語 한국어
    việt tiếng ไทย bahasa indonesia melayu kiswahili latina català euskara galego eesti latviešu lietuvių
    slovenščina hrvatski srpski
""")
"""Names of languages in the languages themselves."""
_OTHER_WORDS = _split_words("""
    text texts sentence sentences sent line lines phrase pair id idx index label class category topic date
    score attribution licence license language lang split name length number num no nr
""")
_COLUMN_WORDS = SOURCES | TARGETS | _LANGUAGES | _NATIVE_LANGUAGE_NAMES | _OTHER_WORDS


def split_name(name: str) -> set[str]:
    """Return the words of a column name: ``source_text`` and ``sourceText`` give "source" and "text"."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return {part for part in re.split(r"[\W_]+", apart.lower()) if part}


def is_column_name(name: str) -> bool:
    """Return whether a cell is a typical column name; a first line of such names is a header."""
    parts = split_name(name)
    return 0 < len(parts) <= 3 and parts <= _COLUMN_WORDS and not name.strip().isdecimal()


def is_source(name: str) -> bool:
    """Return whether a column name indicates sources."""
    return bool(split_name(name) & SOURCES) and not split_name(name) & TARGETS


def is_target(name: str) -> bool:
    """Return whether a column name indicates targets."""
    return bool(split_name(name) & TARGETS) and not split_name(name) & SOURCES
