import { BaseFolder, openChannel, readPackageFiles, verifyPackage } from '@connito/market';
import type { CommandContext } from '../../command/context.ts';
import type { PublishOptions } from './options.ts';
import { credentialsOf, rulesOf } from './rules.ts';

export async function publish(options: PublishOptions, context: CommandContext): Promise<void> {
  const channel = openChannel(options.to, credentialsOf(context));
  const rules = rulesOf(options);
  const files = await readPackageFiles(options.source, rules.maxBytes);
  // Nobody is helped by a package that every reader refuses.
  const { manifest, id } = verifyPackage(files, rules);
  if (options.base !== undefined) await new BaseFolder(options.base).require(manifest);
  await channel.publish(files);
  const { name, version } = manifest;
  if (options.json === true) {
    const object = { type: 'published', id, name, version, channel: channel.address };
    context.stdout.write(`${JSON.stringify(object)}\n`);
    return;
  }
  context.stdout.write(`${name} ${version} is in ${channel.address}.\n`);
}
