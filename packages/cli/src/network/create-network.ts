import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EmbeddedLedger, type GenesisInput } from '@connito/ledger';
import { fileError, loadOrCreateHotkey, writeDurably } from '@connito/node';
import {
  assignGroups,
  type CodecKind,
  decodeRunDefinition,
  encodeRunDefinition,
  groupOf,
  type Hotkey,
  type RunDefinition,
  roundLengthBlocks,
  runIdOf,
  type Uid,
  utf8,
} from '@connito/protocol';
import { createRun, KNOWN_DOMAINS, LOCAL_CODECS, LOCAL_PARAMETERS } from '@connito/run';
import { DirectoryStore } from '@connito/store';
import { cliError } from '../errors.ts';
import { LEDGER_FILE, type NetworkLayout } from './layout.ts';
import { type Network, writeNetwork } from './network-file.ts';
import { type NetworkShape, planMiners, planValidators } from './network-plan.ts';

export type CreateNetworkOptions = NetworkShape & {
  readonly model: string;
  readonly innerSteps: number | null;
  /** Null: the local network's default. */
  readonly codec: CodecKind | null;
  readonly port: number | null;
  readonly threads: number;
  readonly nowMs: number;
  readonly onProgress: (text: string) => void;
};

/** Every validator's stake, in the ledger's smallest unit. */
const VALIDATOR_STAKE = '1000000000000';
/** What every validator has at first, so that one that serves can pay what it owes. */
const VALIDATOR_BALANCE = 1_000_000_000;
const NETWORK_NAME = 'connito-local';

/**
 * Makes a network in an empty directory: wallets, run definition, genesis, and every node's registration. What an interrupted
 * attempt left is used again. The network file comes last: without it, there is no network.
 */
export async function createNetwork(layout: NetworkLayout, options: CreateNetworkOptions): Promise<Network> {
  const { model, innerSteps, codec, port, onProgress } = options;
  const domains = requireKnownDomains(options.domains);
  for (const folder of [layout.ledger, layout.artifacts, layout.logs]) {
    await mkdir(folder, { recursive: true }).catch((error: unknown) => {
      throw fileError(error, folder);
    });
  }
  onProgress('Making wallets');
  const validators = await withHotkeys(
    layout,
    planValidators(options).map((name) => ({ name })),
  );
  const planned = await withHotkeys(layout, planMiners(options));

  const artifacts = await DirectoryStore.open(layout.artifacts);
  const definition = await createRun({
    model,
    artifacts,
    domains,
    threads: options.threads,
    onProgress,
    ...(innerSteps === null ? {} : { innerSteps }),
    ...(codec === null ? {} : { parameters: { ...LOCAL_PARAMETERS, codec: LOCAL_CODECS[codec] } }),
  });
  await writeDurably(layout.definitionFile, encodeRunDefinition(definition));
  const genesis = genesisOf(definition, validators);
  // Left by an attempt that did not come to its end: nobody has seen this ledger.
  await rm(join(layout.ledger, LEDGER_FILE), { force: true });
  await writeDurably(layout.genesisFile, utf8(`${JSON.stringify(genesis, null, 2)}\n`));

  // Honest miners come first, so that each group gets as many of them as any other.
  const hotkeys = [...validators, ...planned].map(({ hotkey }) => hotkey);
  const uids = registerAll(layout, genesis, hotkeys);
  const groups = assignGroups(
    definition,
    runIdOf(definition),
    planned.map(({ hotkey }) => ({ uid: uids.get(hotkey)!, declared: null })),
  );
  const miners = planned.map((miner) => {
    const group = groups.get(uids.get(miner.hotkey)!)!;
    return { ...miner, domain: groupOf(definition, group).domain };
  });
  const network: Network = {
    format: 1,
    run: runIdOf(definition),
    name: definition.name,
    createdAt: new Date(options.nowMs).toISOString(),
    model,
    domains: [...domains],
    innerSteps: definition.inner.steps,
    codec: definition.codec.kind,
    port,
    validators,
    miners,
  };
  await writeNetwork(layout, network);
  return network;
}

/** The run definition of a network. Fails with `network_file_corrupt` where it is not the one the network was made with. */
export async function readDefinition(layout: NetworkLayout, network: Network): Promise<RunDefinition> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(layout.definitionFile);
  } catch (error) {
    throw fileError(error, layout.definitionFile);
  }
  const definition = decodeStored(bytes, layout.definitionFile);
  const run = runIdOf(definition);
  if (run === network.run) return definition;
  const message = `${layout.definitionFile} is run ${run}, but the network was made for run ${network.run}. Restore the file, or start a new network in another directory with --dir.`;
  throw cliError('network_file_corrupt', message, { path: layout.definitionFile });
}

/** A stored definition was valid when it was written: one that is not now is damaged, or another version wrote it. */
function decodeStored(bytes: Uint8Array, path: string): RunDefinition {
  try {
    return decodeRunDefinition(bytes);
  } catch (cause) {
    const message = `${path} is damaged, or was written by another version of Connito. Go on with the version that wrote it, restore the file, or start a new network in another directory with --dir.\n${(cause as Error).message}`;
    throw cliError('network_file_corrupt', message, { path }, cause);
  }
}

function requireKnownDomains(domains: readonly string[]): readonly string[] {
  const known: readonly string[] = KNOWN_DOMAINS;
  const unknown = domains.filter((domain) => !known.includes(domain));
  if (unknown.length > 0) {
    const message = `--domains: there are no texts for ${unknown.join(', ')}; choose from ${known.join(', ')}`;
    throw cliError('invalid_option', message);
  }
  if (domains.length < known.length) return domains;
  throw cliError(
    'invalid_option',
    `--domains: one of ${known.join(', ')} must stay untrained, to measure general loss`,
  );
}

async function withHotkeys<Planned extends { readonly name: string }>(
  layout: NetworkLayout,
  planned: readonly Planned[],
): Promise<(Planned & { readonly hotkey: Hotkey })[]> {
  const made: (Planned & { readonly hotkey: Hotkey })[] = [];
  for (const node of planned) {
    const { hotkey } = await loadOrCreateHotkey(layout.walletOf(node.name));
    made.push({ ...node, hotkey });
  }
  return made;
}

/** A genesis with equal stakes, whose epochs end with the rounds. */
function genesisOf(
  definition: RunDefinition,
  validators: readonly { readonly hotkey: Hotkey }[],
): GenesisInput {
  return {
    networkName: NETWORK_NAME,
    netuid: 1,
    stakes: validators.map(({ hotkey }) => ({ hotkey, stake: VALIDATOR_STAKE })),
    balances: validators.map(({ hotkey }) => ({ hotkey, amount: VALIDATOR_BALANCE })),
    tempoBlocks: roundLengthBlocks(definition.schedule),
    epochOffsetBlocks: definition.schedule.genesisBlock,
  };
}

/** Registers all nodes in order, so that uids do not depend on which process is the fastest. */
function registerAll(
  layout: NetworkLayout,
  genesis: GenesisInput,
  hotkeys: readonly Hotkey[],
): ReadonlyMap<Hotkey, Uid> {
  using ledger = EmbeddedLedger.open({ path: join(layout.ledger, LEDGER_FILE), genesis });
  return new Map(hotkeys.map((hotkey) => [hotkey, ledger.register(hotkey)]));
}
