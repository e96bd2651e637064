import { stat } from 'node:fs/promises';
import {
  BaseFolder,
  type ChannelCredentials,
  type ExpertPackage,
  InstalledPackages,
  type PackageRules,
  parsePackageSpec,
  readExpertPackage,
} from '@connito/market';
import type { Hotkey } from '@connito/protocol';
import type { CommandContext } from '../../command/context.ts';

export type RuleOptions = {
  readonly allowLicence: readonly string[];
  readonly trust: ReadonlySet<Hotkey> | null;
  readonly maxMb: number;
};

/** The rules that a command's options name. A base folder is compared afterwards, by `readSource`. */
export function rulesOf({ allowLicence, trust, maxMb }: RuleOptions): PackageRules {
  return { allowedLicences: allowLicence, maxBytes: maxMb, ...(trust === null ? {} : { publishers: trust }) };
}

/** A verified package from a folder, a tarball, or among the installed ones, with router statistics that can be read. */
export async function readSource(
  source: string,
  options: RuleOptions & { readonly packages?: string; readonly base?: string | undefined },
): Promise<ExpertPackage> {
  const rules = rulesOf(options);
  const isPath = (await stat(source).catch(() => null)) !== null;
  const looksLikePath = /^[./~]|\.tgz$/.test(source);
  const found =
    isPath || looksLikePath || options.packages === undefined
      ? await readExpertPackage(source, rules)
      : await new InstalledPackages(options.packages).read(parsePackageSpec(source), rules);
  await requireRouter(found);
  if (options.base !== undefined) await new BaseFolder(options.base).require(found.manifest);
  return found;
}

/** Fails with `specialist_invalid` unless a package's router statistics, if it has any, fit its base. */
async function requireRouter(found: ExpertPackage): Promise<void> {
  if (found.routerFile === null) return;
  // Loads the engine, which few packages need here.
  const { specialistOfPackage } = await import('@connito/composition');
  const { numHiddenLayers, hiddenSize, numExperts } = found.manifest.base.architecture;
  specialistOfPackage(found, { layers: numHiddenLayers, hiddenSize, experts: numExperts });
}

/** What channels need to know, from the environment: never from the command line, which others can see. */
export function credentialsOf({ env }: CommandContext): ChannelCredentials {
  const given = {
    npmToken: env.CONNITO_NPM_TOKEN,
    s3AccessKeyId: env.AWS_ACCESS_KEY_ID,
    s3SecretAccessKey: env.AWS_SECRET_ACCESS_KEY,
    s3Region: env.AWS_REGION,
    huggingFaceToken: env.HF_TOKEN,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== ''));
}
