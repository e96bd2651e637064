import { BaseFolder, type InstalledPackage, InstalledPackages } from '@connito/market';
import { ConnitoError } from '@connito/protocol';
import type { CommandContext } from '../../command/context.ts';
import { formatTable } from '../../command/table.ts';
import type { ListOptions } from './options.ts';
import { rulesOf } from './rules.ts';

export async function list(options: ListOptions, { stdout }: CommandContext): Promise<void> {
  const installed = await new InstalledPackages(options.packages).list(rulesOf(options));
  const base = options.base === undefined ? null : new BaseFolder(options.base);
  const found: InstalledPackage[] = [];
  for (const entry of installed) found.push(await comparedWith(base, entry));
  if (options.json === true) {
    const packages = found.map(({ name, version, folder, id, manifest, fault }) => {
      const domain = manifest?.domain ?? null;
      return { name, version, folder, id, domain, publisher: manifest?.publisher ?? null, fault };
    });
    stdout.write(`${JSON.stringify({ type: 'packages', root: options.packages, packages })}\n`);
    return;
  }
  if (found.length === 0) {
    stdout.write(`No package is installed in ${options.packages}.\n`);
    return;
  }
  const lines = formatTable(
    [
      { title: 'package', value: ({ name, version }: InstalledPackage) => `${name}@${version}` },
      { title: 'domain', value: ({ manifest }) => manifest?.domain ?? '' },
      { title: 'base', value: ({ manifest }) => manifest?.base.hash.slice(0, 8) ?? '' },
      { title: 'state', value: ({ fault }) => (fault === null ? 'whole' : fault.message) },
    ],
    found,
  );
  stdout.write(`${lines.join('\n')}\n`);
}

async function comparedWith(base: BaseFolder | null, entry: InstalledPackage): Promise<InstalledPackage> {
  if (base === null || entry.manifest === null) return entry;
  try {
    await base.require(entry.manifest);
    return entry;
  } catch (error) {
    if (!(error instanceof ConnitoError)) throw error;
    return { ...entry, fault: { code: error.code, message: error.message } };
  }
}
