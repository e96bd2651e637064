import { newCommand, newCommandGroup } from '../../command/command.ts';
import type { CommandContext } from '../../command/context.ts';
import { parseOptions } from '../../command/options.ts';
import { defaultWalletsPath } from '../../command/role-flags.ts';
import { UP_DEFAULTS } from '../up/options.ts';

export const collect = (value: string, before: readonly string[]) => [...before, value];

/** Where installed packages are unless --packages says otherwise. */
export function defaultPackages({ env }: CommandContext): string {
  return `${env.HOME ?? '.'}/.connito/packages`;
}

/** A command that signs with a hotkey. */
export function newSigningCommand(name: string, context: CommandContext) {
  return newCommand(name, context)
    .option('--wallets-path <dir>', "directory of wallets in Bittensor's layout", defaultWalletsPath(context))
    .option('--wallet <name>', 'wallet', 'default')
    .option('--hotkey <name>', 'hotkey of the wallet', 'default');
}

/** A command that verifies packages, with what a reader may demand beyond the format. */
export function newVerifyingCommand(name: string, context: CommandContext) {
  return newCommand(name, context)
    .option('--allow-licence <id>', 'take these licences only; may be given again', collect, [])
    .option('--trust <hotkey>', 'take packages of this publisher only; may be given again', collect, [])
    .option('--base <dir>', 'base model the package must have been made for')
    .option('--max-mb <n>', 'refuse larger packages', '2000');
}

