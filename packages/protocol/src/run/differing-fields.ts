import type { CanonicalValue } from '../encoding/canonical-json.ts';

/**
 * Dotted paths at which two documents differ, sorted. Array entries that all carry an `id` are matched by it
 * (`groups.law.emissionShare`), others by position (`merge.scales.2`). A missing field differs as a whole.
 */
export function differingFields(a: CanonicalValue, b: CanonicalValue): string[] {
  const paths: string[] = [];
  collect(a, b, '', paths);
  return paths.sort();
}

function collect(
  a: CanonicalValue | undefined,
  b: CanonicalValue | undefined,
  path: string,
  paths: string[],
): void {
  if (a === b) return;
  const left = fieldsOf(a);
  const right = fieldsOf(b);
  if (left === null || right === null || left.kind !== right.kind) {
    paths.push(path === '' ? '$' : path);
    return;
  }
  for (const key of new Set([...left.fields.keys(), ...right.fields.keys()])) {
    collect(left.fields.get(key), right.fields.get(key), path === '' ? key : `${path}.${key}`, paths);
  }
}

type Fields = { readonly kind: 'array' | 'object'; readonly fields: ReadonlyMap<string, CanonicalValue> };

function fieldsOf(value: CanonicalValue | undefined): Fields | null {
  if (value === undefined || value === null || typeof value !== 'object') return null;
  if (!isArray(value)) return { kind: 'object', fields: new Map(Object.entries(value)) };
  const ids = value.map(idOf);
  const identified = ids.every((id) => id !== null) && new Set(ids).size === ids.length;
  return {
    kind: 'array',
    fields: new Map(value.map((item, i) => [(identified && ids[i]) || String(i), item])),
  };
}

function idOf(value: CanonicalValue): string | null {
  if (value === null || typeof value !== 'object' || isArray(value)) return null;
  const id = value.id;
  return typeof id === 'string' ? id : null;
}

function isArray(value: CanonicalValue): value is readonly CanonicalValue[] {
  return Array.isArray(value);
}
