"""Tiny random Qwen3-MoE checkpoints with golden logits, losses, routing and gradients.

Each folder is an ordinary Hugging Face checkpoint (config.json, model.safetensors) written by
transformers' save_pretrained, plus golden.json. The golden numbers are float64 from `qwen3_moe.py`;
nothing is written unless transformers' own forward and backward pass agree with them.

    python make_qwen3_moe_fixture.py [OUTPUT_DIR]
"""

import json
import shutil
import sys
from pathlib import Path

import safetensors
import torch
import transformers
from safetensors.torch import load_file
from transformers import Qwen3MoeConfig, Qwen3MoeForCausalLM

from fixture_json import rounded, versions, write_json
from qwen3_moe import forward, next_token_losses

FIXTURES = Path(__file__).resolve().parents[2] / "packages" / "model" / "src" / "fixtures"
SEED = 20240229
SEQUENCES, POSITIONS = 2, 12
GRADIENT_VALUES = 8
# transformers rounds to float32 inside norms, softmaxes and rotary tables; seen: 1.8e-6 in logits.
TRANSFORMERS_TOLERANCE = 5e-6
# A routing decision closer than this could flip under float32 rounding and void the comparison.
SMALLEST_ROUTER_MARGIN = 1e-3

VARIANTS = {
    "qwen3-moe-tiny": {"norm_topk_prob": True, "tie_word_embeddings": True},
    "qwen3-moe-tiny-unnormalised": {"norm_topk_prob": False, "tie_word_embeddings": True},
    "qwen3-moe-tiny-untied": {"norm_topk_prob": True, "tie_word_embeddings": False},
}
# This variant's config.json gets the keys of published Qwen3-MoE checkpoints (transformers 4);
# the others keep what transformers 5 writes: num_local_experts, rope_parameters, dtype.
PUBLISHED_CONFIG_KEYS = "qwen3-moe-tiny-unnormalised"


def tiny_config(**variant) -> Qwen3MoeConfig:
    return Qwen3MoeConfig(
        vocab_size=32,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        moe_intermediate_size=12,
        num_experts=4,
        num_experts_per_tok=2,
        max_position_embeddings=64,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        attention_bias=False,
        **variant,
    )


def randomise(model: Qwen3MoeForCausalLM) -> None:
    """Weights large enough that every part of the model moves the logits."""
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("norm.weight"):
                parameter.copy_(torch.rand(parameter.shape, generator=generator) + 0.5)
            else:
                std = 0.5 if "embed_tokens" in name else parameter.shape[-1] ** -0.5
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * std)


def use_published_keys(config_path: Path) -> None:
    config = json.loads(config_path.read_text())
    config["num_experts"] = config.pop("num_local_experts")
    config["rope_theta"] = config.pop("rope_parameters")["rope_theta"]
    config["rope_scaling"] = None
    config["torch_dtype"] = config.pop("dtype")
    config_path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def load_strictly(folder: Path, dtype: torch.dtype) -> Qwen3MoeForCausalLM:
    model, report = Qwen3MoeForCausalLM.from_pretrained(
        folder,
        dtype=dtype,
        attn_implementation="eager",
        experts_implementation="eager",
        output_loading_info=True,
        local_files_only=True,
    )
    problems = {kind: found for kind, found in report.items() if found}
    if problems:
        raise SystemExit(f"{folder} does not load strictly: {problems}")
    return model


def transformers_gradients(model: Qwen3MoeForCausalLM) -> dict[str, torch.Tensor]:
    """Gradients under on-disk names: in memory, gate and up of all experts are one tensor."""
    gradients = {}
    for name, parameter in model.named_parameters():
        prefix, _, tensor = name.rpartition(".experts.")
        if tensor == "gate_up_proj":
            for expert, gradient in enumerate(parameter.grad):
                gate, up = gradient.chunk(2)
                gradients[f"{prefix}.experts.{expert}.gate_proj.weight"] = gate
                gradients[f"{prefix}.experts.{expert}.up_proj.weight"] = up
        elif tensor == "down_proj":
            for expert, gradient in enumerate(parameter.grad):
                gradients[f"{prefix}.experts.{expert}.down_proj.weight"] = gradient
        else:
            gradients[name] = parameter.grad
    return gradients


def largest_difference(a: torch.Tensor, b: torch.Tensor) -> float:
    return (a.detach().double() - b.detach().double()).abs().max().item()


def make(folder: Path, variant: dict) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    model = Qwen3MoeForCausalLM(tiny_config(**variant))
    randomise(model)
    model.save_pretrained(folder)
    # Decoding defaults; no part of the checkpoint format.
    (folder / "generation_config.json").unlink(missing_ok=True)
    if folder.name == PUBLISHED_CONFIG_KEYS:
        use_published_keys(folder / "config.json")

    generator = torch.Generator().manual_seed(SEED + 1)
    tokens = torch.randint(0, 32, (SEQUENCES, POSITIONS), generator=generator)

    reloaded = load_strictly(folder, torch.float64)
    on_disk = load_file(folder / "model.safetensors")
    weights = {name: tensor.double().requires_grad_() for name, tensor in sorted(on_disk.items())}
    golden = forward(tokens, weights, reloaded.config)
    losses = next_token_losses(golden.logits, tokens)
    losses.mean().backward()

    output = reloaded(tokens, use_cache=False)
    next_token_losses(output.logits, tokens).mean().backward()
    theirs = transformers_gradients(reloaded)
    if theirs.keys() != weights.keys():
        raise SystemExit(f"{folder.name}: tensor names differ: {theirs.keys() ^ weights.keys()}")
    differences = {
        "logits": largest_difference(golden.logits, output.logits),
        "loss": abs(losses.mean().item() - reloaded(tokens, labels=tokens).loss.item()),
        "gradients": max(largest_difference(weights[name].grad, theirs[name]) for name in weights),
    }
    if max(differences.values()) > TRANSFORMERS_TOLERANCE:
        raise SystemExit(f"{folder.name} disagrees with transformers: {differences}")
    if golden.router_margin < SMALLEST_ROUTER_MARGIN:
        raise SystemExit(f"{folder.name}: router margin {golden.router_margin}; choose another seed")

    write_json(
        folder / "golden.json",
        {
            "madeBy": "tools/reference/make_qwen3_moe_fixture.py",
            "versions": versions(torch, transformers, safetensors),
            "precision": "float64 arithmetic on the float32 weights of model.safetensors",
            "transformersLargestDifference": {k: rounded(v, 2) for k, v in differences.items()},
            "smallestRouterMargin": rounded(golden.router_margin, 4),
            "tokens": tokens.tolist(),
            "loss": rounded(losses.mean().item(), 12),
            "tokenLosses": rounded(losses.tolist(), 12),
            "chosenExperts": [layer.tolist() for layer in golden.chosen_experts],
            "expertWeights": [rounded(layer.tolist(), 9) for layer in golden.expert_weights],
            "logits": rounded(golden.logits.tolist(), 9),
            "gradients": {
                name: {
                    "shape": list(weight.shape),
                    "sumAbs": rounded(weight.grad.abs().sum().item(), 12),
                    "first": rounded(weight.grad.flatten()[:GRADIENT_VALUES].tolist(), 12),
                }
                for name, weight in weights.items()
            },
        },
    )
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{folder.name}: loss {losses.mean().item():.9f}, {size} bytes, differences {differences}")


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else FIXTURES
    for name, variant in VARIANTS.items():
        make(target / name, variant)


if __name__ == "__main__":
    main()
