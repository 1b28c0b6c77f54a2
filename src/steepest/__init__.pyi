# The public names: one line for each, under the module it lives in. `__init__.py` reads this list too.

from . import tutorial as tutorial
from .analysis.coefficient_table import Inference as Inference
from .analysis.diagnosis import Diagnosis as Diagnosis
from .analysis.diagnosis import diagnose as diagnose
from .analysis.explain import Explanation as Explanation
from .analysis.explain import explain as explain
from .analysis.infer import infer as infer
from .analysis.solve import Solution as Solution
from .analysis.solve import solve as solve
from .analysis.sweep import Sweep as Sweep
from .analysis.sweep import sweep as sweep
from .analysis.validation import ValidationCurve as ValidationCurve
from .analysis.validation import validation_curve as validation_curve
from .data.coding import Coding as Coding
from .data.examples import EXAMPLES as EXAMPLES
from .data.examples import ExampleData as ExampleData
from .data.examples import example as example
from .data.sources import open_source as open_source
from .descent.descend import descend as descend
from .descent.trajectory import Record as Record
from .descent.trajectory import State as State
from .descent.trajectory import Trajectory as Trajectory
from .descent.trajectory import Verdict as Verdict
from .errors import ClusterError as ClusterError
from .errors import DataError as DataError
from .errors import DataTypeError as DataTypeError
from .errors import DataWarning as DataWarning
from .errors import DivergenceError as DivergenceError
from .errors import MissingValuesError as MissingValuesError
from .errors import ModelFileError as ModelFileError
from .errors import SteepestError as SteepestError
from .errors import SteepestWarning as SteepestWarning
from .errors import UsageError as UsageError
from .estimators import GradientDescentRegressor as GradientDescentRegressor
from .estimators import GradientDescentRegressorCV as GradientDescentRegressorCV
from .models.export import export as export
from .models.model import Model as Model
from .models.model import load as load
from .rules.rule import ChebyshevRule as ChebyshevRule
from .rules.rule import GradientRule as GradientRule
from .rules.rule import HeavyBallRule as HeavyBallRule
from .rules.rule import NesterovRule as NesterovRule
from .summaries.summarize import summarize as summarize
from .summaries.triangle import Triangle as Triangle
from .views.plots import HeatMapDisplay as HeatMapDisplay
from .views.plots import LossContourDisplay as LossContourDisplay
from .views.plots import LossCurveDisplay as LossCurveDisplay
from .views.plots import ModeDecayDisplay as ModeDecayDisplay
from .views.plots import PredictionErrorDisplay as PredictionErrorDisplay
from .views.plots import ValidationCurveDisplay as ValidationCurveDisplay

__all__: list[str]
__version__: str
