import { systemCode } from '@connito/node';

/** Where a command writes: a process's stream, or a list of strings in tests. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  on?(event: 'resize', listener: () => void): unknown;
  off?(event: 'resize', listener: () => void): unknown;
}

/** What a command sees of the process it runs in. */
export type CommandContext = {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Milliseconds since the Unix epoch at which the process started. */
  readonly startedAtMs: number;
  /** Calls back on each request to stop (Ctrl-C, SIGTERM, SIGHUP, a supervisor that is gone) until unsubscribed. */
  onStopRequest(listener: (cause: StopCause) => void): () => void;
};

export type StopCause = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'supervisor gone';

/** The context of the running process. */
export function processContext(): CommandContext {
  const ignoreClosedPipe = (error: Error) => {
    // `connito status | head` closes the pipe early, which is no failure.
    if (systemCode(error) !== 'EPIPE') throw error;
  };
  process.stdout.on('error', ignoreClosedPipe);
  process.stderr.on('error', ignoreClosedPipe);
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    startedAtMs: performance.timeOrigin,
    onStopRequest,
  };
}

function onStopRequest(listener: (cause: StopCause) => void): () => void {
  const listeners = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map(
    (signal) => [signal, () => listener(signal)] as const,
  );
  for (const [signal, onSignal] of listeners) process.on(signal, onSignal);
  // A process started with a channel is told by its end that whoever started it is gone.
  const onDisconnect = () => listener('supervisor gone');
  process.on('disconnect', onDisconnect);
  process.channel?.unref();
  return () => {
    for (const [signal, onSignal] of listeners) process.off(signal, onSignal);
    process.off('disconnect', onDisconnect);
  };
}

/** The reason of a `stopSignal`. */
export class StopRequested extends Error {
  constructor(cause: StopCause) {
    super(cause);
    this.name = 'StopRequested';
  }
}

/** A signal that fires at the first request to stop. Work that ends by it ends the command with `interrupted`. */
export function stopSignal(context: CommandContext): AbortSignal {
  const controller = new AbortController();
  context.onStopRequest((cause) => controller.abort(new StopRequested(cause)));
  return controller.signal;
}
