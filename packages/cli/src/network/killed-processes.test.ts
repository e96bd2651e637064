import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { writeTinyModel } from '@connito/lab';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Scrape, scrape, sumOf } from '../testing/scrape.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const TOKENIZER = fileURLToPath(new URL('../../../../models/foundation/tokenizer.json', import.meta.url));

/** Whom to kill as soon as a round is over; the kill falls into the next round's first phases. */
const VICTIM_AFTER_ROUND = ['miner-1', 'validator-1', 'ledger', 'store'] as const;
const ROUNDS = VICTIM_AFTER_ROUND.length + 2;
/** After this round's end metrics are read: every victim is back, and the network goes on. */
const SCRAPED_ROUND = ROUNDS - 2;
const TIMEOUT_MS = 240_000;

type Round = {
  readonly round: number;
  readonly outcome: 'canonical' | 'void';
  readonly generalLossAfter: number;
  readonly groups: readonly { readonly domain: string; readonly lossAfter: number }[];
  readonly miners: readonly {
    readonly uid: number;
    readonly name: string;
    readonly score: number;
    readonly incentive: number;
    readonly bytesSent: number;
  }[];
};

type Line = {
  readonly type: string;
  readonly metrics?: readonly { readonly name: string; readonly url: string }[];
  readonly round?: number;
  readonly rounds?: readonly {
    readonly round: number;
    readonly stateHash: string;
    readonly agreed: boolean;
  }[];
};

/** A network with tiny nodes, started as a user starts it. */
class RunningNetwork {
  readonly #child: ChildProcess;
  readonly lines: Line[] = [];
  readonly folder: string;

  constructor(folder: string, model: string, rounds: number, onLine: (line: Line) => void) {
    this.folder = folder;
    const size = ['--miners', '3', '--validators', '3', '--copycats', '0', '--overflowers', '0'];
    const work = ['--domains', 'code,math', '--inner-steps', '2', '--rounds', `${rounds}`];
    const args = [MAIN, 'up', '--json', '--dir', folder, '--model', model, ...size, ...work];
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout! }).on('line', (text) => {
      const line = JSON.parse(text) as Line;
      this.lines.push(line);
      onLine(line);
    });
  }

  async exit(): Promise<number | null> {
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
    return this.#child.exitCode;
  }

  get summary(): Line {
    return this.lines.at(-1)!;
  }
}

async function pidOf(folder: string, name: string): Promise<number> {
  const { processes } = JSON.parse(await readFile(join(folder, 'processes.json'), 'utf8'));
  const found = processes.find((process: { name: string }) => process.name === name);
  return found.pid;
}

/** Every process's metrics, from the addresses that the first lines name. */
async function scrapeAll(lines: readonly Line[]): Promise<ReadonlyMap<string, Scrape>> {
  const targets = lines.find(({ type }) => type === 'started')!.metrics!;
  return new Map(await Promise.all(targets.map(async ({ name, url }) => [name, await scrape(url)] as const)));
}

