/**
 * The `connito` command: every role as a process, a whole network on one machine, and what explains it.
 *
 * @example
 * process.exitCode = await runCli(['up', '--rounds', '6', '--json'], processContext());
 */
export { type CommandContext, type Output, processContext, type StopCause } from './command/context.ts';
export { EXIT_CODES, type ExitCode } from './exit-codes.ts';
export type { FinishedRound, MinerRound, NetworkEvent, RunSummary } from './observe/network-event.ts';
export { runCli } from './program.ts';
