import type { RunId } from '../brand.ts';
import { decodeCanonical, encodeCanonical } from '../encoding/canonical-json.ts';
import { taggedHashHex } from '../encoding/hash.ts';
import { protocolError } from '../errors.ts';
import { contradictionsIn } from './contradictions.ts';
import { type RunDefinition, runDefinitionSchema } from './run-definition.ts';

/** A definition with 64 groups of 48 layers stays well below a tenth of this. */
const MAX_RUN_DEFINITION_BYTES = 8 << 20;
const MAX_FAULTS_SHOWN = 20;

/** Checks a run definition's shape and that its parts agree. Fails with `invalid_run_definition`, naming every fault. */
export function parseRunDefinition(value: unknown): RunDefinition {
  const parsed = runDefinitionSchema.safeParse(value);
  if (!parsed.success) {
    throw refuse(
      parsed.error.issues.map((issue) => `${issue.path.join('.') || 'run definition'}: ${issue.message}.`),
    );
  }
  const contradictions = contradictionsIn(parsed.data);
  if (contradictions.length > 0) throw refuse(contradictions);
  return parsed.data;
}

/** Reads a run definition from its canonical bytes. Fails with `not_canonical_bytes` or `invalid_run_definition`. */
export function decodeRunDefinition(bytes: Uint8Array): RunDefinition {
  return parseRunDefinition(decodeCanonical(bytes, { maxBytes: MAX_RUN_DEFINITION_BYTES }));
}

/** The canonical bytes a run definition is stored, signed and hashed as. */
export function encodeRunDefinition(definition: RunDefinition): Uint8Array {
  return encodeCanonical(definition);
}

/** Names the run, and separates its hashes from every other run's. */
export function runIdOf(definition: RunDefinition): RunId {
  return taggedHashHex('connito/1/run', encodeRunDefinition(definition)) as RunId;
}

function refuse(faults: readonly string[]) {
  const shown = faults.slice(0, MAX_FAULTS_SHOWN);
  if (faults.length > shown.length) shown.push(`… and ${faults.length - shown.length} more.`);
  const message = `The run definition has ${faults.length} fault(s):\n  ${shown.join('\n  ')}`;
  return protocolError('invalid_run_definition', message, {
    faults: faults.length,
    first: faults[0] ?? null,
  });
}
