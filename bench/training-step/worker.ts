/**
 * One of our variants behind the protocol of `tools/reference/torch_training_step.py --interactive`: "step N" and "quit" on
 * standard input, one line of JSON for each answer. Between commands the process only waits.
 *
 *     node bench/training-step/worker.ts --variant whole --dump DIR --threads 2
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { onnxBackend } from '@connito/engine';
import { peakResidentMebibytes } from '../support/machine.ts';
import { readDump } from './dump.ts';
import type { StepAnswer } from './protocol.ts';
import type { Trainer } from './trainer.ts';
import { createTrainer, isVariant, VARIANTS } from './variants.ts';

const { values: options } = parseArgs({
  options: {
    variant: { type: 'string' },
    dump: { type: 'string' },
    threads: { type: 'string', default: '2' },
  },
});
if (options.dump === undefined || !isVariant(options.variant)) {
  throw new Error(`usage: worker.ts --variant ${VARIANTS.join('|')} --dump DIR [--threads N]`);
}

const dump = await readDump(options.dump);
const started = performance.now();
const trainer = await createTrainer(options.variant, dump, onnxBackend({ threads: Number(options.threads) }));
answer({ kind: 'ready', buildMs: performance.now() - started });

for await (const line of createInterface({ input: process.stdin })) {
  const [command, count] = line.trim().split(/\s+/);
  if (command === 'quit') break;
  if (command !== 'step' || !(Number(count) > 0))
    answer({ kind: 'error', message: 'commands: step N, quit' });
  else answer(await steps(trainer, Number(count)));
}

async function steps(of: Trainer, count: number): Promise<StepAnswer> {
  const ms: number[] = [];
  const losses: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    losses.push(await of.step());
    ms.push(performance.now() - start);
  }
  return { kind: 'step', ms, losses, peakResidentMiB: await peakResidentMebibytes() };
}

function answer(content: object): void {
  process.stdout.write(`${JSON.stringify(content)}\n`);
}
