"""Train a classifier on short texts that this program generates.  Run: python examples/classify.py"""

import random

import unrolled as ur

GOOD, BAD = ["warm", "fresh", "kind"], ["cold", "stale", "rude"]
DISHES = ["soup", "bread", "waiter", "fish", "coffee"]


def make_reviews(count: int, seed: int) -> tuple[list[str], list[str]]:
    """Return sentences and their labels, "good" or "bad"."""
    rng = random.Random(seed)
    texts, labels = [], []
    for _ in range(count):
        is_good = rng.random() < 0.5
        opinion = "very " * rng.randint(0, 3) + rng.choice(GOOD if is_good else BAD)
        texts.append(f"the {rng.choice(DISHES)} was {opinion}")
        labels.append("good" if is_good else "bad")
    return texts, labels


classifier = ur.Classifier(hidden=32, embedding=32, epochs=20, threads=1)
classifier.fit(*make_reviews(300, seed=1))
print(classifier.evaluate(*make_reviews(200, seed=2)))
print(classifier.predict(["the soup was very very warm"]), classifier.predict_proba(["the soup was rude"]))
