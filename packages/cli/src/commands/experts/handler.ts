import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ExpertSet,
  encodeExpertGroup,
  loadTokenizer,
  type ModelConfig,
  parseExpertGroup,
  prepareCorpora,
  selectExperts,
  spreadSequences,
  startModelHost,
  trainedShare,
} from '@connito/model';
import { fileError, writeDurably } from '@connito/node';
import { utf8 } from '@connito/protocol';
import type { CommandContext } from '../../command/context.ts';
import { cliError } from '../../errors.ts';
import { requireModelFiles, SHIPPED_MODEL } from '../../network/base-model.ts';
import type { SelectExpertsOptions } from './options.ts';

/** Sequences profiled, and their length: shares of gates are steady to about a percent with these. */
const PROFILED = { sequences: 96, tokens: 128 } as const;

export async function selectExpertGroup(
  options: SelectExpertsOptions,
  { stdout }: CommandContext,
): Promise<void> {
  const { domain, score, share, out } = options;
  const model = options.model ?? SHIPPED_MODEL;
  await requireModelFiles(model);
  const tokenizer = await loadTokenizer(join(model, 'tokenizer.json'));
  const { host, stop } = startModelHost(options.threads);
  try {
    const config = await host.open(model);
    const layers = options.layers ?? upperHalf(config);
    const beyond = layers.find((layer) => layer >= config.layers);
    if (beyond !== undefined) {
      throw cliError(
        'invalid_option',
        `--layers: the model has layers 0 to ${config.layers - 1}, not ${beyond}`,
      );
    }
    const taken = await readTaken(options.disjointWith, config);
    const [corpus] = await prepareCorpora({ tokenizer, domains: [domain], parts: ['adapt'] });
    const profile = await host.profile(spreadSequences(corpus!.shard, PROFILED.tokens, PROFILED.sequences));
    const maxPerLayer = options.maxPerLayer ?? Math.ceil(config.experts / 4);
    const experts = selectExperts(profile[score], { share, maxPerLayer, layers }, taken);
    if (experts.size === 0) {
      throw cliError('invalid_option', '--disjoint-with: no expert of these layers is left');
    }
    await writeDurably(out, utf8(encodeExpertGroup(experts)));
    const trained = trainedShare(config, experts);
    const covered = new Map(
      [...experts].map(([layer, chosen]) => [
        layer,
        chosen.reduce((sum, expert) => sum + profile[score][layer]![expert]!, 0),
      ]),
    );
    if (options.json === true) {
      const object = {
        type: 'experts',
        domain,
        score,
        out,
        experts: Object.fromEntries(experts),
        coveredShare: Object.fromEntries(covered),
        trainedParameters: trained.trained,
        totalParameters: trained.total,
        trainedShare: trained.share,
        profiledTokens: profile.tokens,
      };
      stdout.write(`${JSON.stringify(object)}\n`);
      return;
    }
    for (const [layer, chosen] of experts) {
      const percent = (100 * covered.get(layer)!).toFixed(1);
      stdout.write(`layer ${layer}: experts ${chosen.join(', ')} have ${percent} % of the ${score} score\n`);
    }
    const percent = (100 * trained.share).toFixed(1);
    const millions = (count: number) => `${(count / 1e6).toFixed(2)} M`;
    stdout.write(
      `${trained.experts} experts, ${millions(trained.trained)} of ${millions(trained.total)} parameters (${percent} %) train. Written to ${out}\n`,
    );
  } finally {
    await stop();
  }
}

function upperHalf({ layers }: ModelConfig): readonly number[] {
  const first = Math.floor(layers / 2);
  return Array.from({ length: layers - first }, (_, i) => first + i);
}

/** All experts of the groups in some files, by layer. */
async function readTaken(paths: readonly string[], config: ModelConfig): Promise<ExpertSet> {
  const taken = new Map<number, number[]>();
  for (const path of paths) {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      throw fileError(error, path);
    });
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      throw cliError('invalid_option', `--disjoint-with: ${path} is not JSON`);
    }
    for (const [layer, experts] of parseExpertGroup(json, config, path)) {
      taken.set(layer, [...(taken.get(layer) ?? []), ...experts]);
    }
  }
  return taken;
}
