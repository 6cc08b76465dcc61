"""Gather the operations of a program in groups, each of which becomes one loop or one call."""

from dataclasses import dataclass, field

from unrolled.exporters.c.views import POINTWISE, VIEWS, Reads
from unrolled.exporters.c.weights import Weights


@dataclass
class Group:
    """Pointwise operations of one size, which share a loop, or one operation of another kind."""

    size: int
    is_loop: bool
    members: list[int] = field(default_factory=list)


class Groups:
    """Groups in the order in which they run."""

    def __init__(self, reads: Reads, weights: Weights) -> None:
        self.reads, self._weights = reads, weights
        self.groups: list[Group] = []
        self.group_of: dict[int, int] = {}
        """Number of the group that computes each value; values without code are not in it."""
        for number in range(len(reads.program.operations)):
            if self._has_code(number):
                self._place(number)
        for number in list(self.group_of):
            self._delay(number)

    def last_read(self, number: int) -> int:
        """Return the number of the last group that reads a value; -1 if none does."""
        groups = (self.group_of[reader] for reader in self.reads.readers[number])
        return max(groups, default=-1)

    def reads_in_step(self, group: int, reader: int, number: int) -> bool:
        """Return whether a reader in a loop reads only element k of a value in iteration k."""
        op = self.reads.op(reader)
        direct = all(self.reads.sources[i].number != number or i == number for i in op.inputs)
        return self.groups[group].is_loop and direct and self.reads.op(number).size == self.groups[group].size

    def _has_code(self, number: int) -> bool:
        op = self.reads.op(number)
        if self.reads.is_inlined(number) or self.reads.is_looked_up(number):
            return False
        if op.name == "embedding":
            return self._weights.is_shared(op.weight)
        return op.name not in VIEWS

    def _place(self, number: int) -> None:
        op = self.reads.op(number)
        is_loop = op.name in POINTWISE or op.name == "constant"
        place = len(self.groups)
        if is_loop:
            first = max((self._earliest(i, op.size) for i in op.inputs), default=0)
            fitting = (
                g
                for g in range(first, len(self.groups))
                if self.groups[g].is_loop and self.groups[g].size == op.size
            )
            place = next(fitting, place)
        if place == len(self.groups):
            self.groups.append(Group(op.size, is_loop))
        self.groups[place].members.append(number)
        self.group_of[number] = place

    def _delay(self, number: int) -> None:
        """Move an operation to the loop that reads it, if it needs nothing that a group computes."""
        op, group = self.reads.op(number), self.group_of[number]
        readers = self.reads.readers[number]
        later = {self.group_of[reader] for reader in readers}
        if len(later) != 1 or self.reads.is_result(number) or not self.groups[group].is_loop:
            return
        (target,) = later
        in_step = all(self.reads_in_step(target, reader, number) for reader in readers)
        if target == group or not in_step:
            return
        if all(self.reads.sources[i].number not in self.group_of for i in op.inputs):
            self.groups[group].members.remove(number)
            self.groups[target].members.append(number)
            self.groups[target].members.sort()
            self.group_of[number] = target

    def _earliest(self, read: int, size: int) -> int:
        """Return the first group in which a pointwise operation of a size can read a value."""
        source = self.reads.sources[read].number
        if source not in self.group_of:
            return 0
        group = self.group_of[source]
        joins = read == source and self.groups[group].is_loop and self.groups[group].size == size
        return group if joins else group + 1