describe('a network whose processes are killed', () => {
  let folder: string;
  let network: RunningNetwork;
  let exitCode: number | null;
  const killed: string[] = [];
  let scraping: Promise<ReadonlyMap<string, Scrape>> | null = null;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'connito-killed-'));
    const model = join(folder, 'model');
    await writeTinyModel(model, TOKENIZER);
    const directory = join(folder, 'network');
    network = new RunningNetwork(directory, model, ROUNDS, (line) => {
      if (line.type === 'round' && line.round === SCRAPED_ROUND) scraping = scrapeAll(network.lines);
      const victim = line.type === 'round' ? VICTIM_AFTER_ROUND[line.round!] : undefined;
      if (victim === undefined) return;
      killed.push(victim);
      void pidOf(directory, victim).then((pid) => process.kill(pid, 'SIGKILL'));
    });
    exitCode = await network.exit();
  }, TIMEOUT_MS);

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  test('goes on to the end, one of each role killed on the way', () => {
    expect(killed).toEqual([...VICTIM_AFTER_ROUND]);
    expect(exitCode).toBe(0);
    expect(network.summary.type).toBe('summary');
  });

  test('loses no round', () => {
    const rounds = network.summary.rounds!;
    expect(rounds.map(({ round }) => round)).toEqual(Array.from({ length: ROUNDS }, (_, round) => round));
  });

  test('all validators agree after every kill', () => {
    for (const { round, agreed, stateHash } of network.summary.rounds!) {
      expect(agreed, `round ${round}`).toBe(true);
      expect(stateHash).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  test('every victim was started again', async () => {
    const { processes } = JSON.parse(await readFile(join(network.folder, 'processes.json'), 'utf8'));
    for (const victim of VICTIM_AFTER_ROUND) {
      const found = processes.find((process: { name: string }) => process.name === victim);
      expect(found.restarts, victim).toBeGreaterThan(0);
    }
  });

  describe('its metrics', () => {
    let metrics: ReadonlyMap<string, Scrape>;
    let rounds: readonly Round[];

    beforeAll(async () => {
      metrics = await scraping!;
      rounds = network.lines.filter(
        (line) => line.type === 'round' && line.round! <= SCRAPED_ROUND,
      ) as unknown as readonly Round[];
    });

    test('are served by every process, those that were killed too', () => {
      const nodes = ['validator-1', 'validator-2', 'validator-3', 'miner-1', 'miner-2', 'miner-3'];
      expect([...metrics.keys()].sort()).toEqual(['ledger', 'observer', 'store', ...nodes].sort());
      for (const [name, own] of metrics) {
        expect(sumOf(own, 'process_resident_memory_bytes'), name).toBeGreaterThan(1e7);
      }
    });

    test("of the observer are the rounds' records", () => {
      const observer = metrics.get('observer')!;
      const last = rounds.at(-1)!;
      expect(observer.get('observer_last_round')).toBe(SCRAPED_ROUND);
      for (const outcome of ['canonical', 'void']) {
        const expected = rounds.filter((round) => round.outcome === outcome).length;
        expect(sumOf(observer, 'observer_rounds_total', `outcome="${outcome}"`), outcome).toBe(expected);
      }
      expect(observer.get('observer_general_loss')).toBe(last.generalLossAfter);
      for (const { domain, lossAfter } of last.groups) {
        expect(observer.get(`observer_domain_loss{domain="${domain}"}`)).toBe(lossAfter);
      }
      for (const { uid, name, score, incentive } of last.miners) {
        const labels = `{miner_uid="${uid}",miner="${name}"}`;
        expect(observer.get(`observer_miner_score${labels}`), name).toBe(score);
        expect(observer.get(`observer_miner_incentive_ratio${labels}`), name).toBe(incentive);
        expect(sumOf(observer, 'observer_miner_outcomes_total', `miner_uid="${uid}"`)).toBe(rounds.length);
        const sent = rounds.flatMap(({ miners }) => miners.filter((miner) => miner.uid === uid));
        const bytes = sent.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
        expect(observer.get(`observer_miner_sent_bytes_total${labels}`)).toBe(bytes);
      }
      expect(sumOf(observer, 'observer_process_running')).toBe(metrics.size - 1);
      for (const victim of VICTIM_AFTER_ROUND) {
        const crashes = sumOf(observer, 'observer_process_crashes_total', `process="${victim}"`);
        expect(crashes, victim).toBeGreaterThan(0);
      }
    });

    test("a layer's expert loads sum to one", () => {
      const observer = metrics.get('observer')!;
      for (const layer of [0, 1]) {
        expect(sumOf(observer, 'moe_expert_load', `layer_idx="${layer}"`)).toBeCloseTo(1);
      }
    });

    test('of a validator are what all agreed on', () => {
      for (const name of ['validator-2', 'validator-3']) {
        const own = metrics.get(name)!;
        for (const { uid, score } of rounds.at(-1)!.miners) {
          expect(own.get(`validator_agreed_miner_score{miner_uid="${uid}"}`), name).toBeCloseTo(score, 9);
        }
        expect(sumOf(own, 'validator_reports_total')).toBeGreaterThanOrEqual(rounds.length - 1);
        expect(sumOf(own, 'validator_states_total', 'state="other"')).toBe(0);
        expect(sumOf(own, 'validator_states_total')).toBeGreaterThanOrEqual(rounds.length - 1);
        expect(sumOf(own, 'validator_eval_latency_seconds_count')).toBeGreaterThan(0);
      }
    });

    test('of a miner that was not killed are what it logged and sent', async () => {
      const own = metrics.get('miner-2')!;
      const log = await readFile(join(network.folder, 'logs', 'miner-2.log'), 'utf8');
      const trained = log
        .split('\n')
        .filter((line) => line.includes('"Trained"'))
        .map((line) => JSON.parse(line) as { firstLoss: number; lastLoss: number });
      expect(trained.map(({ lastLoss }) => lastLoss)).toContain(own.get('miner_training_loss'));
      expect(trained.map(({ firstLoss }) => firstLoss)).toContain(own.get('miner_first_training_loss'));
      const { uid } = rounds[0]!.miners.find(({ name }) => name === 'miner-2')!;
      const sent = rounds.flatMap(({ miners }) => miners.filter((miner) => miner.uid === uid));
      const bytes = sent.reduce((sum, { bytesSent }) => sum + bytesSent, 0);
      expect(sumOf(own, 'connito_peer_sent_bytes_total', 'peer="store"')).toBeGreaterThanOrEqual(bytes);
      expect(sumOf(own, 'connito_neuron_info', `uid="${uid}"`)).toBe(1);
      const settled = sumOf(own, 'miner_round_outcomes_total');
      expect(settled).toBeGreaterThanOrEqual(rounds.length - 1);
      const paid = sumOf(own, 'miner_round_outcomes_total', 'reason="scored"');
      const paidOf = (count: number) => sent.slice(0, count).filter(({ score }) => score > 0).length;
      // Its last round may not have been settled when it was asked.
      expect(paid).toBeGreaterThanOrEqual(paidOf(rounds.length - 1));
      expect(paid).toBeLessThanOrEqual(paidOf(rounds.length));
    });

    test('of ledger and store count what went through them', () => {
      const ledger = metrics.get('ledger')!;
      expect(sumOf(ledger, 'ledger_neurons')).toBe(6);
      expect(sumOf(ledger, 'ledger_head_block')).toBeGreaterThan(10 * rounds.length);
      const notes = ['method="POST"', 'route="/ledger/notes"', 'status="200"'];
      expect(sumOf(ledger, 'connito_http_requests_total', ...notes)).toBeGreaterThan(0);
      const store = metrics.get('store')!;
      expect(sumOf(store, 'store_artifacts')).toBeGreaterThan(0);
      expect(sumOf(store, 'store_sent_bytes_total')).toBeGreaterThan(0);
      const got = ['method="GET"', 'route="/artifacts/:hash"', 'status="200"'];
      expect(sumOf(store, 'connito_http_requests_total', ...got)).toBeGreaterThan(0);
    });

    test('are not offered once the network is stopped', async () => {
      const targets = await readFile(join(network.folder, 'prometheus-targets.json'), 'utf8');
      expect(JSON.parse(targets)).toEqual([]);
    });
  });
});
