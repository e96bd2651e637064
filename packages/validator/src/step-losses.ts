import type { ExamRows } from '@connito/model';
import type { ExpertGroupId, TensorMap } from '@connito/protocol';
import { type ModelSession, type RunContext, type RunState, stateParameters, stepGroups } from '@connito/run';
import type { DrawnExam } from './exams.ts';

/** Losses of one stepped model on an open exam. Groups share sequences: each is measured once, whoever asks first. */
export class StepLosses {
  readonly #session: Pick<ModelSession, 'host'>;
  readonly #exam: string;
  readonly #tensors: TensorMap;
  readonly #losses = new Map<number, number>();

  private constructor(session: Pick<ModelSession, 'host'>, exam: string, tensors: TensorMap) {
    this.#session = session;
    this.#exam = exam;
    this.#tensors = tensors;
  }

  /** Of the model after every group's outer step from `state`, at the scale given for it, or null for no step. */
  static after(
    context: Pick<RunContext, 'definition'>,
    session: Pick<ModelSession, 'host'>,
    drawn: DrawnExam,
    step: {
      readonly state: RunState;
      readonly merged: ReadonlyMap<ExpertGroupId, TensorMap>;
      readonly scaleOf: (group: ExpertGroupId) => string | null;
    },
  ): StepLosses {
    const { state, merged, scaleOf } = step;
    const groups = stepGroups(context, state, merged, scaleOf);
    return new StepLosses(session, drawn.exam.id, stateParameters({ hash: state.hash, groups }));
  }

  /** Of the same model with other parameters for some tensors. */
  replacing(parameters: TensorMap): StepLosses {
    return new StepLosses(this.#session, this.#exam, new Map([...this.#tensors, ...parameters]));
  }

  /** Nats per token of the exam's sequences `rows`, in that order; null where a loss among them is not finite. */
  async of(rows: readonly number[]): Promise<Float64Array | null> {
    const missing = rows.filter((row) => !this.#losses.has(row));
    if (missing.length > 0) {
      const change = { kind: 'replace', tensors: this.#tensors } as const;
      const asked: ExamRows = { domain: missing, general: [] };
      const measured = await this.#session.host.examine(this.#exam, change, asked, null);
      if (measured.kind !== 'complete') return null;
      missing.forEach((row, i) => {
        this.#losses.set(row, measured.domainAfter[i]!);
      });
    }
    return Float64Array.from(rows, (row) => this.#losses.get(row)!);
  }
}
