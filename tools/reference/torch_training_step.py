"""The benchmark's opponent: one training step of a small mixture of experts in eager PyTorch.

Four layers, width 256, 4 heads, 8 SwiGLU experts of width 512 of which the softmax-weighted top 2
answer, vocabulary 8192 with a tied head, RMSNorm without weights, batch 8 x 256. Experts 0 and 1 of
each layer are trained with AdamW; everything else is frozen.

    python torch_training_step.py --threads 2 --steps 20 --json
    python torch_training_step.py --threads 2 --dump DIR --interactive

--dump writes, before the first step: weights.bin (float32, little endian), manifest.json (shape,
hyperparameters, and each tensor's name, shape and offset in elements) and tokens.bin (int32
[batch, positions + 1]); and losses.json at the end. Matrices are [outputs, inputs], as in a
checkpoint; names follow Qwen3-MoE.

--interactive reads lines from standard input: "step N" trains N steps, "evaluate N" runs N forward
passes, "quit" ends. Each answer is one line of JSON; the first line says that the worker is ready.
Between commands the process only waits for input, so two engines can take turns on one machine.
The times are measured here and leave out the pipe.
"""

import argparse
import json
import platform
import resource
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from fixture_json import write_json

MEBIBYTE = 1 << 20
NORM_EPS = 1e-6
ROPE_THETA = 10_000.0


@dataclass(frozen=True)
class Shape:
    layers: int = 4
    width: int = 256
    heads: int = 4
    expert_width: int = 512
    experts: int = 8
    experts_per_token: int = 2
    vocabulary: int = 8192
    batch: int = 8
    positions: int = 256
    trained_experts: tuple[int, ...] = (0, 1)

    @property
    def head_width(self) -> int:
        return self.width // self.heads

    @property
    def tokens(self) -> int:
        return self.batch * self.positions


@dataclass(frozen=True)
class AdamW:
    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.01


def random_weights(shape: Shape, generator: torch.Generator) -> dict[str, Tensor]:
    def normal(rows: int, columns: int, std: float | None = None) -> Tensor:
        return torch.randn(rows, columns, generator=generator) * (std or columns**-0.5)

    d, ffn = shape.width, shape.expert_width
    weights = {"model.embed_tokens.weight": normal(shape.vocabulary, d, std=0.08)}
    for layer in range(shape.layers):
        prefix = f"model.layers.{layer}"
        for name in ("q", "k", "v", "o"):
            weights[f"{prefix}.self_attn.{name}_proj.weight"] = normal(d, d)
        weights[f"{prefix}.mlp.gate.weight"] = normal(shape.experts, d)
        for expert in range(shape.experts):
            name = f"{prefix}.mlp.experts.{expert}"
            weights[f"{name}.gate_proj.weight"] = normal(ffn, d)
            weights[f"{name}.up_proj.weight"] = normal(ffn, d)
            weights[f"{name}.down_proj.weight"] = normal(d, ffn)
    return weights


def rms_norm(x: Tensor) -> Tensor:
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + NORM_EPS)


