import type { Backend } from '@connito/engine';
import { ForwardPass, SequenceLosses, type SharedPrefix } from '@connito/model';
import { isFutile } from '@connito/protocol';
import type { Candidate, Round } from './round.ts';

/** Sequences in a batch, as `ModelHost` has it. */
const BATCH = 8;

/** Losses after each candidate, in the order given: domain, then general. A stopped candidate has fewer. */
type Losses = number[][];
type Variant = (round: Round, candidates: readonly Candidate[], backend: Backend) => Promise<Losses>;

type Sharing = {
  /** The losses before any update: for each candidate anew, once a group, or once for all groups. */
  readonly baselines: 'candidate' | 'group' | 'round';
  /** Hidden states below the experts of the lowest layer that a candidate may change. */
  readonly prefix: boolean;
  readonly futility: boolean;
};

/** From no sharing to what a validator does; each step adds one thing. */
export const VARIANTS: ReadonlyMap<string, Variant> = new Map([
  ['every candidate by itself', variant({ baselines: 'candidate', prefix: false, futility: false })],
  ['baselines once a group', variant({ baselines: 'group', prefix: false, futility: false })],
  [
    'baselines and general sequences once a round',
    variant({ baselines: 'round', prefix: false, futility: false }),
  ],
  ['frozen prefix once a round', variant({ baselines: 'round', prefix: true, futility: false })],
  ['stop for futility', variant({ baselines: 'round', prefix: true, futility: true })],
]);

const passes = new WeakMap<Round, Promise<ForwardPass>>();

function passOf(round: Round, backend: Backend): Promise<ForwardPass> {
  let pass = passes.get(round);
  if (pass === undefined) {
    const { tokens } = round.sequences;
    pass = ForwardPass.create(backend, round.config, { sequences: BATCH, tokens });
    passes.set(round, pass);
  }
  return pass;
}

function variant({ baselines, prefix: shares, futility }: Sharing): Variant {
  return async (round, candidates, backend) => {
    const { scoring } = round.definition;
    const losses = new SequenceLosses(await passOf(round, backend), round.sequences);
    const all = Array.from({ length: round.sequences.count }, (_, row) => row);
    let shared: { prefix: SharedPrefix } | Record<string, never> = {};
    if (shares) shared = { prefix: await losses.prefix(round.state, round.lowestLayer) };

    // Below the lowest changed layer the state is the base model, so the base resumes from the same prefix.
    const before = async (rows: readonly number[], general: readonly number[]): Promise<Float64Array> => {
      const own = await losses.measure(round.state, { rows, ...shared });
      await losses.measure(round.base, { rows: general, ...shared });
      return own;
    };
    const known = new Map<string, Float64Array>();
    if (baselines === 'round') {
      const general = [...new Set([...round.rows.values()].flatMap((rows) => rows.general))];
      const own = await before(all, general);
      for (const [group, { domain }] of round.rows) {
        known.set(
          group,
          Float64Array.from(domain, (row) => own[row]!),
        );
      }
    }
    const results: Losses = [];
    for (const { group, parameters } of candidates) {
      const { domain, general } = round.rows.get(group)!;
      if (baselines === 'candidate' || !known.has(group)) {
        known.set(group, (await before([...domain, ...general], general)).subarray(0, domain.length));
      }
      const from = known.get(group)!;
      const stopAfter = (soFar: Float64Array): boolean => {
        if (!futility || soFar.length < scoring.futilityAfter) return false;
        const differences = soFar.map((after, i) => from[i]! - after);
        return isFutile(differences, domain.length, Number(scoring.falseRewardRate));
      };
      const domainAfter = await losses.measure(parameters, { rows: domain, stopAfter, ...shared });
      const complete = domainAfter.length === domain.length;
      const generalAfter = complete ? await losses.measure(parameters, { rows: general, ...shared }) : [];
      results.push([...domainAfter, ...generalAfter]);
    }
    return results;
  };
}
