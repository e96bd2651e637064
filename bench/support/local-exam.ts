import type { ExamBaseline } from '@connito/model';
import {
  type AcceptedUpdate,
  type ExpertGroup,
  type ExpertGroupId,
  type GroupMerge,
  runIdOf,
  type Score,
  scoreUpdate,
  type TensorMap,
  taggedHashHex,
  utf8,
} from '@connito/protocol';
import { mergedDeltas } from '@connito/run';
import { type DrawnExam, drawExam, groupBaseline, leaveOneOut } from '@connito/validator';
import type { LocalRun } from './local-run.ts';

/** A validator's exam on the current state of a local run: its draw, its baselines, its score and its leave-one-out. */
export class LocalExam {
  readonly #run: LocalRun;
  readonly #drawn: DrawnExam;
  readonly #before: ExamBaseline;

  private constructor(run: LocalRun, drawn: DrawnExam, before: ExamBaseline) {
    this.#run = run;
    this.#drawn = drawn;
    this.#before = before;
  }

  /** `label` takes the place of a block hash: other labels draw other documents. Close it before opening another. */
  static async open(run: LocalRun, label: string): Promise<LocalExam> {
    const { definition, sources, session, round } = run;
    const context = { definition, run: runIdOf(definition) };
    const blockHash = taggedHashHex('connito/1/bench-exam', utf8(label));
    const draw = { round, blockHash, purpose: 'score' } as const;
    const drawn = await drawExam(context, sources, definition.groups, draw);
    return new LocalExam(run, drawn, await session.host.openExam(drawn.exam));
  }

  /** Measured in full, without an early stop. */
  async score({ id }: ExpertGroup, delta: TensorMap): Promise<Score> {
    const { session, definition } = this.#run;
    const change = { kind: 'delta', tensors: delta } as const;
    const result = await session.host.examine(this.#drawn.exam.id, change, this.#drawn.rows.get(id)!, null);
    if (result.kind !== 'complete') return { kind: 'invalid', reason: 'non_finite_loss' };
    const baseline = groupBaseline(this.#drawn, this.#before, id);
    const { domainAfter, generalAfter } = result;
    return scoreUpdate({ ...baseline, domainAfter, generalAfter }, definition.scoring);
  }

  /** What each update contributes to a whole step of one group, the others standing still. */
  async leaveOneOut(
    { id }: ExpertGroup,
    accepted: readonly AcceptedUpdate[],
  ): Promise<GroupMerge['leaveOneOut']> {
    const { definition, session, state } = this.#run;
    const updates = new Map<ExpertGroupId, readonly AcceptedUpdate[]>([[id, accepted]]);
    const merged = mergedDeltas({ definition }, state, updates);
    const voted = { state, updates, merged, votes: new Map([[id, 0]]) };
    const contributions = await leaveOneOut({ definition }, session, this.#drawn, null, voted);
    return contributions.get(id) ?? [];
  }

  async close(): Promise<void> {
    await this.#run.session.host.closeExam(this.#drawn.exam.id);
  }
}
