import { InstalledPackages } from '@connito/market';
import type { CommandContext } from '../../command/context.ts';
import type { RemoveOptions } from './options.ts';

export async function remove(
  { packages, spec, json }: RemoveOptions,
  { stdout }: CommandContext,
): Promise<void> {
  const { version, folder } = await new InstalledPackages(packages).remove(spec);
  if (json === true) {
    stdout.write(`${JSON.stringify({ type: 'removed', name: spec.name, version, folder })}\n`);
    return;
  }
  stdout.write(`${spec.name} ${version} is removed from ${packages}.\n`);
}
