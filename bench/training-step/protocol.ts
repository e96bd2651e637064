import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** What a worker, ours or PyTorch's, answers to "step N". */
export type StepAnswer = {
  readonly kind: 'step';
  /** Milliseconds of each step, measured inside the worker. */
  readonly ms: readonly number[];
  /** Mean loss before each step, in nats. */
  readonly losses: readonly number[];
  readonly peakResidentMiB: number;
};

export type ReadyAnswer = Readonly<Record<string, unknown>> & { readonly kind: 'ready' };

/** A training process that computes only when told to. */
export class StepWorker {
  readonly ready: ReadyAnswer;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess, lines: AsyncIterator<string>, ready: ReadyAnswer) {
    this.#child = child;
    this.#lines = lines;
    this.ready = ready;
  }

  static async start(command: string, args: readonly string[]): Promise<StepWorker> {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ready = JSON.parse(await nextLine(lines, `${command} ${args.join(' ')}`)) as ReadyAnswer;
    return new StepWorker(child, lines, ready);
  }

  async step(count: number): Promise<StepAnswer> {
    this.#child.stdin!.write(`step ${count}\n`);
    const line = await nextLine(this.#lines, this.#child.spawnargs.join(' '));
    const answer = JSON.parse(line) as StepAnswer | { readonly kind: 'error'; readonly message: string };
    if (answer.kind === 'error') throw new Error(answer.message);
    return answer;
  }

  async stop(): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin!.end('quit\n');
    await exited;
  }
}

async function nextLine(lines: AsyncIterator<string>, name: string): Promise<string> {
  const { value, done } = await lines.next();
  if (done === true) throw new Error(`the worker "${name}" ended without an answer`);
  return value;
}
