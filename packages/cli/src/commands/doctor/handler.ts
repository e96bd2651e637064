import { existsSync } from 'node:fs';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { CHECKPOINT_FILES, loadCheckpoint, loadTokenizer, parameterCount } from '@connito/model';
import { createHotkey, loadHotkey } from '@connito/node';
import { verifySr25519 } from '@connito/protocol';
import { hashFile } from '@connito/run';
import type { CommandContext } from '../../command/context.ts';
import { requireModelFiles, requireRunsModel, SHIPPED_MODEL } from '../../network/base-model.ts';
import { readDefinition } from '../../network/create-network.ts';
import { freePorts, requireFreePort } from '../../network/free-ports.ts';
import { layoutOf, type NetworkLayout } from '../../network/layout.ts';
import { lockHolder } from '../../network/lock.ts';
import { findNetwork, type Network } from '../../network/network-file.ts';
import { shortHash } from '../../view/text.ts';
import { checkEngine } from './engine-check.ts';
import { type CheckedFinding, examineAll, type Finding } from './finding.ts';
import { checkCores, checkDisk, checkMemory, checkNode, type Machine } from './machine-checks.ts';
import type { DoctorOptions } from './options.ts';

/** Examines the machine and tells what it found. Resolves with whether nothing failed. */
export async function runDoctor(options: DoctorOptions, { stdout }: CommandContext): Promise<boolean> {
  const layout = layoutOf(options.dir);
  const machine = await thisMachine(layout);
  const findings = await examineAll([
    { name: 'node', examine: () => checkNode(machine) },
    { name: 'cores', examine: () => checkCores(machine) },
    { name: 'memory', examine: () => checkMemory(machine) },
    { name: 'disk', examine: () => checkDisk(machine) },
    { name: 'engine', examine: () => checkEngine() },
    { name: 'ports', examine: () => checkPorts(layout, options.port ?? null) },
    { name: 'keys', examine: () => checkKeys(layout) },
    { name: 'model', examine: () => checkModel(layout, options.model ?? null) },
  ]);
  const isWell = findings.every(({ status }) => status !== 'fail');
  if (options.json === true) stdout.write(`${JSON.stringify({ type: 'doctor', ok: isWell, findings })}\n`);
  else stdout.write(`${findingLines(findings).join('\n')}\n`);
  return isWell;
}

export function findingLines(findings: readonly CheckedFinding[]): string[] {
  const marks = { ok: 'ok  ', warn: 'WARN', fail: 'FAIL' } as const;
  return findings.flatMap((finding) => {
    const line = `${marks[finding.status]}  ${finding.name.padEnd(7)} ${finding.found}`;
    return finding.status === 'ok' ? [line] : [line, `              ${finding.remedy}`];
  });
}

async function thisMachine(layout: NetworkLayout): Promise<Machine> {
  const constrained = process.constrainedMemory();
  const total = totalmem();
  const { bavail, bsize } = await statfs(nearestExisting(layout.directory));
  return {
    nodeVersion: process.versions.node,
    cores: availableParallelism(),
    memoryBytes: constrained > 0 && constrained < total ? constrained : total,
    availableMemoryBytes: process.availableMemory(),
    freeDiskBytes: bavail * bsize,
  };
}

function nearestExisting(path: string): string {
  let existing = path;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  return existing;
}

async function checkPorts(layout: NetworkLayout, port: number | null): Promise<Finding> {
  if ((await lockHolder(layout.lockFile)) !== null)
    return { status: 'ok', found: 'in use by the running network' };
  const wanted = port ?? (await findNetwork(layout))?.port ?? null;
  if (wanted === null) {
    const ports = await freePorts(2);
    return { status: 'ok', found: `free ones can be had, such as ${ports.join(' and ')}` };
  }
  await requireFreePort(wanted);
  await requireFreePort(wanted + 1);
  return { status: 'ok', found: `${wanted} and ${wanted + 1} are free` };
}

/** The network's keys must be readable and its own; without a network, a key is made, read and tried. */
async function checkKeys(layout: NetworkLayout): Promise<Finding> {
  const network = await findNetwork(layout);
  if (network !== null) return checkNetworkKeys(layout, network);
  const directory = await mkdtemp(join(tmpdir(), 'connito-doctor-'));
  try {
    const location = { walletsPath: directory, wallet: 'doctor', hotkey: 'default' };
    await createHotkey(location);
    const keypair = await loadHotkey(location);
    const message = new TextEncoder().encode('connito doctor');
    if (verifySr25519(keypair.hotkey, message, keypair.sign(message))) {
      return { status: 'ok', found: 'hotkeys can be made and sign' };
    }
    const remedy = 'Run "npm ci" again: the signature library is damaged.';
    return { status: 'fail', found: 'A new hotkey’s signature does not verify', remedy };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function checkNetworkKeys(layout: NetworkLayout, network: Network): Promise<Finding> {
  const nodes = [...network.validators, ...network.miners];
  for (const { name, hotkey } of nodes) {
    const keypair = await loadHotkey(layout.walletOf(name));
    if (keypair.hotkey === hotkey) continue;
    return {
      status: 'fail',
      found: `The hotkey of ${name} is ${keypair.hotkey}, but the network knows it as ${hotkey}`,
      remedy: `Restore ${layout.wallets}, or start a new network in another directory with --dir.`,
    };
  }
  return { status: 'ok', found: `all ${nodes.length} hotkeys are readable` };
}

async function checkModel(layout: NetworkLayout, given: string | null): Promise<Finding> {
  const network = await findNetwork(layout);
  const folder = given ?? network?.model ?? SHIPPED_MODEL;
  await requireModelFiles(folder);
  if (network !== null) await requireRunsModel(folder, await readDefinition(layout, network));
  const { config } = await loadCheckpoint(folder);
  await loadTokenizer(join(folder, 'tokenizer.json'));
  const hash = await hashFile(join(folder, CHECKPOINT_FILES[2]));
  const millions = (parameterCount(config) / 1e6).toFixed(1);
  const found = `${folder}: ${config.layers} layers, ${config.experts} experts, ${millions} M parameters, sha256 ${shortHash(hash)}`;
  return { status: 'ok', found };
}
