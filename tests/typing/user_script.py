"""What a user writes: it runs, and a strict type checker has nothing to say of it."""

from pathlib import Path

import numpy as np

import steepest

x = np.arange(1.0, 61.0).reshape(-1, 1)
y = 0.5 * x[:, 0] + 2 + np.sin(x[:, 0])

run = steepest.descend(x, y, rule="nesterov", epochs=2_000, standardize=True)
bias: float = run.bias
print(f"{run.bias:.3f}", run.bias + 1.0, float(run.bias), round(run.bias, 3), bias, run.weights.round(3).tolist())
print(run.verdict, run.at(10).loss, run.epochs_to(1e-6))

table = Path("table.csv")
table.write_text("x1,y\n" + "".join(f"{a},{b}\n" for a, b in zip(x[:, 0], y, strict=True)))
of_file = steepest.descend(table, target="y")

print(steepest.diagnose(x, y))
found = steepest.sweep(x, y, rule=["gradient", "heavy_ball"], learning_rates=[0.1, 0.5], epochs=[10, 100])
print(found.best.learning_rate, found.rmse.shape)

model = steepest.GradientDescentRegressor(rule=steepest.GradientRule(0.5), epochs=100, tol=None).fit(x, y)
print(model.predict(x)[:3], model.n_iter_, model.verdict_.kind)

steepest.Model.of(of_file).save("model.json")
print(steepest.load("model.json").predict([[61.0]]))
print(steepest.infer(x, y).to_frame())
run.plot("loss").figure_.savefig("loss.png")
print(steepest.descend(x, y, rule=steepest.RuleName("gradient"), epochs=3).epochs)
