import type { Checkpoint, Domain, Sequences } from '@connito/model';
import type { Setting } from './setting.ts';

/** Sequences of two halves from two domains, and the domain of each half. */
export type MixedText = {
  readonly sequences: Sequences;
  readonly halves: readonly (readonly [Domain, Domain])[];
};

/** The first half of each sequence of one domain, followed by the first half of one of the next domain. */
export function mixedText(texts: ReadonlyMap<Domain, Sequences>, count: number): MixedText {
  const domains = [...texts.keys()];
  const { tokens } = texts.get(domains[0]!)!;
  const width = tokens + 1;
  const half = tokens >> 1;
  const data = new Int32Array(count * width);
  const halves: [Domain, Domain][] = [];
  for (let i = 0; i < count; i++) {
    const first = domains[i % domains.length]!;
    const second =
      domains[(i + 1 + (Math.floor(i / domains.length) % (domains.length - 1))) % domains.length]!;
    const row = Math.floor(i / domains.length);
    const rowOf = (domain: Domain) => {
      const { data: all, count: available } = texts.get(domain)!;
      const at = (row % available) * width;
      return all.subarray(at, at + width);
    };
    data.set(rowOf(first).subarray(0, half + 1), i * width);
    data.set(rowOf(second).subarray(0, tokens - half), i * width + half + 1);
    halves.push([first, second]);
  }
  return { sequences: { count, tokens, data }, halves };
}

/**
 * Mean losses on mixed text: of a model, and of the oracle, which for each half has the specialist of its domain read the whole
 * sequence; general text is left to the base.
 */
export async function mixedLosses(
  setting: Setting,
  { sequences, halves }: MixedText,
): Promise<{
  readonly of: (model: Checkpoint) => Promise<number>;
  readonly oracle: (models: ReadonlyMap<Domain, Checkpoint>) => Promise<number>;
}> {
  const { tokens } = sequences;
  return {
    async of(model) {
      const each = await setting.tokenLosses(model, sequences);
      return each.reduce((sum, loss) => sum + loss, 0) / each.length;
    },
    async oracle(models) {
      let sum = 0;
      for (const [domain, model] of models) {
        const each = await setting.tokenLosses(model, sequences);
        halves.forEach((pair, row) => {
          for (let t = 0; t < tokens; t++) {
            // The target of the first half's last token is the second half's first, or belongs to neither: it counts as the first's.
            if (pair[t < tokens >> 1 ? 0 : 1] === domain) sum += each[row * tokens + t]!;
          }
        });
      }
      return sum / (sequences.count * tokens);
    },
  };
}
