"""Common names of parts of speech, by which a column of tags is recognised."""


def _split_words(text: str) -> frozenset[str]:
    return frozenset(text.split())


UNIVERSAL = _split_words(
    "ADJ ADP ADV AUX CCONJ CONJ DET INTJ NOUN NUM PART PRON PRT PROPN PUNCT SCONJ SYM VERB X ."
)
"""Tags of Universal Dependencies, and of its predecessor (Petrov et al. 2012)."""
PENN = _split_words("""
    CC CD DT EX FW IN JJ JJR JJS LS MD NN NNS NNP NNPS NP NPS PDT POS PRP PRP$ PP PP$ RB RBR RBS RP SYM TO UH
    VB VBD VBG VBN VBP VBZ VH VHD VHG VHN VHP VHZ VV VVD VVG VVN VVP VVZ WDT WP WP$ WRB SENT # $ '' `` ( )
    -LRB- -RRB- , . : HYPH NFP ADD AFX GW XX
""")
"""Tags of the Penn Treebank, with the additions of TreeTagger and OntoNotes."""


def are_parts_of_speech(cells: set[str]) -> bool:
    """Return whether all cells are names of parts of speech, and at least two of them consist of letters."""
    named = {cell for cell in cells if cell.isalpha()}
    return len(named) > 1 and any(cells <= tagset for tagset in (UNIVERSAL, PENN))
