"""Train word vectors on the standard library, and list nearest words.  Run: python examples/vectors.py"""

from unrolled.data import open_documents
from unrolled.text.neighbours import nearest_words
from unrolled.text.word2vec import Word2VecConfig, train_word2vec
from unrolled.text.words import split_words

lines = [line for document in open_documents("@stdlib")[:60] for line in document.text.split("\n")]
sentences = [words for line in lines if (words := split_words(line, split_punctuation=True))]
vectors = train_word2vec(sentences, Word2VecConfig(size=50, passes=3))
for word, cosine in nearest_words(vectors.index_to_key, vectors.vectors, "True", top=3):
    print(f"True ~ {word} {cosine:.2f}")
