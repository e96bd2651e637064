import type { Neuron } from '@connito/ledger';
import type { ArtifactHash } from '@connito/protocol';
import type { Difference, Finding } from './difference.ts';

type Place = { readonly artefact: string; readonly field: string };
type Found = Place & { readonly expected: unknown; readonly found: unknown };

/** Collects what a round's checks come to, and knows artifacts by what they are. */
export class RoundNotebook {
  readonly round: number | null;
  readonly differences: Difference[] = [];
  readonly findings: Finding[] = [];
  readonly #labels = new Map<ArtifactHash, string>();

  constructor(round: number | null) {
    this.round = round;
  }

  name(hash: ArtifactHash, label: string): void {
    if (!this.#labels.has(hash)) this.#labels.set(hash, label);
  }

  labelOf(hash: ArtifactHash): string {
    return this.#labels.get(hash) ?? `artifact ${hash}`;
  }

  differs({ artefact, field, expected, found }: Found): void {
    this.differences.push({
      ...{ round: this.round, artefact, field },
      ...{ expected: String(expected), found: String(found) },
    });
  }

  missing(hash: ArtifactHash): void {
    this.differs({ artefact: this.labelOf(hash), field: 'bytes', expected: hash, found: 'missing' });
  }

  corrupt(artifacts: readonly (readonly [ArtifactHash, string])[]): void {
    for (const [hash, actual] of artifacts) {
      this.differs({ artefact: this.labelOf(hash), field: 'sha256', expected: hash, found: actual });
    }
  }

  finds({ uid, hotkey }: Pick<Neuron, 'uid' | 'hotkey'>, { artefact, field, expected, found }: Found): void {
    this.findings.push({
      ...{ round: this.round ?? 0, validator: { uid, hotkey }, artefact, field },
      ...{ expected: String(expected), found: String(found) },
    });
  }

  /** Compares two values and finds a validator wrong where they are not the same. */
  compares(validator: Pick<Neuron, 'uid' | 'hotkey'>, place: Place, expected: unknown, found: unknown): void {
    const [ours, theirs] = [JSON.stringify(expected), JSON.stringify(found)];
    if (ours !== theirs) this.finds(validator, { ...place, expected: ours, found: theirs });
  }
}
