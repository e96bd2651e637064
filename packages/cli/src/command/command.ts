import { Command } from '@commander-js/extra-typings';
import type { CommandContext } from './context.ts';

/** A command that writes to the context, throws instead of exiting, and has `--json`. */
export function newCommand(name: string, context: CommandContext) {
  return newCommandGroup(name, context).option('--json', 'print JSON for machines');
}

/** A command that only has subcommands. */
export function newCommandGroup(name: string, context: CommandContext) {
  return new Command(name)
    .exitOverride()
    .helpCommand(false)
    .allowExcessArguments(false)
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      // `runCli` reports the failure, as text or as JSON.
      outputError: () => undefined,
    });
}
