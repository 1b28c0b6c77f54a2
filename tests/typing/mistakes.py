"""Mistakes that a type checker finds, each in a marked line; never run."""

import steepest

steepest.fitt([[1.0]], [1.0])  # mistake
steepest.descend([[1.0]], [1.0], rule="gradiant")  # mistake
steepest.sweep([[1.0]], [1.0], rule="gradiant")  # mistake
steepest.GradientDescentRegressor(rule="gradiant")  # mistake
steepest.descend([[1.0]], [1.0], learning_rate="fast")  # mistake
steepest.descend([[1.0]], [1.0], engine="modus")  # mistake
steepest.descend([[1.0]], [1.0], objective="rmse")  # mistake
print(steepest.descend([[1.0]], [1.0]).wheights)  # mistake
steepest.descend([[1.0]], [1.0]).plot("los")  # mistake
