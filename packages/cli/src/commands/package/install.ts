import {
  BaseFolder,
  InstalledPackages,
  openChannel,
  type PackageIndex,
  type PackageSpec,
  resolveVersion,
  statusOf,
} from '@connito/market';
import type { CommandContext } from '../../command/context.ts';
import { cliError } from '../../errors.ts';
import { readIndex } from '../market/index-file.ts';
import type { InstallOptions } from './options.ts';
import { credentialsOf, rulesOf } from './rules.ts';

/** One after the other; those before one that fails stay installed. */
export async function install(options: InstallOptions, context: CommandContext): Promise<void> {
  const index = options.index === undefined ? null : await readIndex(options.index);
  for (const spec of options.specs) await installOne(spec, index, options, context);
}

async function installOne(
  spec: PackageSpec,
  index: PackageIndex | null,
  options: InstallOptions,
  context: CommandContext,
): Promise<void> {
  const entry =
    index === null ? null : resolveVersion(index, spec.name, spec.range, options.trust ?? undefined);
  const address = options.from ?? entry?.channels[0];
  if (address === undefined) {
    throw cliError('invalid_option', '--from: name a channel, or an index that knows one with --index');
  }
  const packages = new InstalledPackages(options.packages);
  const wanted = entry === null ? spec : { name: spec.name, range: entry.version };
  const { folder, installed } = await packages.install(openChannel(address, credentialsOf(context)), wanted, {
    rules: rulesOf(options),
    index,
    ...(options.base === undefined
      ? {}
      : { check: (manifest) => new BaseFolder(options.base!).require(manifest) }),
  });
  const { id, manifest, signers } = installed;
  const { name, version } = manifest;
  const status = index === null || entry === null ? null : statusOf(index, entry);
  if (options.json === true) {
    const object = { type: 'installed', id, name, version, folder, signers, status };
    context.stdout.write(`${JSON.stringify(object)}\n`);
    return;
  }
  const warning = status === null || status === 'active' ? '' : ` Its publisher calls it ${status}.`;
  context.stdout.write(`${name} ${version}, signed by ${signers.join(', ')}, is in ${folder}.${warning}\n`);
}
