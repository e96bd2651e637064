/** Writes docs/run/commands.md from the commands' own definitions. */
import { writeFileSync } from 'node:fs';
import { processContext } from '../packages/cli/src/command/context.ts';
import { commandReference } from '../packages/cli/src/command-reference.ts';

writeFileSync('docs/run/commands.md', commandReference(processContext()));