class Model:
    """The forward pass; `attention` is "eager" (explicit softmax) or "fused" (torch's kernel)."""

    def __init__(self, shape: Shape, weights: dict[str, Tensor], attention: str):
        self.shape, self.weights, self.fused_attention = shape, weights, attention == "fused"
        half = shape.head_width // 2
        frequencies = ROPE_THETA ** (-torch.arange(half).float() / half)
        angles = torch.arange(shape.positions).float()[:, None] * frequencies
        self.cos, self.sin = angles.cos(), angles.sin()  # [positions, head_width / 2]
        self.future = torch.full((shape.positions, shape.positions), float("-inf")).triu(1)

    def rotate(self, x: Tensor) -> Tensor:
        low, high = x.chunk(2, dim=-1)
        return torch.cat([low * self.cos - high * self.sin, high * self.cos + low * self.sin], dim=-1)

    def attention(self, h: Tensor, prefix: str) -> Tensor:
        shape = self.shape
        q, k, v = (
            F.linear(h, self.weights[f"{prefix}.{name}_proj.weight"])
            .view(shape.batch, shape.positions, shape.heads, shape.head_width)
            .transpose(1, 2)
            for name in ("q", "k", "v")
        )
        q, k = self.rotate(q), self.rotate(k)
        if self.fused_attention:
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            scores = q @ k.transpose(-1, -2) * shape.head_width**-0.5 + self.future
            mixed = scores.softmax(-1) @ v
        mixed = mixed.transpose(1, 2).reshape(shape.tokens, shape.width)
        return F.linear(mixed, self.weights[f"{prefix}.o_proj.weight"])

    def experts(self, h: Tensor, prefix: str) -> Tensor:
        router_logits = F.linear(h, self.weights[f"{prefix}.gate.weight"])
        top, chosen = router_logits.topk(self.shape.experts_per_token, dim=-1)
        gates = top.softmax(-1)
        y = torch.zeros_like(h)
        for expert in range(self.shape.experts):
            token, rank = (chosen == expert).nonzero(as_tuple=True)
            if token.numel() == 0:
                continue
            name = f"{prefix}.experts.{expert}"
            x = h.index_select(0, token)
            gate = F.linear(x, self.weights[f"{name}.gate_proj.weight"])
            up = F.linear(x, self.weights[f"{name}.up_proj.weight"])
            output = F.linear(F.silu(gate) * up, self.weights[f"{name}.down_proj.weight"])
            y = y.index_add(0, token, output * gates[token, rank, None])
        return y

    def loss(self, tokens: Tensor) -> Tensor:
        """Mean cross-entropy in nats for `tokens` [batch, positions + 1]."""
        embedding = self.weights["model.embed_tokens.weight"]
        x = embedding[tokens[:, :-1].reshape(-1)]  # [batch * positions, width]
        for layer in range(self.shape.layers):
            prefix = f"model.layers.{layer}"
            x = x + self.attention(rms_norm(x), f"{prefix}.self_attn")
            x = x + self.experts(rms_norm(x), f"{prefix}.mlp")
        return F.cross_entropy(F.linear(rms_norm(x), embedding), tokens[:, 1:].reshape(-1))


