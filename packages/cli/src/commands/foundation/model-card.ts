import { type Domain, type FoundationRecipe, loadCorpusParts } from '@connito/model';
import { formatLoss, formatSeconds } from '../../view/text.ts';

export type TrainingOutcome = {
  readonly step: number;
  readonly seconds: number;
  readonly heldOut: Readonly<Record<string, number>>;
};

/** A model's README: data, recipe, tokens and loss for each domain. */
export async function modelCard(recipe: FoundationRecipe, outcome: TrainingOutcome): Promise<string> {
  const { config, mixture, sequencesPerStep, sequenceTokens } = recipe;
  const tokens = outcome.step * sequencesPerStep * sequenceTokens;
  const rows: string[] = [];
  for (const [domain, share] of Object.entries(mixture) as [Domain, number][]) {
    const { licence, provenance } = await loadCorpusParts(domain);
    const loss = outcome.heldOut[domain];
    rows.push(
      `| ${domain} | ${(100 * share).toFixed(0)} % | ${loss === undefined ? '' : formatLoss(loss)} | ${licence} | ${provenance} |`,
    );
  }
  return `---
library_name: transformers
tags: [mixture-of-experts, qwen3_moe]
---

# Connito foundation

A small decoder-only Mixture-of-Experts transformer of the Qwen3-MoE family, pretrained from nothing, for a network to
adapt. It shows how adaptation works; it is not a useful language model.

${config.layers} layers of width ${config.hiddenSize}, ${config.experts} routed experts of width ${config.expertSize} in each, ${config.expertsPerToken} for each token;
vocabulary of ${config.vocabularySize}, context of ${config.contextSize} tokens; stored in bfloat16.

## Data and result

Whole documents are held out. Losses are in nats per token on held-out documents.

| domain | share of training | held-out loss | licence | source |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

## Recipe

${outcome.step} AdamW steps of ${sequencesPerStep} sequences of ${sequenceTokens} tokens, ${(tokens / 1e6).toFixed(1)} M tokens in all, in ${formatSeconds(outcome.seconds)}.
Learning rate ${recipe.peakLearningRate} after ${recipe.warmupSteps} steps of warm-up, then a cosine down to ${100 * recipe.finalLearningRateShare} % of it; weight decay ${recipe.weightDecay},
gradients clipped at ${recipe.clipNorm}, load-balancing loss weighted ${recipe.balanceWeight}. Seed \`${recipe.seed}\`.

\`connito foundation train --out DIR\` makes it again, up to the order of floating-point sums.
`;
}
