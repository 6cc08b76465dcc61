"""Speed, measured as a ratio: this package and a peer in turn in one run, beside the machine's ceiling.

A benchmark is a plan: groups of tasks, each of which gives one :class:`unrolled.bench.result.Result`.
"""
