import { ConnitoError } from '@connito/protocol';
import { CommanderError } from 'commander';
import type { CommandContext } from './context.ts';

/** Tells the user why a command failed: a line of text, or with `--json` an object, both on standard error. */
export function reportFailure(error: unknown, json: boolean, context: CommandContext): void {
  const { code, message, details } = describe(error);
  if (json) {
    context.stderr.write(`${JSON.stringify({ type: 'error', code, message, details })}\n`);
    return;
  }
  for (const line of message.split('\n')) context.stderr.write(`error: ${line}\n`);
}

function describe(error: unknown) {
  if (error instanceof CommanderError) {
    const message = error.message.replace(/^error: /, '').replace('\n(Did you mean', ' (Did you mean');
    return { code: 'invalid_option', message, details: {} };
  }
  if (error instanceof ConnitoError) {
    return { code: error.code, message: error.message, details: error.details };
  }
  // Not one of ours, so a fault of the program: where it happened is part of the message.
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'unexpected', message, details: {} };
}
