"""Where the values of a step lie: in the state, in an array of the caller, or in scratch memory."""

from dataclasses import dataclass

from unrolled.exporters.c.groups import Groups
from unrolled.exporters.c.interface import Interface
from unrolled.exporters.c.memory import Memory
from unrolled.programs.program import StateSlot


@dataclass(frozen=True)
class Copy:
    """A copy at the end of a step, from a value (or a part of it) to a state or an output."""

    target: str
    result: int
    size: int


class Placement:
    """Decides where each value with code lies, and which values are copied at the end of a step."""

    def __init__(self, groups: Groups, interface: Interface) -> None:
        self._groups, self._reads, self._interface = groups, groups.reads, interface
        self._program = groups.reads.program
        self._end = len(groups.groups)
        self._memory = Memory()
        self.targets: dict[int, list[str]] = {}
        """States and outputs into which a value is written as it is computed."""
        self.scratch: dict[int, int] = {}
        """First element of each value in scratch memory."""
        self.held: dict[int, int] = {}
        """Old states that are read after they are overwritten: first element of their copy in scratch."""
        self.copies: list[Copy] = []
        for number in groups.group_of:
            self._choose_targets(number)
        self._order_copies()
        for number in sorted(groups.group_of, key=lambda n: (groups.group_of[n], n)):
            if self._needs_scratch(number):
                self._add_scratch(number)

    @property
    def scratch_size(self) -> int:
        """Elements of scratch memory."""
        return self._memory.size

    def _choose_targets(self, number: int) -> None:
        group = self._groups.group_of[number]
        states = [s for s in self._program.states if s.result == number and self._may_replace(s, group)]
        outputs = [
            key for key, result in self._program.outputs.items() if result == number and self._may_fill(group)
        ]
        targets = [f"s->{self._interface.fields[s.name]}" for s in states]
        targets += [self._interface.outputs[key] for key in outputs]
        # Only a loop writes a value to several places.
        self.targets[number] = targets if self._groups.groups[group].is_loop else targets[:1]

    def _may_replace(self, state: StateSlot, group: int) -> bool:
        """Return whether nothing needs the old value of a state once a group has run."""
        for number, op in enumerate(self._program.operations):
            if op.name == "state" and op.key == state.name:
                if self._reads.is_result(number):
                    return False
                for reader in self._reads.readers[number]:
                    reading = self._groups.group_of[reader]
                    in_step = reading == group and self._groups.reads_in_step(group, reader, number)
                    if reading >= group and not in_step:
                        return False
        return True

    def _may_fill(self, group: int) -> bool:
        """Return whether no later group reads an input, which may be the same array as an output."""
        inputs = [n for n, op in enumerate(self._program.operations) if op.name == "input"]
        return all(self._groups.last_read(n) < group and not self._reads.is_result(n) for n in inputs)

    def _order_copies(self) -> None:
        """Copy states in an order in which each is read before it is replaced; then outputs."""
        written = {target for targets in self.targets.values() for target in targets}
        pending = [
            Copy(target, state.result, state.size)
            for state in self._program.states
            if (target := f"s->{self._interface.fields[state.name]}") not in written
            and not self._is_state(state.result, state.name)
        ]
        while pending:
            free = [
                copy
                for copy in pending
                if all(c is copy or self._old_state(c.result) != copy.target for c in pending)
            ]
            chosen = free[0] if free else pending[0]
            if not free:  # a circle: keep the value that the first copy overwrites
                self._hold(chosen.target)
            pending.remove(chosen)
            self.copies.append(chosen)
        for key, number in self._program.outputs.items():
            target = self._interface.outputs[key]
            if target not in written:
                if old := self._old_state(number):
                    self._hold(old)
                self.copies.append(Copy(target, number, self._reads.op(number).size))

    def _hold(self, field: str) -> None:
        for number, op in enumerate(self._program.operations):
            is_field = op.name == "state" and f"s->{self._interface.fields[op.key]}" == field
            if is_field and number not in self.held:
                self.held[number] = self._memory.add(op.size, -1, self._end)

    def _is_state(self, result: int, name: str) -> bool:
        op = self._reads.op(result)
        return op.name == "state" and op.key == name

    def _old_state(self, result: int) -> str:
        """Return the field that a result reads as it was before the step; empty if none, or if it is held."""
        number = self._reads.sources[result].number
        op = self._reads.op(number)
        if op.name != "state" or number in self.held:
            return ""
        return f"s->{self._interface.fields[op.key]}"

    def _needs_scratch(self, number: int) -> bool:
        if self.targets[number]:
            return False
        group = self._groups.group_of[number]
        outside = any(self._groups.group_of[r] != group for r in self._reads.readers[number])
        return outside or not self._groups.groups[group].is_loop or self._reads.is_result(number)

    def _add_scratch(self, number: int) -> None:
        group, op = self._groups.group_of[number], self._reads.op(number)
        last = self._end if self._reads.is_result(number) else self._groups.last_read(number)
        last = max(last, group)
        begin = self._reusable(number, group)
        if begin is None:
            self.scratch[number] = self._memory.add(op.size, group, last)
        else:
            self.scratch[number] = self._memory.put(begin, op.size, last)

    def _reusable(self, number: int, group: int) -> int | None:
        """Return the place of the vector that a product is added to, if nothing reads it afterwards."""
        op = self._reads.op(number)
        if op.name != "linear" or len(op.inputs) < 2:
            return None
        start, factor = op.inputs[1], self._reads.sources[op.inputs[0]].number
        dies = not self._reads.is_result(start) and self._groups.last_read(start) == group
        return self.scratch.get(start) if dies and factor != start else None
