import { submissionOf } from '@connito/protocol';
import type { RoundView } from '../round-view.ts';

/** Finds validators that attested to hold reveals that no honest one finds valid. */
export function checkAttestations({ context, facts, notes, reveals, notebook }: RoundView): void {
  const { schedule } = context.definition;
  const invalid = new Map(
    reveals.flatMap((reveal) => (reveal.kind === 'invalid' ? [[reveal.uid, reveal.reason]] : [])),
  );
  for (const validator of facts.validators) {
    const note = submissionOf(notes, validator.hotkey, 'attest', facts.round, schedule);
    if (note.kind !== 'submitted') continue;
    for (const uid of note.note.reveals) {
      const reason = invalid.get(uid);
      if (reason === undefined) continue;
      notebook.finds(validator, {
        artefact: `attestation of uid ${validator.uid}`,
        field: `reveals.${uid}`,
        expected: reason,
        found: 'held and valid',
      });
    }
  }
}
