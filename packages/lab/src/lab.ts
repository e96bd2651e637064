import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Log, silentLog, writeDurably } from '@connito/node';
import { utf8 } from '@connito/protocol';
import { type LabDomains, type LabRun, labRun } from './lab-run.ts';
import type { Outcome } from './outcome.ts';
import { type Recording, record } from './replay/recording.ts';
import { cellName, type ReplayCell, replay, replayResult } from './replay/replay.ts';
import { type ReplayResult, resultOf, type ScenarioResult } from './result.ts';
import { runNetwork } from './run-network.ts';
import { cleanCast, cleanName, type FullCast, fullCast, type Scenario } from './scenario.ts';
import { SharedModel } from './shared-model.ts';

export type LabOptions = {
  /** Keeps the runs, the results of finished scenarios, and networks while they run. */
  readonly folder: string;
  readonly model: string;
  /** Makes the run of some domains. Default: of `model`, with the lab's parameters. */
  readonly makeRun?: (
    folder: string,
    domains: LabDomains,
  ) => Promise<LabRun & { readonly modelFolder: string }>;
  readonly log?: Log;
  /** Told before each round's network is waited for, and after. */
  readonly onProgress?: (progress: LabProgress) => void;
};

export type LabProgress = { readonly network: string; readonly round: number; readonly rounds: number };

type Workplace = { readonly run: LabRun; readonly model: SharedModel };

/**
 * Runs scenarios and keeps what they came to: what is finished is read, not run again. Clean networks and model are shared by
 * the scenarios that can share them.
 *
 * @example
 * await using lab = new Lab({ folder: 'lab', model: 'models/foundation' });
 * const { verdict } = await lab.run(SCENARIOS[0]!, signal);
 */
export class Lab implements AsyncDisposable {
  readonly #options: LabOptions;
  readonly #workplaces = new Map<LabDomains, Promise<Workplace>>();

  constructor(options: LabOptions) {
    this.#options = options;
  }

  /** A finished scenario's result, or null. */
  async known(name: string): Promise<ScenarioResult | null> {
    return this.#read<ScenarioResult>(`results/${name}.json`);
  }

  async run(scenario: Scenario, signal: AbortSignal): Promise<ScenarioResult> {
    const known = await this.known(scenario.name);
    if (known !== null) return known;
    const startedMs = performance.now();
    const { run } = await this.workplace(scenario.domains ?? 'math');
    const clean = await this.#clean(scenario, signal);
    const outcome = await this.#network(scenario.name, fullCast(scenario), scenario, signal);
    const result = resultOf({ scenario, outcome, clean }, run.definition.merge.rule, {
      seconds: Math.round((performance.now() - startedMs) / 1000),
      finishedAt: new Date().toISOString(),
    });
    await this.#write(`results/${scenario.name}.json`, result);
    return result;
  }

  /** Replays one combination, after the same rule without an attack; the recording is made when first needed. */
  async replay(cell: ReplayCell, signal: AbortSignal): Promise<ReplayResult> {
    const name = cellName(cell);
    const known = await this.#read<ReplayResult>(`results/${name}.json`);
    if (known !== null) return known;
    const { folder } = this.#options;
    const { run, model } = await this.workplace('math');
    const setting = { run, model, folder };
    const recording = (await this.#read<Recording>('recording.json')) ?? (await record(setting, signal));
    await this.#write('recording.json', recording);
    const clean =
      cell.attack === null ? null : await this.replay({ rule: cell.rule, attack: null, hostile: 0 }, signal);
    const outcome = await replay(cell, recording, setting, signal);
    const result = replayResult(cell, outcome, clean ?? outcome, new Date().toISOString());
    await this.#write(`results/${name}.json`, result);
    return result;
  }

  /** The run and model of some domains, made when they are first needed. */
  workplace(domains: LabDomains): Promise<Workplace> {
    let workplace = this.#workplaces.get(domains);
    if (workplace === undefined) {
      workplace = this.#open(domains);
      this.#workplaces.set(domains, workplace);
    }
    return workplace;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const workplace of this.#workplaces.values()) await (await workplace).model.stop();
  }

  async #open(domains: LabDomains): Promise<Workplace> {
    const { folder, model } = this.#options;
    const {
      makeRun = async (within) => ({ ...(await labRun(within, model, domains)), modelFolder: model }),
    } = this.#options;
    const { modelFolder, ...run } = await makeRun(join(folder, 'runs'), domains);
    return { run, model: await SharedModel.open(run, { modelFolder, threads: 1 }) };
  }

  async #clean(scenario: Scenario, signal: AbortSignal): Promise<Outcome> {
    const path = `clean/${cleanName(scenario)}.json`;
    const known = await this.#read<Outcome>(path);
    if (known !== null) return known;
    const outcome = await this.#network(cleanName(scenario), cleanCast(scenario), scenario, signal);
    await this.#write(path, outcome);
    return outcome;
  }

  async #network(
    name: string,
    cast: FullCast,
    { domains = 'math', rounds }: Scenario,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { folder, log = silentLog, onProgress = () => undefined } = this.#options;
    const { run, model } = await this.workplace(domains);
    onProgress({ network: name, round: 0, rounds });
    const onRound = ({ round }: { readonly round: number }) =>
      onProgress({ network: name, round: round + 1, rounds });
    return runNetwork(name, cast, rounds, { run, model, folder, log, onRound }, signal);
  }

  async #read<T>(path: string): Promise<T | null> {
    const text = await readFile(join(this.#options.folder, path), 'utf8').catch(() => null);
    return text === null ? null : (JSON.parse(text) as T);
  }

  async #write(path: string, value: unknown): Promise<void> {
    const whole = join(this.#options.folder, path);
    await mkdir(join(whole, '..'), { recursive: true });
    await writeDurably(whole, utf8(`${JSON.stringify(value, null, 1)}\n`));
  }
}
