import { floats, tensor } from '@connito/engine';
import type { Checkpoint } from '@connito/model';
import type { Specialist } from '../specialist.ts';

/**
 * - `models`: the mean of the specialists' whole models, which divides every expert's delta by the number of specialists
 * - `owners`: each expert's mean over the specialists that trained it, which keeps whole what only one did
 */
export type AverageKind = 'models' | 'owners';

/** Specialists merged into the base's own experts without any routing: what composing has to beat. */
export function averageSpecialists(
  base: Checkpoint,
  specialists: readonly Specialist[],
  kind: AverageKind,
): Checkpoint {
  const parameters = new Map(base.parameters);
  for (const name of new Set(specialists.flatMap((specialist) => [...specialist.parameters.keys()]))) {
    const before = floats(base.parameters.get(name)!);
    const owners = specialists.flatMap((specialist) => specialist.parameters.get(name)?.data ?? []);
    const share = 1 / (kind === 'models' ? specialists.length : owners.length);
    const merged = before.map((value, i) => {
      const delta = owners.reduce((sum, trained) => sum + (trained[i]! - value), 0);
      return value + share * delta;
    });
    parameters.set(name, tensor(merged, base.parameters.get(name)!.shape));
  }
  return { config: base.config, parameters };
}
