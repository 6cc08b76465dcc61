"""The best weights of a training, stored in the run folder or in memory."""

from pathlib import Path

from torch import Tensor, nn

from unrolled.errors import RunError
from unrolled.training.tensor_files import read_tensors, write_tensors


class BestWeights:
    """Saves the weights of a model and restores them.

    Args:
        model: the model.
        path: file to write the weights to; None keeps them in memory.
    """

    def __init__(self, model: nn.Module, path: Path | None) -> None:
        self._model, self._path = model, path
        self._weights: dict[str, Tensor] = {}

    def save(self) -> None:
        """Save the current weights. They replace those saved before.

        Raises:
            RunError: if they cannot be written.
        """
        weights = self._model.state_dict()
        if self._path:
            write_tensors(self._path, weights, {})
        else:
            self._weights = {name: t.detach().clone() for name, t in weights.items()}

    def restore(self, *, checksum: bool) -> None:
        """Load the weights that were saved last into the model.

        Args:
            checksum: require a checksum; files of earlier versions have none.

        Raises:
            RunError: if the file is missing, damaged, or from another model.
        """
        weights = read_tensors(self._path, checksum=checksum)[0] if self._path else self._weights
        try:
            self._model.load_state_dict(weights)
        except RuntimeError as error:
            detail = str(error).splitlines()[-1].strip()
            raise RunError(
                f"{self._path or 'the best weights'}: does not belong to this run ({detail}); "
                "restore it from a copy"
            ) from None
