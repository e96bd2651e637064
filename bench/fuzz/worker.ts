/** One target's inputs in a process of its own, so that a crash, a hang or a swollen heap is seen from outside. See `run.ts`. */
import { FuzzInputs, nextInput } from '../../packages/protocol/src/testing/fuzz-input.ts';
import { peakResidentMebibytes, residentMebibytes } from '../support/machine.ts';
import { fuzzTargets } from './targets.ts';

export type FuzzResult = {
  readonly inputs: number;
  readonly seconds: number;
  readonly slowestMilliseconds: number;
  /** Number of the input that took longest. */
  readonly slowestInput: number;
  /** Resident set once the parsers and their valid inputs were loaded, and the largest ever. */
  readonly residentMebibytes: number;
  readonly peakMebibytes: number;
};

const [name, count, seed] = process.argv.slice(2);
const target = fuzzTargets().find((candidate) => candidate.name === name);
if (target === undefined) throw new Error(`there is no fuzz target "${name}"`);

for (const bytes of target.valid) target.run(bytes);
const inputs = new FuzzInputs(Number(seed));
const resident = await residentMebibytes();
const started = performance.now();
let slowestMilliseconds = 0;
let slowestInput = 0;
for (let i = 0; i < Number(count); i++) {
  const bytes = nextInput(inputs, target);
  const before = performance.now();
  try {
    target.run(bytes);
  } catch (error) {
    console.log(
      JSON.stringify({ input: i, bytes: Buffer.from(bytes).toString('hex'), error: String(error) }),
    );
    process.exit(1);
  }
  const spent = performance.now() - before;
  if (spent > slowestMilliseconds) [slowestMilliseconds, slowestInput] = [spent, i];
  // Told to the parent, which takes silence for a hang.
  if (i % 10_000 === 0) process.stderr.write('.');
}
const result: FuzzResult = {
  inputs: Number(count),
  seconds: (performance.now() - started) / 1000,
  slowestMilliseconds,
  slowestInput,
  residentMebibytes: resident,
  peakMebibytes: await peakResidentMebibytes(),
};
console.log(JSON.stringify(result));
