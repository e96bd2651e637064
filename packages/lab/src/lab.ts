import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Log, silentLog, writeDurably } from '@connito/node';
import { utf8 } from '@connito/protocol';
import { type LabDomains, type LabModel, type LabRun, labRun } from './lab-run.ts';
import type { Outcome } from './outcome.ts';
import { type Recording, record } from './replay/recording.ts';
import { cellName, REPLAYED_MODEL, type ReplayCell, replay, replayResult } from './replay/replay.ts';
import { type ReplayResult, resultOf, type ScenarioResult } from './result.ts';
import { runNetwork } from './run-network.ts';
import { cleanCast, cleanName, type FullCast, fullCast, type Scenario } from './scenario.ts';
import { SharedModel } from './shared-model.ts';
import { createTinyRun } from './tiny-run.ts';

export type LabOptions = {
  /** Keeps the runs, the results of finished scenarios, and networks while they run. */
  readonly folder: string;
  readonly model: string;
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
  readonly #workplaces = new Map<string, Promise<Workplace>>();

  constructor(options: LabOptions) {
    this.#options = options;
  }

  /** Whether a scenario's or a replay's result is kept from an earlier run. */
  async isFinished(name: string): Promise<boolean> {
    return (await this.#read(`results/${name}.json`)) !== null;
  }

  async run(scenario: Scenario, signal: AbortSignal): Promise<ScenarioResult> {
    const known = await this.#read<ScenarioResult>(`results/${scenario.name}.json`);
    if (known !== null) return known;
    const startedMs = performance.now();
    const { run } = await this.#workplace(scenario);
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
    const { run, model } = await this.#workplace({ model: REPLAYED_MODEL });
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

  /** A run and its model, made when they are first needed. */
  #workplace({
    model = 'foundation',
    domains = 'math',
  }: Pick<Scenario, 'model' | 'domains'>): Promise<Workplace> {
    const key = `${model}/${domains}`;
    let workplace = this.#workplaces.get(key);
    if (workplace === undefined) {
      workplace = this.#open(model, domains);
      this.#workplaces.set(key, workplace);
    }
    return workplace;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const workplace of this.#workplaces.values()) await (await workplace).model.stop();
  }

  async #open(kind: LabModel, domains: LabDomains): Promise<Workplace> {
    const { folder, model } = this.#options;
    const runs = join(folder, 'runs', kind);
    const { modelFolder, ...run } =
      kind === 'tiny'
        ? await createTinyRun(join(runs, domains), join(model, 'tokenizer.json'), domains.split('+'))
        : { ...(await labRun(runs, model, domains)), modelFolder: model };
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

  async #network(name: string, cast: FullCast, scenario: Scenario, signal: AbortSignal): Promise<Outcome> {
    const { rounds } = scenario;
    const { folder, log = silentLog, onProgress = () => undefined } = this.#options;
    const { run, model } = await this.#workplace(scenario);
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
