import { readFileSync } from 'node:fs';
import type { Ledger } from '@connito/ledger';
import {
  type ExpertGroupId,
  evaluationSeedBlock,
  expertsOf,
  parseRunDefinition,
  type Reason,
  type RunDefinition,
  roundWindow,
  runIdOf,
  SeededRandom,
  type StateHash,
  taggedHash,
  taggedHashHex,
  utf8,
  WINDOW_NAMES,
  windowOf,
} from '@connito/protocol';
import type { RunContext, StateMeasurement } from '@connito/run';
import type { ArtifactStore } from '@connito/store';
import type { RoundUpdateNorms } from '../live/update-norms.ts';
import type { MinerStory, OutcomeStory, RoundStory } from '../story/round-story.ts';

const EXAMPLE = new URL('../../../protocol/src/fixtures/run-definition.json', import.meta.url);
const START_MS = 1_790_000_000_000;
const BLOCK_MS = 12_000;
const REASONS: readonly Reason[] = ['no_gain', 'duplicate_of', 'no_commitment', 'non_finite_loss', 'futile'];

export function sampleDefinition(): RunDefinition {
  return parseRunDefinition(JSON.parse(readFileSync(EXAMPLE, 'utf8')));
}

/** A context for views that read the archive only. */
export function archiveContext(): RunContext {
  const definition = sampleDefinition();
  const unused = {} as Ledger;
  return { definition, run: runIdOf(definition), ledger: unused, store: {} as ArtifactStore };
}

const hashOf = (...parts: (string | number)[]): string =>
  taggedHashHex('connito/1/test', utf8(parts.join('/')));

export function sampleHotkey(role: string, index: number): string {
  return `5${hashOf(role, index).slice(0, 47)}`;
}

/**
 * Made-up rounds of realistic size for tests and benchmarks of the archive; what they say means nothing. Every seventh
 * round is void, and one miner in five earns nothing.
 */
export function sampleStory(
  definition: RunDefinition,
  round: number,
  size: { readonly miners: number; readonly validators: number },
): RoundStory {
  const { schedule, groups } = definition;
  const random = new SeededRandom(taggedHash('connito/1/test', utf8(`story/${round}`)));
  const { firstBlock, lastBlock } = roundWindow(round, schedule);
  const isVoid = round % 7 === 6;
  const validators = Array.from({ length: size.validators }, (_, uid) => uid);
  const miners = Array.from({ length: size.miners }, (_, i): MinerStory => {
    const uid = size.validators + i;
    const group = groups[i % groups.length]!;
    const paid = random.nextFloat() < 0.8;
    const score = paid ? Math.round(random.nextFloat() * 4e7) + 1 : 0;
    const reason = paid ? (isVoid ? 'void_round' : null) : REASONS[random.nextBelow(REASONS.length)]!;
    const document = hashOf('reveal', round, i);
    return {
      uid,
      hotkey: sampleHotkey('miner', i),
      group: group.id,
      domain: group.domain,
      scoreNanoNats: score,
      reason,
      detail: paid ? null : 'A sentence that belongs to the reason.',
      lowerNanoNats: score - 1_000_000,
      upperNanoNats: score + 5_000_000,
      marginalNanoNats: paid ? Math.round(score / 3) : null,
      creditShare: 1 / size.miners,
      mergeWeight: paid ? groups.length / size.miners : 0,
      incentive: paid ? Math.round(1e9 / size.miners) : 0,
      bytesSent: 4_000_000 + i,
      commit: { block: firstBlock + 2, index: i, commitment: hashOf('commit', round, i) },
      reveal: { block: firstBlock + 3, index: i, document },
      outcomes: validators.map(
        (validator): OutcomeStory => ({
          validator,
          kind: 'scored',
          reason: null,
          why: null,
          sequences: 32,
          meanNanoNats: score + 2_000_000,
          lowerNanoNats: score,
          upperNanoNats: score + 5_000_000,
          generalRiseNanoNats: random.nextBelow(1_000_000),
          worstRiseNanoNats: random.nextBelow(3_000_000),
          chargeNanoNats: 0,
          scoreNanoNats: score,
          copyOf: null,
        }),
      ),
    };
  });
  const state = stateOf(isVoid ? round - 1 : round);
  return {
    round,
    outcome: isVoid ? 'void' : 'canonical',
    state,
    parent: stateOf((round - 1) % 7 === 6 ? round - 2 : round - 1),
    agreed: !isVoid,
    firstBlock,
    lastBlock,
    seed: { block: evaluationSeedBlock(round, schedule), hash: hashOf('seed', round) },
    windows: WINDOW_NAMES.map((name) => {
      const window = windowOf(round, name, schedule);
      const at = (block: number): number => START_MS + block * BLOCK_MS;
      return { name, ...window, startedAtMs: at(window.firstBlock - 1), endedAtMs: at(window.lastBlock) };
    }),
    groups: groups.map(({ id, domain }) => ({
      group: id,
      domain,
      mergedUpdates: 4,
      scale: 1,
      votes: validators.map((validator) => ({ validator, scale: '1', measured: [] })),
    })),
    miners,
    validators: validators.map((uid) => ({
      uid,
      hotkey: sampleHotkey('validator', uid),
      stake: '1000',
      dividends: Math.round(1e9 / size.validators),
      report: {
        status: 'in_time',
        place: { block: firstBlock + 5, index: uid },
        document: hashOf('report', round, uid),
        blocksUsed: 2,
      },
      attest: { block: firstBlock + 6, index: uid },
      vote: { block: firstBlock + 7, index: uid, mergeReport: hashOf('merge', round, uid) },
      state: { block: firstBlock + 8, index: uid, state, document: hashOf('state document', round, uid) },
      agreement: { judged: size.miners, same: size.miners, meanDeviationNanoNats: 1000 * uid },
      sequencesMeasured: 40 * size.miners,
    })),
  };
}

