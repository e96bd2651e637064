import { honestStrategy } from '@connito/miner';
import { honestValidator } from '@connito/validator';
import type { LabDomains, LabModel } from './lab-run.ts';
import type { MinerBehaviour, ValidatorBehaviour } from './network/behaviour.ts';
import type { Named, Outcome } from './outcome.ts';
import type { Requirement } from './requirements.ts';

export type CastMiner = { readonly as: string; readonly behaviour: MinerBehaviour };
export type CastValidator = { readonly as: string; readonly behaviour: ValidatorBehaviour };

/** The hostile part of a network. */
export type Cast = { readonly miners?: readonly CastMiner[]; readonly validators?: readonly CastValidator[] };

/**
 * One attack as live hostile miners or validators in a network, and what must come of it. A file each in `scenarios/`, listed
 * in its `index.ts`.
 */
export type Scenario = {
  readonly name: string;
  /** What docs/understand/threats.md calls the attack's family. */
  readonly family: 'scoring' | 'copying' | 'integrity' | 'credit' | 'validators';
  /** What the attackers do, in one sentence. */
  readonly attack: string;
  /** Whether it belongs to the quick set. */
  readonly quick: boolean;
  readonly rounds: number;
  /** Default: all miners in one group. */
  readonly domains?: LabDomains;
  /** Default: the foundation. The tiny model where what is learned does not matter to the attack. */
  readonly model?: LabModel;
  readonly honestMiners: number;
  readonly honestValidators: number;
  /** Made anew for each network, because strategies remember. Hostile roles register after the honest ones. */
  readonly cast: () => Cast;
  /**
   * Honest trainings that the hostile miners together pay for in a round. Default: one for each miner. Their pay is compared
   * with that of as many honest miners.
   */
  readonly trainings?: number;
  /** What stops the attack where it is not a reason for a miner's zero. */
  readonly defence?: string;
  /** Besides what must hold in every scenario. */
  readonly must: readonly Requirement[];
  /** Set where an attack is known to work: says how far, and where to read about it. */
  readonly notWithstood?: string;
};

/** The defaults of most scenarios. */
export const USUAL = { quick: false, rounds: 3, honestMiners: 9, honestValidators: 4 } as const;
/** The same on the tiny model. */
export const ON_TINY = { ...USUAL, model: 'tiny' } as const;

export type FullCast = {
  readonly miners: readonly (CastMiner & Named)[];
  readonly validators: readonly (CastValidator & Named)[];
};

/** All roles in the order they register. */
export function fullCast({ honestMiners, honestValidators, cast }: Scenario): FullCast {
  const { miners = [], validators = [] } = cast();
  const honest = <T>(count: number, behaviour: T) =>
    Array.from({ length: count }, () => ({ as: 'honest', hostile: false, behaviour }));
  return {
    miners: [
      ...honest(honestMiners, { strategy: honestStrategy }),
      ...miners.map((miner) => ({ ...miner, hostile: true })),
    ],
    validators: [
      ...honest(honestValidators, { strategy: honestValidator }),
      ...validators.map((validator) => ({ ...validator, hostile: true })),
    ],
  };
}

/**
 * The network an attack is compared with: the same honest miners at the same tasks, the hostile ones registered but doing
 * nothing, and honest validators in place of hostile ones.
 */
export function cleanCast(scenario: Scenario): FullCast {
  const { miners, validators } = fullCast(scenario);
  const absent: MinerBehaviour = { strategy: honestStrategy, phaseOf: () => null };
  return {
    miners: miners.map((miner) => (miner.hostile ? { ...miner, as: 'absent', behaviour: absent } : miner)),
    validators: validators.map(() => ({
      as: 'honest',
      hostile: false,
      behaviour: { strategy: honestValidator },
    })),
  };
}

/** Names a clean network: scenarios with the same name share one. */
export function cleanName(scenario: Scenario): string {
  const { miners, validators } = fullCast(scenario);
  const { domains = 'math', model = 'foundation', honestMiners, rounds } = scenario;
  return `clean-${model === 'foundation' ? '' : `${model}-`}${domains}-${honestMiners}-of-${miners.length}-${validators.length}v-${rounds}r`;
}

/** A scenario's outcome with what it is compared with. */
export type Compared = { readonly scenario: Scenario; readonly outcome: Outcome; readonly clean: Outcome };
