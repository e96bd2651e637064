import type { Neuron } from '@connito/ledger';
import {
  type DuplicateVerdict,
  evaluationSeedBlock,
  pairedDifferences,
  type Report,
} from '@connito/protocol';
import type { OpenedReveal } from '@connito/run';
import { DuplicateCheck, duplicateVerdict, type RevealHistory } from '@connito/validator';
import type { RoundView } from '../round-view.ts';

type ValidReveal = Extract<OpenedReveal, { kind: 'valid' }>;
type Group = { readonly check: DuplicateCheck; readonly isWhole: boolean };

/** Similarities are computed from losses in nats, reports carry them rounded: what that moves is far below this. */
const ROUNDING_MILLIONTHS = 100;

/** Sketches a round's updates once, and finds copies anew for each report, with the fingerprints its own losses give. */
export class DuplicateReplay {
  readonly #groups: ReadonlyMap<string, Group>;

  private constructor(groups: ReadonlyMap<string, Group>) {
    this.#groups = groups;
  }

  static async create(
    { context, facts, base, reveals }: Pick<RoundView, 'context' | 'facts' | 'base' | 'reveals'>,
    history: RevealHistory,
    signal: AbortSignal,
  ): Promise<DuplicateReplay> {
    const { definition, ledger } = context;
    const { hash } = await ledger.block(evaluationSeedBlock(facts.round, definition.schedule));
    const draw = { round: facts.round, blockHash: hash };
    const past = await history.before(facts.round, signal);
    const groups = new Map<string, Group>();
    for (const group of definition.groups) {
      const own = reveals.filter((reveal) => reveal.group === group.id);
      const valid = own.filter((reveal): reveal is ValidReveal => reveal.kind === 'valid');
      const isWhole = own.every(({ kind }) => kind !== 'missing');
      if (valid.length > 0) {
        groups.set(group.id, { check: new DuplicateCheck(context, group, base, draw, valid, past), isWhole });
      }
    }
    return new DuplicateReplay(groups);
  }

  check({ notebook }: RoundView, validator: Neuron, report: Report): void {
    for (const baseline of report.baselines) {
      const group = this.#groups.get(baseline.group);
      const outcomes = report.outcomes.filter((outcome) => outcome.group === baseline.group);
      // A validator that saw fewer bytes than the record has, or more, compared other updates with each other.
      const sawAll = outcomes.every(
        ({ kind, reason }) => kind !== 'abstained' || reason === 'validator_abstained',
      );
      if (group === undefined || !group.isWhole || !sawAll) continue;
      const scored = outcomes.filter((outcome) => outcome.kind === 'scored');
      const before = Float64Array.from(baseline.domainBefore);
      const found = group.check.find(
        new Map(
          scored.map(({ uid, domainAfter }) => [
            uid,
            pairedDifferences(before, Float64Array.from(domainAfter)),
          ]),
        ),
      );
      for (const { uid, duplicate } of scored) {
        const expected = duplicateVerdict(found.get(uid));
        if (agree(expected, duplicate)) continue;
        notebook.compares(
          validator,
          { artefact: `report of uid ${validator.uid}`, field: `outcomes.${uid}.duplicate` },
          expected,
          duplicate,
        );
      }
    }
  }
}

/** Whether two verdicts name the same original, and similarities that rounding explains. */
function agree(expected: DuplicateVerdict | null, found: DuplicateVerdict | null): boolean {
  if (expected === null || found === null) return expected === found;
  const stated = new Map<string, unknown>(Object.entries(found));
  return Object.entries(expected).every(([field, value]) => {
    const other = stated.get(field);
    return field.endsWith('Millionths')
      ? Math.abs(Number(value) - Number(other)) <= ROUNDING_MILLIONTHS
      : value === other;
  });
}
