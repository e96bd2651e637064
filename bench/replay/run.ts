/**
 * Replays a network with attackers from its public record, and a record with single bytes flipped:
 *
 *     npx node bench/replay/run.ts [--rounds 20] [--model DIR] [--flips 10] [--work DIR] [--out PATH]
 *
 * Every round must be as recorded, with all losses measured; every flipped byte must be found. Exits with 1 otherwise. Without
 * `--model`, a tiny random one. What is in the work directory already is used again. About five minutes on one idle core.
 */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { decodeLedgerExtract } from '@connito/ledger';
import { decodeRunDefinition, SeededRandom, taggedHash } from '@connito/protocol';
import { type PublicRecord, Replay, type RoundReplay } from '@connito/replay';
import { flippableArtifacts } from '@connito/replay/testing';
import { DirectoryStore } from '@connito/store';
import { describeMachine } from '../support/machine.ts';
import { ATTACKED, attackedNetwork, RECORD_FILES } from './attacked-network.ts';

const date = new Date().toISOString().slice(0, 10);
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    model: { type: 'string' },
    flips: { type: 'string', default: '10' },
    work: { type: 'string' },
    out: { type: 'string', default: fileURLToPath(new URL(`../results/${date}-replay`, import.meta.url)) },
  },
});
const rounds = Number(values.rounds);
const work = values.work ?? (await mkdtemp(join(tmpdir(), 'connito-replay-')));
const tokenizer = fileURLToPath(new URL('../../models/foundation/tokenizer.json', import.meta.url));
const { signal } = new AbortController();
const log = (line: string) => process.stderr.write(`${line}\n`);

const { modelFolder } = await attackedNetwork(
  work,
  { rounds, modelFolder: values.model ?? null, tokenizer },
  log,
);
const record: PublicRecord = {
  definition: decodeRunDefinition(await readFile(join(work, RECORD_FILES.definition))),
  extract: decodeLedgerExtract(await readFile(join(work, RECORD_FILES.extract))),
  store: await DirectoryStore.open(join(work, RECORD_FILES.artifacts)),
  ...{ modelFolder, isComplete: true },
};

const replayed = await replayAll();
const flips = await flipBytes();
await report();

async function replayAll(): Promise<RoundReplay[]> {
  const replay = await opened(record, true);
  if (replay === null) throw new Error('the record differs before any round');
  const done: RoundReplay[] = [];
  for (let round = 0; round < rounds; round++) {
    const result = await replay.round(round, signal);
    done.push(result);
    log(`round ${round}: ${result.differences.length} differences, ${result.findings.length} findings`);
  }
  await replay.stop();
  return done;
}

async function opened(of: PublicRecord, measuresLosses: boolean): Promise<Replay | null> {
  const result = await Replay.open(of, { measuresLosses, threads: 1 });
  return result.kind === 'opened' ? result.replay : null;
}

type FlipCount = { tried: number; found: number };

/** Flips one bit at random places of random artifacts of random rounds, each kind equally often. */
async function flipBytes(): Promise<Record<string, FlipCount>> {
  const random = new SeededRandom(taggedHash('connito/1/bench-flips'));
  const counts: Record<string, FlipCount> = {};
  for (let trial = 0; trial < Number(values.flips); trial++) {
    const round = random.nextBelow(rounds);
    const artifacts = await flippableArtifacts(record, round);
    for (const kind of new Set(artifacts.map((artifact) => artifact.kind))) {
      const ofKind = artifacts.filter((artifact) => artifact.kind === kind);
      const { bytes, withFlip } = ofKind[random.nextBelow(ofKind.length)]!;
      const at = random.nextBelow(bytes);
      counts[kind] ??= { tried: 0, found: 0 };
      counts[kind].tried += 1;
      await withFlip(at, async (flipped) => {
        const isFound = flipped === null || (await differs(flipped, round));
        if (isFound) counts[kind]!.found += 1;
        else log(`NOT FOUND: byte ${at} of a ${kind} of round ${round}`);
      });
    }
    log(`flips: ${trial + 1} of ${values.flips}`);
  }
  return counts;
}

async function differs(of: PublicRecord, round: number): Promise<boolean> {
  const replay = await opened(of, false);
  if (replay === null) return true;
  const { differences } = await replay.round(round, signal);
  await replay.stop();
  return differences.length > 0;
}

async function report(): Promise<void> {
  const machine = await describeMachine();
  const differences = replayed.flatMap((round) => round.differences);
  const findings = replayed.flatMap((round) => round.findings);
  let compared = 0;
  let exact = 0;
  for (const { losses } of replayed) {
    if (losses.kind !== 'measured') continue;
    compared += losses.compared;
    exact += losses.exact;
  }
  const flipped = Object.values(flips);
  const missed = flipped.reduce((sum, { tried, found }) => sum + tried - found, 0);
  const ok = differences.length === 0 && missed === 0;
  const model = values.model ?? 'tiny random model';
  const result = {
    date,
    machine,
    ok,
    rounds,
    model,
    ...ATTACKED,
    compared,
    exact,
    flips,
    differences,
    findings,
  };
  await writeFile(`${values.out}.json`, `${JSON.stringify(result, null, 2)}\n`);

  const byValidator = new Map<string, Map<string, number>>();
  for (const { validator, artefact, field } of findings) {
    const what = `${artefact.replace(/ of uid \d+/, '')}, ${field.split('.')[0]}`;
    const own = byValidator.get(`${validator.uid}`) ?? new Map<string, number>();
    byValidator.set(`${validator.uid}`, own.set(what, (own.get(what) ?? 0) + 1));
  }
  const markdown = `# Replay of ${rounds} rounds with attackers, ${date}

\`npx node bench/replay/run.ts --rounds ${rounds} --flips ${values.flips}${values.model === undefined ? '' : ` --model ${values.model}`}\` on ${machine.cores} cores (${machine.cpu}), Node ${machine.node}.
Model: ${model}. Validators, uid 0 on: ${ATTACKED.validators.join(', ')}. Miners: ${ATTACKED.miners.join(', ')}.

| figure | value |
| --- | --- |
| rounds recomputed, canonical among them | ${replayed.length}, ${replayed.filter(({ outcome }) => outcome === 'canonical').length} |
| differences | ${differences.length} |
| reported losses measured again, equal to the last digit | ${compared}, ${exact} |

What validators were found to have done, without effect on what was agreed:

| uid | behaviour | findings |
| --- | --- | --- |
${ATTACKED.validators
  .map((behaviour, uid) => {
    const own = [...(byValidator.get(`${uid}`) ?? [])].map(([what, count]) => `${count} × ${what}`);
    return `| ${uid} | ${behaviour} | ${own.join('; ')} |`;
  })
  .join('\n')}

One bit flipped at a random place of a random artifact of a random round, the round then verified without measuring losses:

| artifact | flips | found |
| --- | --- | --- |
${Object.entries(flips)
  .map(([kind, { tried, found }]) => `| ${kind} | ${tried} | ${found} |`)
  .join('\n')}
`;
  await writeFile(`${values.out}.md`, markdown);
  process.stdout.write(markdown);
  if (!ok) process.exitCode = 1;
}
