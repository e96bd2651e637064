import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { fileError, systemCode } from '@connito/node';
import { ConnitoError } from '@connito/protocol';
import { CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { newCommandGroup } from './command/command.ts';
import { type CommandContext, StopRequested } from './command/context.ts';
import { reportFailure } from './command/report-failure.ts';
import { chatCommand } from './commands/chat/command.ts';
import { composeCommand } from './commands/compose/command.ts';
import { dashboardCommand } from './commands/dashboard/command.ts';
import { doctorCommand } from './commands/doctor/command.ts';
import { expertsCommand } from './commands/experts/command.ts';
import { explainCommand } from './commands/explain/command.ts';
import { foundationCommand } from './commands/foundation/command.ts';
import { keysCommand } from './commands/keys/command.ts';
import { labCommand } from './commands/lab/command.ts';
import { ledgerCommand } from './commands/ledger/command.ts';
import { marketCommand } from './commands/market/command.ts';
import { minerCommand } from './commands/miner/command.ts';
import { packageCommand } from './commands/package/command.ts';
import { roundsCommand } from './commands/rounds/command.ts';
import { serveCommand } from './commands/serve/command.ts';
import { statusCommand } from './commands/status/command.ts';
import { storeCommand } from './commands/store/command.ts';
import { upCommand } from './commands/up/command.ts';
import { validatorCommand } from './commands/validator/command.ts';
import { verifyCommand } from './commands/verify/command.ts';
import { cliError } from './errors.ts';
import { EXIT_CODE_HELP, EXIT_CODES, type ExitCode, exitCodeOf } from './exit-codes.ts';

/** The `connito` command. Each command's handler is loaded when it is run, so that help is quick. */
export function createProgram(context: CommandContext, onExitCode: (code: ExitCode) => void) {
  return newCommandGroup('connito', context)
    .description(
      'Adapts open Mixture-of-Experts models domain by domain, by people who do not trust each other.',
    )
    .version(packageJson.version, '--version', 'print the version')
    .helpOption('-h, --help', 'print help; every command has its own')
    .addHelpText('after', EXIT_CODE_HELP)
    .addCommand(upCommand(context, onExitCode))
    .addCommand(dashboardCommand(context))
    .addCommand(statusCommand(context))
    .addCommand(explainCommand(context))
    .addCommand(verifyCommand(context, onExitCode))
    .addCommand(roundsCommand(context, onExitCode))
    .addCommand(doctorCommand(context, onExitCode))
    .addCommand(serveCommand(context))
    .addCommand(chatCommand(context))
    .addCommand(keysCommand(context))
    .addCommand(expertsCommand(context))
    .addCommand(composeCommand(context))
    .addCommand(foundationCommand(context, onExitCode))
    .addCommand(packageCommand(context))
    .addCommand(marketCommand(context))
    .addCommand(labCommand(context, onExitCode))
    .addCommand(ledgerCommand(context))
    .addCommand(storeCommand(context))
    .addCommand(validatorCommand(context))
    .addCommand(minerCommand(context));
}

/** Runs a command line, without `node` and the script. Resolves with the exit code; failures are told on standard error. */
export async function runCli(args: readonly string[], context: CommandContext): Promise<ExitCode> {
  let code: ExitCode = EXIT_CODES.ok;
  const program = createProgram(context, (given) => {
    code = given;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (caught) {
    const error = withPlainWords(caught);
    const failure = exitCodeOf(error);
    // Without a subcommand, the help that commander printed says it all.
    const isHelp = error instanceof CommanderError && error.code === 'commander.help';
    if (failure === EXIT_CODES.ok || isHelp) return failure;
    const isJson = args.includes('--json');
    reportFailure(error, isJson, context);
    if (failure === EXIT_CODES.usage && !isJson) {
      context.stderr.write(`"${namedCommand(program, args)} --help" lists what it takes.\n`);
    }
    return failure;
  }
}

/** The command that a command line names, as a user types it, with its subcommands as far as they are known. */
function namedCommand(program: CommandUnknownOpts, args: readonly string[]): string {
  let command = program;
  const names = [program.name()];
  for (const name of args) {
    const next = command.commands.find((candidate) => candidate.name() === name);
    if (next === undefined) break;
    command = next;
    names.push(name);
  }
  return names.join(' ');
}

/** A failed system call as an error that says what happened and what to do. */
function withPlainWords(error: unknown): unknown {
  if (error instanceof StopRequested)
    return cliError('interrupted', `Stopped (${error.message}) before it was done.`);
  if (!(error instanceof Error) || error instanceof ConnitoError || error instanceof CommanderError)
    return error;
  const { path } = error as NodeJS.ErrnoException;
  const isFileError = systemCode(error) !== null && path !== undefined;
  return isFileError || systemCode(error) === 'ENOSPC' ? fileError(error, path ?? 'a file') : error;
}