function stateOf(round: number): string {
  return hashOf('state', round);
}

function sampleLosses(beforeRound: number, domain: number): number[] {
  return Array.from({ length: 24 }, (_, j) => 3 + domain + j / 100 - Math.log1p(beforeRound) / (20 + j));
}

/** A measurement in which every domain's loss falls slowly. */
export function sampleMeasurement(definition: RunDefinition, beforeRound: number): StateMeasurement {
  const { numHiddenLayers, numExperts } = definition.baseModel.architecture;
  const domains = [...new Set(definition.groups.map(({ domain }) => domain)), 'general'];
  return {
    state: stateOf(beforeRound - 1) as StateHash,
    domains: domains.map((domain, d) => ({
      domain,
      losses: sampleLosses(beforeRound, d),
      subModelLosses: domain === 'general' ? null : sampleLosses(2 * beforeRound, d),
      bytesPerToken: 3.5,
      load: Array.from({ length: numHiddenLayers }, () =>
        Array.from(
          { length: numExperts },
          (_, e) => (2 * (e + 1 + d)) / (numExperts * (numExperts + 1 + 2 * d)),
        ),
      ),
    })),
    experts: definition.groups.flatMap(({ id, experts }) =>
      Object.entries(experts).flatMap(([layer, numbers]) =>
        numbers.map((expert) => ({
          group: id as ExpertGroupId,
          layer: Number(layer),
          expert,
          sinceBase: Math.log1p(beforeRound) / 50,
        })),
      ),
    ),
  };
}

/** Norms of a round's updates, growing with the miner's number. */
export function sampleUpdateNorms(
  definition: RunDefinition,
  round: number,
  miners: number,
): RoundUpdateNorms {
  const updates = Array.from({ length: miners }, (_, i) => {
    const group = definition.groups[i % definition.groups.length]!;
    const experts = expertsOf(group).map((place) => ({ ...place, norm: (1 + i) / 100 }));
    const norm = Math.sqrt(experts.reduce((sum, expert) => sum + expert.norm ** 2, 0));
    return { uid: i, hotkey: sampleHotkey('miner', i), group: group.id, norm, experts };
  });
  return { round, opened: miners, updates };
}
