"""Load a checkpoint folder in transformers, strictly, and print its mean loss on given tokens.

    python check_checkpoint.py DIR TOKENS.json [--sequence-length 256] [--batch 8] [--threads N] [--json]
                               [--distributions FILE]

TOKENS.json is an array of token ids, cut into windows that predict every token but the first
exactly once (window i reads tokens i*L .. i*L+L-1 and predicts i*L+1 .. i*L+L; the last window may
be shorter). Or it is an array of arrays: each is one sequence, whatever its length. Attention never
crosses from one window or sequence into another. The arithmetic is float32 unless --dtype says so.

--distributions writes the probabilities of every next token, float32, `[predicted tokens, vocabulary]` in
the order of the windows.

Strict means: no tensor missing, unexpected or of another shape; the names and shapes on disk are
those that transformers itself writes for this config; a tied head is really tied. Exit code 1 if not.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import torch
import torch.nn.functional as F
import transformers
from safetensors import safe_open
from transformers import AutoModelForCausalLM


def shapes_on_disk(folder: Path) -> dict[str, tuple[int, ...]]:
    shapes = {}
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="pt") as tensors:
            for name in tensors.keys():
                if name in shapes:
                    raise SystemExit(f"{name} is in more than one .safetensors file of {folder}")
                shapes[name] = tuple(tensors.get_slice(name).get_shape())
    return shapes


def problems_of(folder: Path, model, report: dict) -> list[str]:
    problems = [f"{kind}: {sorted(map(str, found))}" for kind, found in report.items() if found]
    # Loading alone accepts expert numbers with a hole, a redundant head and obsolete buffers.
    with tempfile.TemporaryDirectory() as scratch:
        model.save_pretrained(scratch)
        canonical = shapes_on_disk(Path(scratch))
    found = shapes_on_disk(folder)
    for name in sorted(canonical.keys() | found.keys()):
        if name not in found:
            problems.append(f"not on disk: {name} {list(canonical[name])}")
        elif name not in canonical:
            problems.append(f"not part of the model: {name} {list(found[name])}")
        elif found[name] != canonical[name]:
            problems.append(f"{name}: {list(found[name])} on disk, {list(canonical[name])} wanted")
    tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
    if tied != model.config.tie_word_embeddings:
        problems.append(f"tie_word_embeddings is {model.config.tie_word_embeddings}, the head is tied: {tied}")
    return problems


def windows(tokens: list, length: int) -> list[list[int]]:
    """Sequences whose every token but the first is predicted."""
    if tokens and isinstance(tokens[0], list):
        return [sequence for sequence in tokens if len(sequence) > 1]
    return [tokens[at : at + length + 1] for at in range(0, len(tokens) - 1, length)]


@torch.inference_mode()
def write_distributions(model, sequences: list[list[int]], path: Path) -> None:
    with path.open("wb") as file:
        for sequence in sequences:
            logits = model(torch.tensor([sequence[:-1]]), use_cache=False).logits[0]
            file.write(logits.double().softmax(-1).float().numpy().tobytes())


@torch.inference_mode()
def losses_of(model, sequences: list[list[int]], batch: int) -> torch.Tensor:
    """One loss in nats per predicted token, float64."""
    losses = []
    for at in range(0, len(sequences), batch):
        group = sequences[at : at + batch]
        # Only sequences of one length share a batch, so no padding or mask can matter.
        for length in sorted({len(sequence) for sequence in group}):
            ids = torch.tensor([sequence for sequence in group if len(sequence) == length])
            logits = model(ids[:, :-1], use_cache=False).logits
            loss = F.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
            losses.append(loss.flatten().double())
    return torch.cat(losses)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("tokens", type=Path)
    parser.add_argument("--sequence-length", type=int, default=256)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--dtype", default="float32", choices=["float32", "float64", "bfloat16"])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--distributions", type=Path)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    transformers.utils.logging.disable_progress_bar()

    model, report = AutoModelForCausalLM.from_pretrained(
        options.folder,
        dtype=getattr(torch, options.dtype),
        # The plain loop over experts; the default, grouped_mm, has no float64.
        experts_implementation="eager",
        output_loading_info=True,
        local_files_only=True,
    )
    model.eval()
    problems = problems_of(options.folder, model, report)
    if problems:
        sys.exit(f"{options.folder} does not load strictly:\n  " + "\n  ".join(problems))

    sequences = windows(json.loads(options.tokens.read_text()), options.sequence_length)
    if not sequences:
        sys.exit(f"{options.tokens} has no sequence of two or more tokens")
    if options.distributions:
        write_distributions(model, sequences, options.distributions)
    losses = losses_of(model, sequences, options.batch)
    result = {
        "architecture": type(model).__name__,
        "parameters": model.num_parameters(),
        "sequences": len(sequences),
        "predictedTokens": losses.numel(),
        "meanLossNats": losses.mean().item(),
        "dtype": options.dtype,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
    if options.json:
        print(json.dumps(result))
    else:
        print(f"{result['architecture']}, {result['parameters']} parameters, loaded strictly")
        print(f"mean loss {result['meanLossNats']:.9f} nats per token over {result['predictedTokens']} tokens")


if __name__ == "__main__":
    main()
