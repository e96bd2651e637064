import {
  Lab,
  type LabResults,
  REPLAY_CELLS,
  type ReplayResult,
  SCENARIOS,
  type ScenarioResult,
} from '@connito/lab';
import { writeDurably } from '@connito/node';
import { utf8 } from '@connito/protocol';
import { type CommandContext, stopSignal } from '../../command/context.ts';
import { requireModelFiles, SHIPPED_MODEL } from '../../network/base-model.ts';
import { labSummary, lineOf, summaryLine } from './lab-lines.ts';
import { LabPace, labTasks } from './lab-plan.ts';
import type { LabOptions } from './options.ts';

type Result = ScenarioResult | ReplayResult;

/** Runs scenarios one after the other. Resolves with whether no required outcome was missed. */
export async function runLab(options: LabOptions, context: CommandContext): Promise<boolean> {
  const { quick = false, scenario: names, json = false, model = SHIPPED_MODEL, dir: folder, out } = options;
  const { stdout, stderr } = context;
  await requireModelFiles(model);
  const signal = stopSignal(context);
  const chosen = SCENARIOS.filter(({ name, quick: isQuick }) =>
    names.length > 0 ? (names as readonly string[]).includes(name) : isQuick || !quick,
  );
  // Replays need all of a recorded network, which neither the quick set nor single scenarios make.
  const cells = quick || names.length > 0 ? [] : REPLAY_CELLS;
  const onProgress = ({ network, round, rounds }: { network: string; round: number; rounds: number }) => {
    if (!json && stderr.isTTY === true) stderr.write(`\r\u001b[K${network}: round ${round} of ${rounds}`);
  };
  await using lab = new Lab({ folder, model, onProgress });
  const results: Result[] = [];
  const tell = (result: Result): void => {
    results.push(result);
    if (!json && stderr.isTTY === true) stderr.write('\r\u001b[K');
    stdout.write(json ? `${JSON.stringify({ type: 'scenario', ...result })}\n` : `${lineOf(result)}\n`);
  };
  const tasks = labTasks(chosen, cells);
  const pace = new LabPace(tasks);
  for (const task of tasks) {
    signal.throwIfAborted();
    const startedMs = performance.now();
    const isRead = await lab.isFinished(task.name);
    tell(task.kind === 'live' ? await lab.run(task.scenario, signal) : await lab.replay(task.cell, signal));
    pace.finish(task, (performance.now() - startedMs) / 1000, isRead);
    if (json) {
      const { done, total, secondsLeft } = pace;
      stdout.write(`${JSON.stringify({ type: 'progress', done, total, secondsLeft })}\n`);
    } else if (!isRead) stderr.write(`      ${pace}\n`);
  }
  if (out !== undefined) {
    const stored: LabResults = { model: model === SHIPPED_MODEL ? 'the shipped foundation' : model, results };
    await writeDurably(out, utf8(`${JSON.stringify(stored, null, 1)}\n`));
  }
  stdout.write(json ? `${JSON.stringify(labSummary(results))}\n` : `${summaryLine(results)}\n`);
  return results.every(({ verdict }) => verdict !== 'failed');
}
