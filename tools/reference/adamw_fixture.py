"""Five AdamW steps on two small parameters with fixed gradients, with and without clipping.

    python adamw_fixture.py [OUTPUT_FILE]

Everything is float64 and comes from torch.optim.AdamW and torch.nn.utils.clip_grad_norm_. The
gradients have a zero, a value far below eps, and one norm below the clipping threshold.
"""

import sys
from pathlib import Path

import torch

from fixture_json import rounded, versions, write_json

FIXTURE = Path(__file__).resolve().parents[2] / "packages" / "model" / "src" / "fixtures" / "adamw.json"
DIGITS = 15
LEARNING_RATE, BETAS, EPS, WEIGHT_DECAY = 1e-3, (0.9, 0.95), 1e-8, 0.1
MAX_NORM = 1.0

INITIAL = {
    "matrix": [[0.5, -1.25, 2.0], [0.0, 0.03125, -0.75]],
    "vector": [1.0, -1.0, 0.1, 3.0],
}
GRADIENTS = [
    {"matrix": [[0.5, -0.25, 1.0], [0.0, 2.0, -1.5]], "vector": [0.1, -0.3, 1e-10, 0.7]},
    {"matrix": [[-0.4, 0.75, 0.2], [0.0, -1.0, 0.6]], "vector": [0.2, 0.5, -2e-10, -0.9]},
    {"matrix": [[0.05, 0.1, -0.2], [0.0, 0.3, 0.1]], "vector": [-0.05, 0.2, 1e-9, 0.15]},
    {"matrix": [[3.0, -4.0, 0.5], [0.0, 1.5, -2.5]], "vector": [1.0, -6.0, 0.0, 2.0]},
    {"matrix": [[0.25, 0.0, -0.75], [0.0, -0.5, 0.125]], "vector": [0.4, 0.1, 3e-8, -0.2]},
]


def run(max_norm: float | None) -> list[dict]:
    parameters = {
        name: torch.nn.Parameter(torch.tensor(values, dtype=torch.float64))
        for name, values in INITIAL.items()
    }
    optimiser = torch.optim.AdamW(
        parameters.values(), lr=LEARNING_RATE, betas=BETAS, eps=EPS, weight_decay=WEIGHT_DECAY
    )
    steps = []
    for gradients in GRADIENTS:
        for name, values in gradients.items():
            parameters[name].grad = torch.tensor(values, dtype=torch.float64)
        norm = torch.nn.utils.get_total_norm([p.grad for p in parameters.values()])
        if max_norm is not None:
            torch.nn.utils.clip_grad_norm_(parameters.values(), max_norm)
        optimiser.step()
        steps.append(
            {
                "gradientNorm": rounded(norm.item(), DIGITS),
                "parameters": {n: rounded(p.tolist(), DIGITS) for n, p in parameters.items()},
                "firstMoments": moments(optimiser, parameters, "exp_avg"),
                "secondMoments": moments(optimiser, parameters, "exp_avg_sq"),
            }
        )
    return steps


def moments(optimiser: torch.optim.Optimizer, parameters: dict, key: str) -> dict:
    return {n: rounded(optimiser.state[p][key].tolist(), DIGITS) for n, p in parameters.items()}


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else FIXTURE
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(
        path,
        {
            "madeBy": "tools/reference/adamw_fixture.py",
            "versions": versions(torch),
            "precision": "float64",
            "clipping": "gradients times min(1, maxNorm / (norm over all parameters + 1e-6)); null is off",
            "options": {
                "learningRate": LEARNING_RATE,
                "beta1": BETAS[0],
                "beta2": BETAS[1],
                "eps": EPS,
                "weightDecay": WEIGHT_DECAY,
            },
            "initial": INITIAL,
            "gradients": GRADIENTS,
            "unclipped": {"maxNorm": None, "steps": run(None)},
            "clipped": {"maxNorm": MAX_NORM, "steps": run(MAX_NORM)},
        },
    )


if __name__ == "__main__":
    main()
