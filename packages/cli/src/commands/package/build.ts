import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { encodeRoutingStatistics, specialistStatistics } from '@connito/composition';
import {
  buildPackage,
  decodeExpertDocument,
  PACKAGE_FILES,
  packageIdOf,
  writePackageFolder,
} from '@connito/market';
import { loadCheckpoint } from '@connito/model';
import { fileError, loadHotkey } from '@connito/node';
import { runIdOf } from '@connito/protocol';
import { DirectoryStore } from '@connito/store';
import type { CommandContext } from '../../command/context.ts';
import { readDefinition } from '../../network/create-network.ts';
import { readNetwork } from '../../network/network-file.ts';
import { openNetworkLedger } from '../../network/network-ledger.ts';
import { megabytes, millinats } from './figures.ts';
import type { BuildOptions } from './options.ts';

export async function build(options: BuildOptions, { stdout, cwd }: CommandContext): Promise<void> {
  const { walletsPath, wallet, hotkey, json } = options;
  const { hotkey: publisher } = await loadHotkey({ walletsPath, wallet, hotkey });
  const { layout, network } = await readNetwork(options.dir);
  const definition = await readDefinition(layout, network);
  const store = await DirectoryStore.open(layout.artifacts);
  using opened = await openNetworkLedger(layout);
  const context = { definition, run: runIdOf(definition), ledger: opened.ledger, store };
  const modelFolder = options.model ?? network.model;
  const router = options.router === undefined ? null : await readRouter(options.router);
  const files = await buildPackage(context, {
    modelFolder,
    threads: options.threads,
    group: options.group,
    round: options.round ?? null,
    name: options.name ?? options.group,
    version: options.release,
    description: options.description ?? null,
    licence: options.licence ?? null,
    publisher,
    pricePerMillionTokens: options.price,
    sequencesPerSource: options.sequences,
    maxGeneralRise: options.maxGeneralRise,
    routerOf: router === null ? routerCollector(modelFolder, options.threads) : async () => router,
    onProgress: (text) => {
      if (json !== true) stdout.write(`${text}\n`);
    },
  });
  const { manifest } = decodeExpertDocument(files.get(PACKAGE_FILES.manifest)!);
  const folder = options.out ?? resolve(cwd, join(`${manifest.name.replace('/', '-')}-${manifest.version}`));
  await writePackageFolder(folder, files);
  const sizeBytes = [...files.values()].reduce((sum, { length }) => sum + length, 0);
  if (json === true) {
    const { name, version, licence, evaluation, lineage } = manifest;
    const id = packageIdOf(manifest);
    const object = {
      type: 'package',
      id,
      name,
      version,
      licence,
      folder,
      sizeBytes,
      publisher,
      evaluation,
      lineage,
    };
    stdout.write(`${JSON.stringify(object)}\n`);
    return;
  }
  for (const { domain, role, gainNanoNats, lowerNanoNats, upperNanoNats } of manifest.evaluation
    .measurements) {
    const interval = `${millinats(lowerNanoNats)} to ${millinats(upperNanoNats)}`;
    stdout.write(`${domain} (${role}): ${millinats(gainNanoNats)} (${interval}) millinats per token\n`);
  }
  stdout.write(
    `${manifest.name} ${manifest.version}, ${megabytes(sizeBytes)}, is in ${folder}. Sign it with "connito package sign ${folder}".\n`,
  );
}

type RouterOf = NonNullable<Parameters<typeof buildPackage>[1]['routerOf']>;

/** Collects what `connito compose` solves router rows from, with the base model in a folder. */
export function routerCollector(modelFolder: string, threads: number): RouterOf {
  return async (parameters, text) => {
    const base = await loadCheckpoint(modelFolder);
    return encodeRoutingStatistics(await specialistStatistics(base, { parameters }, text, threads));
  };
}

async function readRouter(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    throw fileError(error, path);
  }
}
