"""Benchmarks: speed relative to a peer, timed alternately in one run, and to the machine's ceiling.

A benchmark is a list of groups of tasks. Each task returns one :class:`unrolled.bench.result.Result`.
"""
