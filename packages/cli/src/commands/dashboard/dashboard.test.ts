import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ApiKeys, type Gateway, startGateway } from '@connito/gateway';
import { createTinyRun, LocalNetwork, miner, SharedModel, validator } from '@connito/lab';
import { EmbeddedLedger, serveLedger } from '@connito/ledger';
import { type HttpServer, serve, silentLog, systemClock } from '@connito/node';
import { encodeRunDefinition } from '@connito/protocol';
import type { RoundRecord } from '@connito/run';
import { createStoreApp } from '@connito/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT_CODES } from '../../exit-codes.ts';
import { runCli } from '../../program.ts';
import { capturedContext } from '../../testing/captured-context.ts';

const FOUNDATION = fileURLToPath(new URL('../../../../../models/foundation', import.meta.url));
const TOKENIZER = join(FOUNDATION, 'tokenizer.json');
const KEY = 'sk-dashboard-0123456789';

/** The command against a ledger and a store that are served, as those of a network elsewhere are. */
describe('connito dashboard --ledger --store --run', () => {
  let folder: string;
  let record: RoundRecord;
  let modelFolder: string;
  let ledger: EmbeddedLedger;
  let ledgerServer: HttpServer;
  let storeServer: HttpServer;
  let gateway: Gateway;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'connito-dashboard-'));
    const run = await createTinyRun(folder, TOKENIZER, ['code', 'math']);
    modelFolder = run.modelFolder;
    const model = await SharedModel.open(run, { modelFolder, threads: 1 });
    const network = await LocalNetwork.start(
      {
        folder,
        definition: run.definition,
        validators: [validator()],
        miners: [miner(), miner()],
        openSession: async () => model.session(),
      },
      run.store,
    );
    record = await network.round(0);
    const { content: genesis } = network.extract(0).genesis;
    await network.stop();
    await model.stop();
    ledger = EmbeddedLedger.open({ path: join(folder, 'ledger.sqlite'), genesis });
    ledgerServer = await serveLedger({ port: 0 }, { ledger });
    const store = createStoreApp({ maxArtifactBytes: 1e9 }, { store: run.store, mayPut: () => false });
    storeServer = await serve({ fetch: store.fetch, port: 0 });
    await writeFile(join(folder, 'key'), `${KEY} dashboard\n`);
    gateway = await startGateway(
      {
        models: new Map([['foundation', { folder: FOUNDATION, overlays: [] }]]),
        host: '127.0.0.1',
        port: 0,
        keys: await ApiKeys.load(join(folder, 'key')),
        rateLimit: null,
        maxRunning: 1,
        maxChoices: 1,
        threads: 1,
      },
      { clock: systemClock, log: silentLog, receipts: { append: async () => undefined } },
    );
    await writeFile(join(folder, 'run.json'), encodeRunDefinition(run.definition));
  });

  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await ledgerServer?.stop();
    await storeServer?.stop();
    ledger?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs the command, hands its URL to `look`, and asks it to stop. */
  async function dashboard(look: (url: URL) => Promise<void>, ...more: string[]): Promise<number> {
    let stop = (): void => undefined;
    const written = Promise.withResolvers<string>();
    const context = {
      ...capturedContext(folder),
      stdout: { write: written.resolve },
      onStopRequest: (listener: (cause: 'SIGINT') => void) => {
        stop = () => listener('SIGINT');
        return () => undefined;
      },
    };
    const addresses = ['--ledger', ledgerServer.url.href, '--store', storeServer.url.href];
    const files = ['--run', join(folder, 'run.json'), '--model', modelFolder];
    const rest = ['--archive', join(folder, 'dashboard.db'), '--port', '0', '--no-measure', '--json'];
    const done = runCli(['dashboard', ...addresses, ...files, ...rest, ...more], context);
    try {
      const early = done.then((code) => Promise.reject(new Error(`ended with ${code}: ${context.err()}`)));
      const line = JSON.parse(await Promise.race([written.promise, early]));
      await look(new URL(line.url));
    } finally {
      stop();
    }
    return done;
  }

  async function ask<T>(url: URL, path: string): Promise<T> {
    return (await (await fetch(new URL(`/api/v1${path}`, url))).json()) as T;
  }

  type Rounds = { total: number; rows: { round: number; state: string; paid: number }[] };
  type Miners = { rows: { hotkey: string; scoreNanoNats: number | null; name: string | null }[] };

  it('shows the rounds that the ledger and the store tell of', async () => {
    const code = await dashboard(async (url) => {
      await expect.poll(async () => (await ask<Rounds>(url, '/rounds')).total, { timeout: 30_000 }).toBe(1);
      const { rows } = await ask<Rounds>(url, '/rounds');
      expect(rows[0]).toMatchObject({ round: 0, state: record.state });
      const miners = await ask<Miners>(url, '/miners');
      expect(new Map(miners.rows.map(({ hotkey, scoreNanoNats }) => [hotkey, scoreNanoNats]))).toEqual(
        new Map(record.miners.map(({ hotkey, scoreNanoNats }) => [hotkey, scoreNanoNats])),
      );
      // A ledger knows no names.
      expect(miners.rows.map(({ name }) => name)).toEqual([null, null]);
      const { validators } = await ask<{ validators: { report: { document: string } }[] }>(url, '/rounds/0');
      const report = await ask<{ document: { round: number } }>(
        url,
        `/artifacts/${validators[0]!.report.document}`,
      );
      expect(report.document.round).toBe(0);
    });
    expect(code).toBe(EXIT_CODES.ok);
  });

  it('knows them at once when it is started again', async () => {
    await dashboard(async (url) => {
      expect((await ask<Rounds>(url, '/rounds')).total).toBe(1);
    });
  });

  it('shows a real server of models beside them', async () => {
    const answer = await fetch(new URL('/v1/completions', gateway.url), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${KEY}` },
      body: JSON.stringify({ model: 'foundation', prompt: 'The state', max_tokens: 4 }),
    });
    const { usage } = (await answer.json()) as { usage: { completion_tokens: number } };
    const flags = ['--serving', gateway.url.href, '--serving-key', join(folder, 'key')];
    await dashboard(
      async (url) => {
        type Serving = { readAtMs: number | null; models: unknown[] };
        await expect
          .poll(async () => (await ask<Serving>(url, '/serving')).readAtMs, { timeout: 30_000 })
          .not.toBeNull();
        expect((await ask<Serving>(url, '/serving')).models).toMatchObject([
          {
            id: 'foundation',
            engine: 'connito',
            version: 1,
            routing: true,
            completionTokens: usage.completion_tokens,
            packageTokens: [{ package: 'base' }],
            answer: { count: 1 },
          },
        ]);
      },
      ...flags,
    );
  });

  it('wants all three, and nothing of a local network beside them', async () => {
    const context = capturedContext(folder);
    const run = ['dashboard', '--ledger', ledgerServer.url.href, '--dir', folder];
    expect(await runCli(run, context)).toBe(EXIT_CODES.usage);
    expect(context.err()).toContain('--store and --run');
    expect(context.err()).toContain('cannot be given together');
  });
});
