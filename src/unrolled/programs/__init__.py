"""Step programs: one step of a network as a short, typed list of operations.

A program is traced from the ``step`` of a cell, which stays the only place where its equations stand. The
native runtime interprets programs; the exports print them. Nothing here imports torch.
"""
