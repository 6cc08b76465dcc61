"""Type aliases for numpy arrays."""

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
"""Token ids, or other indices."""
Numbers = NDArray[np.float64]
"""Values in double precision."""
