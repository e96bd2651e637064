import type { ServingAnswer } from '../api/schemas/serving.ts';
import type { LiveSource } from './health.ts';

/** A server of models as it last described itself. */
export function servingView({ serving }: LiveSource): ServingAnswer {
  const last = serving?.last ?? null;
  const empty = { url: null, windowSeconds: null, models: [], requests: [] };
  return { configured: serving !== null, readAtMs: last?.atMs ?? null, ...(last?.value ?? empty) };
}
