"""Train a translator that rewrites dates as YYYY-MM-DD, and plot its attention.

Run: python examples/translate.py
"""

import datetime
import random
import tempfile
from pathlib import Path

import unrolled as ur

rng = random.Random(0)
first = datetime.date(1970, 1, 1)
days = [first + datetime.timedelta(days=rng.randrange(20_000)) for _ in range(5_000)]
pairs = [(day.strftime(rng.choice(["%B %d, %Y", "%d %b %Y", "%m/%d/%Y"])), day.isoformat()) for day in days]

translator = ur.Translator(cell="gru", attention="dot", hidden=64, embedding=24, lr=0.01, epochs=4)
translator.fit(pairs[:-500], progress=False)
print(translator.evaluate(pairs[-500:]))
for text in ("July 20, 1999", "09 Nov 1989"):
    print(text, "→", translator.translate([text])[0])
plot = Path(tempfile.gettempdir()) / "attention.png"
print("attention:", translator.plot_attention("July 20, 1999", plot))
