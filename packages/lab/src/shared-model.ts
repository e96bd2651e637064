import { createHash } from 'node:crypto';
import type {
  Change,
  Exam,
  ExamBaseline,
  ExamResult,
  RemoteModelHost,
  TensorOverrides,
  TrainOutcome,
} from '@connito/model';
import { type ModelSession, openModelSession, type RunContext } from '@connito/run';

/** Results kept at most, and those of them that hold whole updates. */
const MAX_RESULTS = 4096;
const MAX_UPDATES = 96;

type State = { readonly key: string; readonly tensors: TensorOverrides };

/**
 * One model host for all roles of a process, each with a state of its own. What a role asks for is a function of its state and
 * its arguments, bit for bit on one build, so equal questions are computed once: four honest validators that measure the same
 * update cost as much as one, and networks that start from the same state share what their honest miners do.
 */
export class SharedModel {
  readonly #session: ModelSession;
  readonly #results = new Map<string, Promise<unknown>>();
  readonly #updates = new Map<string, Promise<TrainOutcome>>();
  #last: Promise<unknown> = Promise.resolve();
  #loaded = '';
  readonly #opened = new Set<string>();

  private constructor(session: ModelSession) {
    this.#session = session;
  }

  /** Loads and checks the run's base model. Fails as `openModelSession` does. */
  static async open(
    context: Pick<RunContext, 'definition' | 'store'>,
    options: { readonly modelFolder: string; readonly threads: number },
  ): Promise<SharedModel> {
    return new SharedModel(await openModelSession(context, options));
  }

  /** A session for one more role. Stopping it leaves the shared host alone. */
  session(): ModelSession {
    return { ...this.#session, host: this.#view(), stop: async () => undefined };
  }

  stop(): Promise<void> {
    return this.#session.stop();
  }

  /** The host as one role sees it. */
  #view(): RemoteModelHost {
    const { host, config } = this.#session;
    let state: State = { key: '', tensors: new Map() };
    const exams = new Map<string, { readonly key: string; readonly exam: Exam }>();
    const sets = new Map<string, string>();
    return {
      open: async () => config,
      baseParameters: (names) => host.baseParameters(names),
      setState: async (replaced) => {
        state = { key: replaced.size === 0 ? '' : keyOf(replaced), tensors: replaced };
        exams.clear();
      },
      measure: (sequences, allowed) => {
        const of = state;
        return this.#once(keyOf(['measure', of.key, sequences, allowed ?? null]), of, () =>
          host.measure(sequences, allowed),
        );
      },
      profile: (sequences) => {
        const of = state;
        return this.#once(keyOf(['profile', of.key, sequences]), of, () => host.profile(sequences));
      },
      train: async (job) => {
        const of = state;
        const key = keyOf(['train', of.key, job]);
        let running = this.#updates.get(key);
        if (running === undefined) {
          running = this.#inTurn(of, () => host.train(job));
          remember(this.#updates, key, running, MAX_UPDATES);
        }
        const { delta, ...rest } = await running;
        // Each caller may do to its update what it likes.
        return {
          ...rest,
          delta: new Map([...delta].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }])),
        };
      },
      openSet: async (set) => {
        const key = keyOf(['set', set]);
        sets.set(set.id, key);
        await this.#once(key, state, () => host.openSet({ ...set, id: key }));
      },
      measureSet: (id, allowed) => {
        const of = state;
        const key = sets.get(id);
        if (key === undefined) throw new RangeError(`set "${id}" is not open`);
        return this.#once(keyOf(['measureSet', of.key, key, allowed ?? null]), of, () =>
          host.measureSet(key, allowed),
        );
      },
      openExam: (exam) => {
        const of = state;
        const key = keyOf(['exam', of.key, exam]);
        exams.set(exam.id, { key, exam });
        return this.#once(key, of, () => this.#openExam(key, exam));
      },
      examine: async (examId, change, rows, futility): Promise<ExamResult> => {
        const of = state;
        const open = exams.get(examId);
        if (open === undefined) throw new RangeError(`exam "${examId}" is not open`);
        const { key, exam } = open;
        return this.#once(keyOf(['examine', key, change, rows, futility]), of, async () => {
          if (!this.#opened.has(key)) await this.#openExam(key, exam);
          return host.examine(key, change as Change, rows, futility);
        });
      },
      closeExam: async (examId) => {
        exams.delete(examId);
      },
    };
  }

  /** Exams are known to the host by their content, so that roles do not close each other's. */
  async #openExam(key: string, exam: Exam): Promise<ExamBaseline> {
    this.#opened.add(key);
    return this.#session.host.openExam({ ...exam, id: key });
  }

  #once<T>(key: string, state: State, work: () => Promise<T>): Promise<T> {
    const known = this.#results.get(key);
    if (known !== undefined) return known as Promise<T>;
    const running = this.#inTurn(state, work);
    remember(this.#results, key, running, MAX_RESULTS);
    return running;
  }

  /** One call after the other, each with its role's state on the host. */
  #inTurn<T>(state: State, work: () => Promise<T>): Promise<T> {
    const running = this.#last.then(async () => {
      if (state.key !== this.#loaded) {
        await this.#session.host.setState(state.tensors);
        this.#loaded = state.key;
        this.#opened.clear();
      }
      return work();
    });
    this.#last = running.catch(() => undefined);
    return running;
  }
}

function remember<T>(results: Map<string, Promise<T>>, key: string, result: Promise<T>, limit: number): void {
  results.set(key, result);
  result.catch(() => results.delete(key));
  const [oldest] = results.keys();
  if (results.size > limit && oldest !== undefined) results.delete(oldest);
}

/** A hash of plain data, typed arrays and maps: equal for equal content. */
function keyOf(value: unknown): string {
  const hash = createHash('sha256');
  const add = (part: unknown): void => {
    if (ArrayBuffer.isView(part)) {
      hash.update(`<${part.constructor.name} ${part.byteLength}>`);
      hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
    } else if (part instanceof Map) {
      hash.update(`<map ${part.size}>`);
      for (const [name, entry] of [...part].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)))
        add([name, entry]);
    } else if (Array.isArray(part)) {
      hash.update(`<list ${part.length}>`);
      for (const entry of part) add(entry);
    } else if (typeof part === 'object' && part !== null) {
      const fields = Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1));
      hash.update(`<fields ${fields.length}>`);
      for (const field of fields) add(field);
    } else hash.update(`<${typeof part} ${String(part)}>`);
  };
  add(value);
  return hash.digest('hex');
}
