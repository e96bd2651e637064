import type { ExpertPackage } from '@connito/market';
import { differingFields } from '@connito/protocol';
import type { CommandContext } from '../../command/context.ts';
import type { DiffOptions } from './options.ts';
import { readSource } from './rules.ts';

/** How the parameters of one tensor differ. */
export type TensorDifference =
  | { readonly name: string; readonly kind: 'only-first' | 'only-second' }
  /** `relative`: ‖second − first‖ / ‖first‖. */
  | { readonly name: string; readonly kind: 'changed'; readonly relative: number };

export async function diff(options: DiffOptions, { stdout }: CommandContext): Promise<void> {
  const first = await readSource(options.source, options);
  const second = await readSource(options.other, options);
  // What is listed by tensor and by file below is not told twice.
  const fields = differingFields(manifestOf(first), manifestOf(second));
  const tensors = tensorDifferences(first, second);
  const same = first.id === second.id;
  if (options.json === true) {
    const object = { type: 'difference', same, first: first.id, second: second.id, fields, tensors };
    stdout.write(`${JSON.stringify(object)}\n`);
    return;
  }
  if (same) {
    stdout.write(`Both are ${first.manifest.name} ${first.manifest.version}, id ${first.id}.\n`);
    return;
  }
  const lines = [
    `${nameOf(first)} and ${nameOf(second)} differ in: ${fields.join(', ') || 'their tensors only'}`,
  ];
  for (const tensor of tensors) {
    if (tensor.kind === 'changed') lines.push(`  ${tensor.name}  ${(100 * tensor.relative).toFixed(3)} %`);
    else lines.push(`  ${tensor.name}  only in the ${tensor.kind === 'only-first' ? 'first' : 'second'}`);
  }
  const equal = first.parameters.size - tensors.filter(({ kind }) => kind !== 'only-second').length;
  lines.push(`${equal} tensors are the same.`);
  stdout.write(`${lines.join('\n')}\n`);
}

function manifestOf({ manifest }: ExpertPackage) {
  const { tensors: _tensors, files: _files, ...rest } = manifest;
  return rest;
}

function nameOf({ manifest: { name, version } }: ExpertPackage): string {
  return `${name} ${version}`;
}

/** Tensors that differ, by name. */
export function tensorDifferences(first: ExpertPackage, second: ExpertPackage): TensorDifference[] {
  const names = [...new Set([...first.parameters.keys(), ...second.parameters.keys()])].sort();
  return names.flatMap((name): TensorDifference[] => {
    const a = first.parameters.get(name);
    const b = second.parameters.get(name);
    if (b === undefined) return [{ name, kind: 'only-first' }];
    if (a === undefined) return [{ name, kind: 'only-second' }];
    let moved = 0;
    let whole = 0;
    for (let i = 0; i < a.data.length; i++) {
      moved += (b.data[i]! - a.data[i]!) ** 2;
      whole += a.data[i]! ** 2;
    }
    return moved === 0 ? [] : [{ name, kind: 'changed', relative: Math.sqrt(moved / whole) }];
  });
}
