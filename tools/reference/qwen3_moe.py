"""Qwen3-MoE's forward pass in plain torch, in the precision of its weights throughout.

transformers casts to float32 inside its norms, softmaxes and rotary tables even when the model is
float64. The golden numbers come from this file instead, which is checked against transformers by
`make_qwen3_moe_fixture.py`. Weights are addressed by the names a checkpoint has on disk.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Forward:
    logits: Tensor  # [sequences, positions, vocabulary]
    chosen_experts: list[Tensor]  # per layer [sequences, positions, k], highest probability first
    expert_weights: list[Tensor]  # per layer [sequences, positions, k]
    router_margin: float  # smallest gap between the last chosen and the first rejected router logit


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    return weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps)


def rotary_tables(positions: int, head_dim: int, theta: float, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Cosines and sines [positions, head_dim / 2]."""
    frequencies = theta ** (-torch.arange(0, head_dim, 2, dtype=dtype) / head_dim)
    angles = torch.arange(positions, dtype=dtype)[:, None] * frequencies
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate dimension i together with i + head_dim / 2 (half-split, not interleaved)."""
    low, high = x.chunk(2, dim=-1)
    return torch.cat([low * cos - high * sin, high * cos + low * sin], dim=-1)


def attention(x: Tensor, weights: dict[str, Tensor], prefix: str, config) -> Tensor:
    sequences, positions, _ = x.shape

    def heads(name: str) -> Tensor:
        projected = F.linear(x, weights[f"{prefix}.{name}_proj.weight"])
        return projected.view(sequences, positions, -1, config.head_dim)

    q = rms_norm(heads("q"), weights[f"{prefix}.q_norm.weight"], config.rms_norm_eps).transpose(1, 2)
    k = rms_norm(heads("k"), weights[f"{prefix}.k_norm.weight"], config.rms_norm_eps).transpose(1, 2)
    v = heads("v").transpose(1, 2)

    theta = config.rope_parameters["rope_theta"]
    cos, sin = rotary_tables(positions, config.head_dim, theta, x.dtype)
    q, k = rotate(q, cos, sin), rotate(k, cos, sin)

    shared_by = config.num_attention_heads // config.num_key_value_heads
    k, v = k.repeat_interleave(shared_by, dim=1), v.repeat_interleave(shared_by, dim=1)
    future = torch.ones(positions, positions, dtype=torch.bool).triu(1)
    scores = (q @ k.transpose(-1, -2) * config.head_dim**-0.5).masked_fill(future, float("-inf"))
    mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(sequences, positions, -1)
    return F.linear(mixed, weights[f"{prefix}.o_proj.weight"])


def experts(x: Tensor, weights: dict[str, Tensor], prefix: str, config) -> tuple[Tensor, Tensor, Tensor, float]:
    """The sparse block: its output, the chosen experts, their weights, and the routing margin."""
    k = config.num_experts_per_tok
    router_logits = F.linear(x, weights[f"{prefix}.gate.weight"])
    gates, chosen = router_logits.softmax(-1).topk(k, dim=-1)
    if config.norm_topk_prob:
        gates = gates / gates.sum(-1, keepdim=True)

    y = torch.zeros_like(x)
    for expert in range(config.num_experts):
        name = f"{prefix}.experts.{expert}"
        gate = F.linear(x, weights[f"{name}.gate_proj.weight"])
        up = F.linear(x, weights[f"{name}.up_proj.weight"])
        output = F.linear(F.silu(gate) * up, weights[f"{name}.down_proj.weight"])
        y = y + output * (gates * (chosen == expert)).sum(-1, keepdim=True)

    ordered = router_logits.detach().sort(-1, descending=True).values
    margin = (ordered[..., k - 1] - ordered[..., k]).min().item()
    return y, chosen, gates, margin


def forward(tokens: Tensor, weights: dict[str, Tensor], config) -> Forward:
    """Logits and routing for `tokens` [sequences, positions]; every layer must be sparse."""
    eps = config.rms_norm_eps
    x = weights["model.embed_tokens.weight"][tokens]
    chosen_experts, expert_weights, margins = [], [], []
    for layer in range(config.num_hidden_layers):
        prefix = f"model.layers.{layer}"
        h = rms_norm(x, weights[f"{prefix}.input_layernorm.weight"], eps)
        x = x + attention(h, weights, f"{prefix}.self_attn", config)
        h = rms_norm(x, weights[f"{prefix}.post_attention_layernorm.weight"], eps)
        y, chosen, gates, margin = experts(h, weights, f"{prefix}.mlp", config)
        x = x + y
        chosen_experts.append(chosen)
        expert_weights.append(gates)
        margins.append(margin)
    head = "model.embed_tokens.weight" if config.tie_word_embeddings else "lm_head.weight"
    logits = F.linear(rms_norm(x, weights["model.norm.weight"], eps), weights[head])
    return Forward(logits, chosen_experts, expert_weights, min(margins))


def next_token_losses(logits: Tensor, tokens: Tensor) -> Tensor:
    """Cross-entropy in nats [sequences, positions - 1]: position t predicts token t + 1."""
    return F.cross_entropy(logits[:, :-1].transpose(1, 2), tokens[:, 1:], reduction="none")