class Trainer:
    def __init__(self, shape: Shape, hyperparameters: AdamW, attention: str, seed: int):
        generator = torch.Generator().manual_seed(seed)
        self.shape, self.hyperparameters = shape, hyperparameters
        self.weights = random_weights(shape, generator)
        self.tokens = torch.randint(
            0, shape.vocabulary, (shape.batch, shape.positions + 1), generator=generator
        )
        self.model = Model(shape, self.weights, attention)
        self.trained = [
            tensor.requires_grad_()
            for name, tensor in self.weights.items()
            if any(f".experts.{expert}." in name for expert in shape.trained_experts)
        ]
        # The fused kernel is the faster of torch's AdamW variants on a CPU (about 3 against 9 ms).
        self.optimiser = torch.optim.AdamW(self.trained, **asdict(hyperparameters), fused=True)
        self.losses: list[float] = []

    def step(self, count: int) -> dict:
        timings = []
        for _ in range(count):
            start = time.perf_counter()
            self.optimiser.zero_grad(set_to_none=True)
            loss = self.model.loss(self.tokens)
            loss.backward()
            self.optimiser.step()
            timings.append((time.perf_counter() - start) * 1e3)
            self.losses.append(loss.item())
        return {"kind": "step", "ms": timings, "losses": self.losses[len(self.losses) - count :]}

    def evaluate(self, count: int) -> dict:
        timings, losses = [], []
        for _ in range(count):
            start = time.perf_counter()
            with torch.inference_mode():
                losses.append(self.model.loss(self.tokens).item())
            timings.append((time.perf_counter() - start) * 1e3)
        return {"kind": "evaluate", "ms": timings, "losses": losses}

    def dump(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        tensors, offset = [], 0
        with (folder / "weights.bin").open("wb") as file:
            for name, tensor in self.weights.items():
                file.write(tensor.detach().numpy().astype("<f4").tobytes())
                tensors.append({"name": name, "shape": list(tensor.shape), "offset": offset})
                offset += tensor.numel()
        (folder / "tokens.bin").write_bytes(self.tokens.numpy().astype("<i4").tobytes())
        manifest = {
            "shape": asdict(self.shape),
            "adamw": asdict(self.hyperparameters),
            "normEps": NORM_EPS,
            "ropeTheta": ROPE_THETA,
            "tokensShape": list(self.tokens.shape),
            "tensors": tensors,
        }
        write_json(folder / "manifest.json", manifest)


def describe(options: argparse.Namespace) -> dict:
    return {
        "engine": "torch",
        "torch": torch.__version__,
        "python": platform.python_version(),
        "threads": torch.get_num_threads(),
        "attention": options.attention,
        "cpuCapability": torch.backends.cpu.get_cpu_capability(),
    }


def peak_resident_mebibytes() -> float:
    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS
    return kibibytes / (MEBIBYTE if sys.platform == "darwin" else 1024)


def serve(trainer: Trainer, options: argparse.Namespace) -> None:
    def answer(content: dict) -> None:
        print(json.dumps(content), flush=True)

    tokens_per_step = trainer.shape.tokens
    answer({"kind": "ready", **describe(options), "tokensPerStep": tokens_per_step})
    for line in sys.stdin:
        match line.split():
            case ["step", count] if count.isdigit():
                answer({**trainer.step(int(count)), "peakResidentMiB": peak_resident_mebibytes()})
            case ["evaluate", count] if count.isdigit():
                answer({**trainer.evaluate(int(count)), "peakResidentMiB": peak_resident_mebibytes()})
            case ["quit"]:
                return
            case []:
                continue
            case _:
                answer({"kind": "error", "message": "commands: step N, evaluate N, quit"})


def run_once(trainer: Trainer, options: argparse.Namespace, imported_mebibytes: float) -> None:
    training = trainer.step(options.steps)
    evaluation = trainer.evaluate(options.evaluations)
    warm = training["ms"][options.warmup :] or training["ms"]
    result = {
        **describe(options),
        "tokensPerStep": trainer.shape.tokens,
        "warmupSteps": options.warmup,
        "stepMs": training["ms"],
        "stepMedianMs": statistics.median(warm),
        "trainTokensPerSecond": trainer.shape.tokens / statistics.median(warm) * 1e3,
        "losses": training["losses"],
        "evaluateMs": evaluation["ms"],
        "importedMiB": imported_mebibytes,
        "peakResidentMiB": peak_resident_mebibytes(),
    }
    if evaluation["ms"]:
        result["evaluateTokensPerSecond"] = (
            trainer.shape.tokens / statistics.median(evaluation["ms"]) * 1e3
        )
    if options.json:
        print(json.dumps(result))
        return
    print(f"torch {result['torch']}, {result['threads']} threads, {options.attention} attention")
    fastest = trainer.shape.tokens / min(warm) * 1e3
    print(f"training {result['trainTokensPerSecond']:.0f} tok/s in the median, best {fastest:.0f}")
    if evaluation["ms"]:
        print(f"evaluation {result['evaluateTokensPerSecond']:.0f} tok/s in the median")
    print(f"peak resident {result['peakResidentMiB']:.0f} MiB, {imported_mebibytes:.0f} after import")
    print("losses", " ".join(f"{loss:.5f}" for loss in training["losses"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--evaluations", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=2, help="first steps left out of the median")
    parser.add_argument("--attention", choices=["eager", "fused"], default="eager")
    parser.add_argument("--seed", type=int, default=1234)
    parser.add_argument("--dump", type=Path, metavar="DIR")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--interactive", action="store_true")
    options = parser.parse_args()
    imported_mebibytes = peak_resident_mebibytes()
    torch.set_num_threads(options.threads)

    trainer = Trainer(Shape(), AdamW(), options.attention, options.seed)
    if options.dump:
        trainer.dump(options.dump)
    if options.interactive:
        serve(trainer, options)
    else:
        run_once(trainer, options, imported_mebibytes)
    if options.dump:
        (options.dump / "losses.json").write_text(json.dumps(trainer.losses) + "\n")


if __name__ == "__main__":
    main()
