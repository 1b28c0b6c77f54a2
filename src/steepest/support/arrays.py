"""Arrays: names for the types of signatures."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
