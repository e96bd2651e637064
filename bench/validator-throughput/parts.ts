import { type Backend, floats } from '@connito/engine';
import { ForwardPass } from '@connito/model';
import { type Summary, summarize } from '../support/statistics.ts';
import type { Round } from './round.ts';

const BATCH = 8;
const REPEATS = 21;

/** Times of the parts of one batch's forward pass, interleaved, in milliseconds. */
export async function measureParts(
  round: Round,
  backend: Backend,
): Promise<{ readonly part: string; readonly ms: Summary }[]> {
  const { config, state, sequences, lowestLayer } = round;
  const { tokens, data } = sequences;
  const pass = await ForwardPass.create(backend, config, { sequences: BATCH, tokens });
  const width = tokens + 1;
  const cut = (offset: number): Int32Array => {
    const rows = Array.from({ length: BATCH }, (_, i) => i * width + offset);
    return Int32Array.from(rows.flatMap((start) => [...data.subarray(start, start + tokens)]));
  };
  const inputs = cut(0);
  const targets = cut(1);
  const embedded = pass.embed(state, inputs);
  const below = await pass.layers(state, embedded, 0, lowestLayer);
  const attended = await pass.attend(state, below, lowestLayer);
  const last = await pass.layers(state, attended, lowestLayer, config.layers, { attended: true });
  const parts: Record<string, () => Promise<unknown>> = {
    'layers below the lowest changed one': () => pass.layers(state, embedded, 0, lowestLayer),
    'its attention': () => pass.attend(state, below, lowestLayer),
    'its experts, and all layers above': () =>
      pass.layers(state, attended, lowestLayer, config.layers, { attended: true }),
    'the output head and its losses': () => pass.losses(state, last, targets),
  };
  const times = new Map<string, number[]>(Object.keys(parts).map((part) => [part, []]));
  for (let repeat = -2; repeat < REPEATS; repeat++) {
    for (const [part, run] of Object.entries(parts)) {
      const started = performance.now();
      await run();
      if (repeat >= 0) times.get(part)!.push(performance.now() - started);
    }
  }
  if (!floats(last).every(Number.isFinite)) throw new Error('the state is broken');
  await pass.dispose();
  return [...times].map(([part, ms]) => ({ part, ms: summarize(ms) }));
}
