import type { Sequences } from '@connito/model';
import { pairedDifferences, pairedStatistics } from '@connito/protocol';
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
    readonly sinceStart: { readonly reduction: number; readonly interval: readonly [number, number] };
  }[];
};

/** Sequences measured of each reporting source. */
const SEQUENCES_PER_SOURCE = 24;
/** A two-sided 95 % interval leaves 2.5 % on each side. */
const TAIL = 0.025;

type Measured = ReadonlyMap<string, Float64Array>;

/**
 * Measures states on documents that no score, choice or training ever touches: the figures people look at. The general loss
 * is over the untrained domains' reporting texts.
 */
export class Reporter {
  readonly #session: ModelSession;
  readonly #sets: ReadonlyMap<string, Sequences>;
  readonly #domains: readonly string[];
  readonly #start: Measured;
  #last: { readonly state: string; readonly losses: Measured };

  private constructor(
    session: ModelSession,
    sets: ReadonlyMap<string, Sequences>,
    domains: readonly string[],
    start: Measured,
  ) {
    this.#session = session;
    this.#sets = sets;
    this.#domains = domains;
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
    const domains = definition.groups.map(({ domain }) => domain);
    const start = await measureAll(session, sets);
    return new Reporter(session, sets, domains, start);
  }

  get session(): ModelSession {
    return this.#session;
  }

  /** Losses of a state against those of the state measured before it. */
  async measure(state: RunState): Promise<LossReport> {
    const before = this.#last.losses;
    if (state.hash !== this.#last.state) {
      await this.#session.host.setState(stateParameters(state));
      this.#last = { state: state.hash, losses: await measureAll(this.#session, this.#sets) };
    }
    const after = this.#last.losses;
    const general = [...this.#sets.keys()].filter((domain) => !this.#domains.includes(domain));
    const meanOver = (losses: Measured): number =>
      mean(general.flatMap((domain) => [...losses.get(domain)!]));
    return {
      general: { before: meanOver(before), after: meanOver(after) },
      groups: this.#domains
        .filter((domain) => this.#sets.has(domain))
        .map((domain) => ({
          domain,
          lossBefore: mean([...before.get(domain)!]),
          lossAfter: mean([...after.get(domain)!]),
          interval: reduction(before, after, domain).interval,
          sinceStart: reduction(this.#start, after, domain),
        })),
    };
  }

  stop(): Promise<void> {
    return this.#session.stop();
  }
}

async function measureAll(session: ModelSession, sets: ReadonlyMap<string, Sequences>): Promise<Measured> {
  const losses = new Map<string, Float64Array>();
  for (const [domain, sequences] of sets) losses.set(domain, await session.host.measure(sequences));
  return losses;
}

function reduction(
  before: Measured,
  after: Measured,
  domain: string,
): { readonly reduction: number; readonly interval: readonly [number, number] } {
  const differences = pairedDifferences(before.get(domain)!, after.get(domain)!);
  const { mean: value, lower, upper } = pairedStatistics(differences, TAIL);
  return { reduction: value, interval: [lower, upper] };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
