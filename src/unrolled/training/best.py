"""The best weights of a training: in its folder, or in memory where there is none."""

from pathlib import Path

from torch import Tensor, nn

from unrolled.errors import RunError
from unrolled.training.files import read_tensors, write_tensors


class BestWeights:
    """Keeps the weights of a model, and puts them back.

    Args:
        model: whose weights.
        path: the file that they are written to; None keeps them in memory.
    """

    def __init__(self, model: nn.Module, path: Path | None) -> None:
        self._model, self._path = model, path
        self._kept: dict[str, Tensor] = {}

    def keep(self) -> None:
        """Keep the weights of now in place of those before.

        Raises:
            RunError: if they cannot be written.
        """
        weights = self._model.state_dict()
        if self._path:
            write_tensors(self._path, weights, {})
        else:
            self._kept = {name: t.detach().clone() for name, t in weights.items()}

    def put_back(self, *, checksum: bool) -> None:
        """Give the model the weights that were kept last.

        Args:
            checksum: whether the file must have one; those of earlier versions have none.

        Raises:
            RunError: if the file is missing, damaged, or of another model.
        """
        weights = read_tensors(self._path, checksum=checksum)[0] if self._path else self._kept
        try:
            self._model.load_state_dict(weights)
        except RuntimeError as error:
            detail = str(error).splitlines()[-1].strip()
            raise RunError(
                f"{self._path or 'the best weights'}: is not of this run ({detail}); restore it from a copy"
            ) from None
