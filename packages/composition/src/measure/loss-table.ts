import type { Backend } from '@connito/engine';
import { type Checkpoint, ForwardPass, SequenceLosses, type Sequences } from '@connito/model';
import { specialistModel } from '../compose.ts';
import type { Specialist } from '../specialist.ts';
import { averageSpecialists } from './average.ts';

/** Mean losses in nats per token by domain. */
export type DomainLosses = ReadonlyMap<string, number>;

/** Losses of a composition and of all it is compared with: each row of the forgetting matrix, measured on the same sequences. */
export type LossTable = {
  readonly base: DomainLosses;
  readonly composition: DomainLosses;
  readonly average: DomainLosses;
  /** Of the base with one specialist's experts in place, by the specialist's id. */
  readonly alone: ReadonlyMap<string, DomainLosses>;
};

const BATCH = 8;

/** Measures whole models with their native routing; nothing is masked. All sequences have the same length. */
export class Measurer implements AsyncDisposable {
  readonly #backend: Backend;
  readonly #texts: ReadonlyMap<string, Sequences>;
  readonly #signal: AbortSignal | undefined;
  /** By number of experts: models of one composition differ in nothing else. */
  readonly #passes = new Map<number, Promise<ForwardPass>>();

  constructor(backend: Backend, texts: ReadonlyMap<string, Sequences>, signal?: AbortSignal) {
    this.#backend = backend;
    this.#texts = texts;
    this.#signal = signal;
  }

  /** Of all domains, or of some. */
  async losses(
    { config, parameters }: Checkpoint,
    domains?: ReadonlySet<string>,
  ): Promise<Map<string, number>> {
    const losses = new Map<string, number>();
    for (const [domain, sequences] of this.#texts) {
      if (domains !== undefined && !domains.has(domain)) continue;
      const shape = { sequences: BATCH, tokens: sequences.tokens };
      const pass = this.#passes.get(config.experts) ?? ForwardPass.create(this.#backend, config, shape);
      this.#passes.set(config.experts, pass);
      const each = await new SequenceLosses(await pass, sequences, this.#signal).measure(parameters);
      losses.set(domain, each.reduce((sum, loss) => sum + loss, 0) / each.length);
    }
    return losses;
  }

  async table(
    base: Checkpoint,
    specialists: readonly Specialist[],
    composition: Checkpoint,
  ): Promise<LossTable> {
    const alone = new Map<string, DomainLosses>();
    for (const specialist of specialists) {
      alone.set(specialist.id, await this.losses(specialistModel(base, specialist)));
    }
    return {
      base: await this.losses(base),
      composition: await this.losses(composition),
      average: await this.losses(averageSpecialists(base, specialists, 'models')),
      alone,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pass of this.#passes.values()) await (await pass).dispose();
  }
}
