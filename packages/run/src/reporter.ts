import type { ExpertSet, Sequences } from '@connito/model';
import { type ExpertGroup, pairedDifferences, pairedStatistics } from '@connito/protocol';
import type { RunContext } from './context.ts';
import { type ModelSession, openModelSession } from './model-session.ts';
import { type RunState, stateParameters } from './state-loader.ts';
import { pickAcross, sourceOf, TokenSources } from './token-sources.ts';

/** Losses in nats per token on the fixed reporting set, before and after one round. */
export type LossReport = {
  readonly general: { readonly before: number; readonly after: number };
  readonly groups: readonly {
    readonly domain: string;
    readonly lossBefore: number;
    readonly lossAfter: number;
    /** 95 % paired interval of the loss reduction since the round before. */
    readonly interval: readonly [number, number];
    /** The same since the run's first state. */
    readonly sinceStart: Reduction;
    readonly subModelGap: SubModelGap;
  }[];
};

export type Reduction = { readonly reduction: number; readonly interval: readonly [number, number] };

/**
 * What the round would have seemed to give if it were measured on a sub-model: the model in which routers may choose only the
 * group's experts, in the layers where the group has any. Nothing is ever paid by it.
 */
export type SubModelGap = {
  /** Loss reduction of the sub-model. */
  readonly reduction: number;
  /** That less the reduction of the whole model: positive where the sub-model flatters the round. */
  readonly gap: number;
  /** 95 % paired interval of the gap. */
  readonly interval: readonly [number, number];
};

/** Sequences measured of each reporting source. */
const SEQUENCES_PER_SOURCE = 24;
/** A two-sided 95 % interval leaves 2.5 % on each side. */
const TAIL = 0.025;

/** Losses of each domain's sequences: of the whole model, and of the sub-model of the domain's group. */
type Measured = {
  readonly whole: ReadonlyMap<string, Float64Array>;
  readonly subModel: ReadonlyMap<string, Float64Array>;
};

/**
 * Measures states on documents that no score, choice or training ever touches: the figures people look at. The general loss
 * is over the untrained domains' reporting texts.
 */
export class Reporter {
  readonly #session: ModelSession;
  readonly #sets: ReadonlyMap<string, Sequences>;
  readonly #groups: readonly ExpertGroup[];
  readonly #start: Measured;
  #last: { readonly state: string; readonly losses: Measured };

  private constructor(
    session: ModelSession,
    sets: ReadonlyMap<string, Sequences>,
    groups: readonly ExpertGroup[],
    start: Measured,
  ) {
    this.#session = session;
    this.#sets = sets;
    this.#groups = groups;
    this.#start = start;
    this.#last = { state: session.genesis.hash, losses: start };
  }

  static async create(
    context: Pick<RunContext, 'definition' | 'store'>,
    options: { readonly modelFolder: string; readonly threads: number },
  ): Promise<Reporter> {
    const { definition } = context;
    const session = await openModelSession(context, options);
    const sources = new TokenSources(context);
    const sets = new Map<string, Sequences>();
    for (const id of definition.reportingSources ?? []) {
      const pool = await sources.pool(id);
      const count = Math.min(SEQUENCES_PER_SOURCE, pool.count);
      const rows = Array.from({ length: count }, (_, i) => ({
        pool,
        row: Math.floor((i * pool.count) / count),
      }));
      sets.set(sourceOf(definition, id).domain, pickAcross(pool.tokens, rows));
    }
    const start = await measureAll(session, sets, definition.groups);
    return new Reporter(session, sets, definition.groups, start);
  }

  get session(): ModelSession {
    return this.#session;
  }

  /** Losses of a state against those of the state measured before it. */
  async measure(state: RunState): Promise<LossReport> {
    const before = this.#last.losses;
    if (state.hash !== this.#last.state) {
      await this.#session.host.setState(stateParameters(state));
      this.#last = { state: state.hash, losses: await measureAll(this.#session, this.#sets, this.#groups) };
    }
    const after = this.#last.losses;
    const domains = this.#groups.map(({ domain }) => domain);
    const general = [...this.#sets.keys()].filter((domain) => !domains.includes(domain));
    const meanOver = ({ whole }: Measured): number =>
      mean(general.flatMap((domain) => [...whole.get(domain)!]));
    return {
      general: { before: meanOver(before), after: meanOver(after) },
      groups: domains
        .filter((domain) => this.#sets.has(domain))
        .map((domain) => ({
          domain,
          lossBefore: mean([...before.whole.get(domain)!]),
          lossAfter: mean([...after.whole.get(domain)!]),
          interval: reduction(before, after, domain).interval,
          sinceStart: reduction(this.#start, after, domain),
          subModelGap: subModelGap(before, after, domain),
        })),
    };
  }

  stop(): Promise<void> {
    return this.#session.stop();
  }
}

async function measureAll(
  { host }: ModelSession,
  sets: ReadonlyMap<string, Sequences>,
  groups: readonly ExpertGroup[],
): Promise<Measured> {
  const whole = new Map<string, Float64Array>();
  const subModel = new Map<string, Float64Array>();
  for (const [domain, sequences] of sets) {
    whole.set(domain, await host.measure(sequences));
    const group = groups.find((candidate) => candidate.domain === domain);
    if (group !== undefined) subModel.set(domain, await host.measure(sequences, expertSetOf(group)));
  }
  return { whole, subModel };
}

function expertSetOf({ experts }: ExpertGroup): ExpertSet {
  return new Map(Object.entries(experts).map(([layer, numbers]) => [Number(layer), numbers]));
}

function reduction(before: Measured, after: Measured, domain: string): Reduction {
  const differences = pairedDifferences(before.whole.get(domain)!, after.whole.get(domain)!);
  const { mean: value, lower, upper } = pairedStatistics(differences, TAIL);
  return { reduction: value, interval: [lower, upper] };
}

function subModelGap(before: Measured, after: Measured, domain: string): SubModelGap {
  const whole = pairedDifferences(before.whole.get(domain)!, after.whole.get(domain)!);
  const own = pairedDifferences(before.subModel.get(domain)!, after.subModel.get(domain)!);
  const { mean: gap, lower, upper } = pairedStatistics(pairedDifferences(own, whole), TAIL);
  return { reduction: mean([...own]), gap, interval: [lower, upper] };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
