import { join } from 'node:path';
import { type ExpertSet, loadTokenizer, type Sequences, type Tokenizer } from '@connito/model';
import { type ExpertGroup, expertsOf, pairedDifferences, pairedStatistics } from '@connito/protocol';
import type { RunContext } from './context.ts';
import { hashFile, type ModelSession, openModelSession } from './model-session.ts';
import { type RunState, stateParameters } from './state-loader.ts';
import { type DomainMeasurement, expertDrifts, type StateMeasurement } from './state-measurement.ts';
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
  /** The state after the round, for comparisons with others. */
  readonly state: StateMeasurement;
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
  readonly state: StateMeasurement;
};

export type ReporterOptions = {
  readonly modelFolder: string;
  readonly threads: number;
};

/** What all measurements of one reporter share. */
type Instruments = {
  readonly session: ModelSession;
  /** Domains, whose reporting texts are open sets of the host by the same names. */
  readonly domains: readonly string[];
  readonly groups: readonly ExpertGroup[];
  readonly bytesPerToken: ReadonlyMap<string, number>;
};

/**
 * Measures states on documents that no score, choice or training ever touches: the figures people look at. The general loss
 * is over the untrained domains' reporting texts.
 */
export class Reporter {
  readonly #instruments: Instruments;
  readonly #start: Measured;
  #last: Measured;

  private constructor(instruments: Instruments, start: Measured) {
    this.#instruments = instruments;
    this.#start = start;
    this.#last = start;
  }

  static async create(
    context: Pick<RunContext, 'definition' | 'store'>,
    options: ReporterOptions,
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
    const tokenizer = await runsTokenizer(options.modelFolder, definition.tokenizer);
    const bytesPerToken = new Map(
      tokenizer === null ? [] : [...sets].map(([domain, set]) => [domain, meanBytes(tokenizer, set)]),
    );
    const { groups } = definition;
    const lowestLayer = Math.min(...groups.flatMap(expertsOf).map(({ layer }) => layer));
    for (const [id, sequences] of sets) await session.host.openSet({ id, sequences, lowestLayer });
    const instruments = { session, domains: [...sets.keys()], groups, bytesPerToken };
    return new Reporter(instruments, await measureAll(instruments, session.genesis));
  }

  get session(): ModelSession {
    return this.#instruments.session;
  }

  /** The run's first state. */
  get start(): StateMeasurement {
    return this.#start.state;
  }

  /** Losses of a state against those of the state measured before it. */
  async measure(state: RunState): Promise<LossReport> {
    const { session, domains: reported, groups } = this.#instruments;
    const before = this.#last;
    if (state.hash !== before.state.state) {
      await session.host.setState(stateParameters(state));
      this.#last = await measureAll(this.#instruments, state);
    }
    const after = this.#last;
    const domains = groups.map(({ domain }) => domain);
    const general = reported.filter((domain) => !domains.includes(domain));
    const meanOver = ({ whole }: Measured): number =>
      mean(general.flatMap((domain) => [...whole.get(domain)!]));
    return {
      general: { before: meanOver(before), after: meanOver(after) },
      groups: domains
        .filter((domain) => reported.includes(domain))
        .map((domain) => ({
          domain,
          lossBefore: mean([...before.whole.get(domain)!]),
          lossAfter: mean([...after.whole.get(domain)!]),
          interval: reduction(before, after, domain).interval,
          sinceStart: reduction(this.#start, after, domain),
          subModelGap: subModelGap(before, after, domain),
        })),
      state: after.state,
    };
  }

  stop(): Promise<void> {
    return this.session.stop();
  }
}

/** Measures the state that is loaded. */
async function measureAll(instruments: Instruments, state: RunState): Promise<Measured> {
  const { session, groups, bytesPerToken } = instruments;
  const { host, genesis } = session;
  const whole = new Map<string, Float64Array>();
  const subModel = new Map<string, Float64Array>();
  const domains: DomainMeasurement[] = [];
  for (const domain of instruments.domains) {
    const { losses, load } = await host.measureSet(domain);
    whole.set(domain, losses);
    const group = groups.find((candidate) => candidate.domain === domain);
    const own = group === undefined ? null : (await host.measureSet(domain, expertSetOf(group))).losses;
    if (own !== null) subModel.set(domain, own);
    domains.push({
      domain,
      losses: [...losses],
      subModelLosses: own === null ? null : [...own],
      bytesPerToken: bytesPerToken.get(domain) ?? null,
      load,
    });
  }
  const experts = expertDrifts(groups, genesis, state);
  return { whole, subModel, state: { state: state.hash, domains, experts } };
}

/** The tokenizer in the model's folder, or null where it is not the run's: figures in bytes are for people only. */
async function runsTokenizer(modelFolder: string, expected: string): Promise<Tokenizer | null> {
  const path = join(modelFolder, 'tokenizer.json');
  const found = await hashFile(path).catch(() => null);
  return found === expected ? loadTokenizer(path) : null;
}

/** Mean bytes of text in a target token. */
function meanBytes(tokenizer: Tokenizer, { count, tokens, data }: Sequences): number {
  let bytes = 0;
  for (let row = 0; row < count; row++) {
    // The first token of a row is never a target.
    for (let i = 1; i <= tokens; i++) bytes += tokenizer.bytesOf(data[row * (tokens + 1) + i]!).length;
  }
  return bytes / (count * tokens);
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
