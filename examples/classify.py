"""A classifier of short texts that this program makes up.  Run: python examples/classify.py"""

import random

import unrolled as ur

GOOD, BAD = ["warm", "fresh", "kind"], ["cold", "stale", "rude"]
DISHES = ["soup", "bread", "waiter", "fish", "coffee"]


def make(count: int, seed: int) -> tuple[list[str], list[str]]:
    """Return sentences, and whether they praise."""
    rng = random.Random(seed)
    texts, labels = [], []
    for _ in range(count):
        praise = rng.random() < 0.5
        word = "very " * rng.randint(0, 3) + rng.choice(GOOD if praise else BAD)
        texts.append(f"the {rng.choice(DISHES)} was {word}")
        labels.append("good" if praise else "bad")
    return texts, labels


classifier = ur.Classifier(hidden=32, embedding=32, epochs=20, threads=1)
classifier.fit(*make(300, seed=1))
print(classifier.evaluate(*make(200, seed=2)))
print(classifier.predict(["the soup was very very warm"]), classifier.predict_proba(["the soup was rude"]))