export function packageCommand(context: CommandContext) {
  const packages = defaultPackages(context);

  const build = newSigningCommand('build', context)
    .description(
      "Package an expert group of a network: the canonical state's experts, with lineage, shares and licence from the run, and losses measured now. The wallet's hotkey becomes the publisher, who still has to sign.",
    )
    .requiredOption('--group <id>', 'expert group, usually the domain')
    .option('--dir <dir>', "the network's directory", UP_DEFAULTS.dir)
    .option('--out <dir>', 'folder to write (default: <name>-<release>)')
    .option('--round <n>', 'package the state after this round (default: the last finished one)')
    .option('--name <name>', 'package name, with an optional @scope/ (default: the group)')
    .option('--release <version>', 'semantic version', '1.0.0')
    .option('--description <text>', 'a sentence for people')
    .option('--licence <expression>', 'SPDX identifiers joined by " AND " (default: those of the sources)')
    .option('--price <units>', "price of a million tokens, in the ledger's smallest unit", '0')
    .option('--sequences <n>', 'measure at most so many sequences of each reporting text', '96')
    .option('--max-general-rise <percent>', 'refuse to package what costs untrained text more', '0.5')
    .option(
      '--router <file>',
      'router statistics to include (default: collected now, on text the experts were trained on)',
    )
    .option('--model <dir>', "folder of the run's base model (default: the network's)")
    .option('--threads <n>', 'threads for computing', '1')
    .action(async (raw) => {
      const { buildOptions } = await import('./options.ts');
      const options = parseOptions(buildOptions, raw);
      const { build: run } = await import('./build.ts');
      await run(options, context);
    });

  const sign = newSigningCommand('sign', context)
    .description('Sign a package folder with a hotkey. A package needs its publisher; others may sign too.')
    .argument('<folder>', 'package folder')
    .action(async (source, raw) => {
      const { signOptions } = await import('./options.ts');
      const options = parseOptions(signOptions, { ...raw, source });
      const { sign: run } = await import('./sign.ts');
      await run(options, context);
    });

  const verify = newVerifyingCommand('verify', context)
    .description(
      'Check a package whole: signatures, hashes, licence, base, shapes and values. With --dir, its lineage and parameters against the run too.',
    )
    .argument('<package>', 'folder, tarball, or an installed name@version')
    .option('--packages <dir>', 'where installed packages are', packages)
    .option('--dir <dir>', "a network's directory: recompute the lineage from its reports")
    .action(async (source, raw) => {
      const { verifyOptions } = await import('./options.ts');
      const options = parseOptions(verifyOptions, { ...raw, source });
      const { verify: run } = await import('./verify.ts');
      await run(options, context);
    });

  const inspect = newVerifyingCommand('inspect', context)
    .description('Show what a verified package says of itself: experts, measurements, lineage, signers.')
    .argument('<package>', 'folder, tarball, or an installed name@version')
    .option('--packages <dir>', 'where installed packages are', packages)
    .action(async (source, raw) => {
      const { inspectOptions } = await import('./options.ts');
      const options = parseOptions(inspectOptions, { ...raw, source });
      const { inspect: run } = await import('./inspect.ts');
      await run(options, context);
    });

  const publish = newVerifyingCommand('publish', context)
    .description('Publish a signed package to a channel. Versions never change.')
    .argument('<package>', 'folder or tarball')
    .requiredOption('--to <channel>', 'dir:, tarballs:, npm: or s3: and a folder or URL')
    .addHelpText('after', CHANNEL_HELP)
    .action(async (source, raw) => {
      const { publishOptions } = await import('./options.ts');
      const options = parseOptions(publishOptions, { ...raw, source });
      const { publish: run } = await import('./publish.ts');
      await run(options, context);
    });

  const install = newVerifyingCommand('install', context)
    .description('Fetch packages from a channel, verify each whole, and keep it. None of them is ever run.')
    .argument('<specs...>', 'math, math@1, @team/math@^1.2')
    .option('--from <channel>', 'channel (default: the first one the index names)')
    .option('--index <file>', 'index that says which version is meant, and what was revoked')
    .option('--packages <dir>', 'where to install', packages)
    .addHelpText('after', CHANNEL_HELP)
    .action(async (specs, raw) => {
      const { installOptions } = await import('./options.ts');
      const options = parseOptions(installOptions, { ...raw, specs });
      const { install: run } = await import('./install.ts');
      await run(options, context);
    });

  const search = newCommand('search', context)
    .description('Find packages in an index or in channels, the surest gain first.')
    .argument('[words...]', 'words in name, domain or description')
    .option('--index <file>', 'index to search')
    .option('--from <channel>', 'read this channel now; may be given again', collect, [])
    .option('--domain <name>', 'of this domain')
    .option('--base <dir>', 'made for this base model')
    .option('--licence <id>', 'under these licences only; may be given again', collect, [])
    .option('--max-price <units>', 'at most this price of a million tokens')
    .option('--all', 'deprecated, rolled-back and revoked versions too')
    .addHelpText('after', CHANNEL_HELP)
    .action(async (words, raw) => {
      const { searchOptions } = await import('./options.ts');
      const options = parseOptions(searchOptions, { ...raw, words });
      const { search: run } = await import('./search.ts');
      await run(options, context);
    });

  const list = newVerifyingCommand('list', context)
    .description('List installed packages, each verified again.')
    .option('--packages <dir>', 'where installed packages are', packages)
    .action(async (raw) => {
      const { listOptions } = await import('./options.ts');
      const options = parseOptions(listOptions, raw);
      const { list: run } = await import('./list.ts');
      await run(options, context);
    });

  const diff = newVerifyingCommand('diff', context)
    .description('Compare two packages: what their manifests say, and how far each expert differs.')
    .argument('<package>', 'folder, tarball, or an installed name@version')
    .argument('<other>', 'what to compare it with')
    .option('--packages <dir>', 'where installed packages are', packages)
    .action(async (source, other, raw) => {
      const { diffOptions } = await import('./options.ts');
      const options = parseOptions(diffOptions, { ...raw, source, other });
      const { diff: run } = await import('./diff.ts');
      await run(options, context);
    });

  const remove = newCommand('remove', context)
    .description('Remove an installed package: the highest version that fits.')
    .argument('<spec>', 'math, math@1.0.0')
    .option('--packages <dir>', 'where installed packages are', packages)
    .action(async (spec, raw) => {
      const { removeOptions } = await import('./options.ts');
      const options = parseOptions(removeOptions, { ...raw, spec });
      const { remove: run } = await import('./remove.ts');
      await run(options, context);
    });

  return newCommandGroup('package', context)
    .description('Expert packages: build, sign, verify, publish, install.')
    .addCommand(build)
    .addCommand(sign)
    .addCommand(verify)
    .addCommand(inspect)
    .addCommand(publish)
    .addCommand(install)
    .addCommand(search)
    .addCommand(list)
    .addCommand(diff)
    .addCommand(remove);
}

const CHANNEL_HELP = `
Channels:
  dir:<folder>           folders <name>/<version>; a plain path is one too
  tarballs:<folder>      files <name>_<version>.tgz
  npm:<registry URL>     CONNITO_NPM_TOKEN to publish
  s3:<URL>               bucket and prefix; AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION
  hf:<URL>               hub and repository, read only; HF_TOKEN where it is private`;
