import type { CommandContext } from './command/context.ts';
import { EXIT_CODE_HELP } from './exit-codes.ts';
import { createProgram } from './program.ts';

type Described = ReturnType<typeof createProgram>['commands'][number];

const HEADER = `# Commands

This page is for anybody who looks up an option. It is written from the commands' own definitions by
\`npm run docs:commands\`, so it says what \`connito <command> --help\` says.

In the repository, start a command with \`npm run connito -- <command>\`. Every command takes \`--json\` and \`--help\`.
`;

/** The reference page of every command, as Markdown. */
export function commandReference(context: CommandContext): string {
  // Defaults below the home directory read the same for everybody.
  const program = createProgram({ ...context, env: { HOME: '~' } }, () => undefined);
  const sections = leaves(program).map(sectionOf);
  return [HEADER, ...sections, exitCodes()].join('\n');
}

/** Commands that do something, in the order of the help. */
function leaves(program: { readonly commands: readonly unknown[] }): Described[] {
  const commands = program.commands as readonly Described[];
  return commands.flatMap((command) => (command.commands.length > 0 ? leaves(command) : [command]));
}

function sectionOf(command: Described): string {
  const words: string[] = [];
  for (let at: Described | null = command; at !== null; at = at.parent as Described | null)
    words.unshift(at.name());
  const arguments_ = command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? '…' : ''}`;
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  const rows = command.options
    .filter(({ long }) => long !== '--json')
    .map(({ flags, description, defaultValue }) => {
      const given =
        defaultValue === undefined || typeof defaultValue === 'boolean' ? '' : ` (default: ${defaultValue})`;
      return `| \`${flags.replaceAll('|', '\\|')}\` | ${cell(description + given)} |`;
    });
  const table = rows.length === 0 ? [] : ['', '| option | meaning |', '| --- | --- |', ...rows];
  const after = notesAfterHelp(command);
  return [
    `## ${words.join(' ')}`,
    '',
    command.description(),
    '',
    '```',
    [...words, ...arguments_, ...(rows.length > 0 ? ['[options]'] : [])].join(' '),
    '```',
    ...table,
    ...(after === '' ? [] : ['', '```', after, '```']),
    '',
  ].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

/** What a command prints after the list of its options. */
function notesAfterHelp(command: Described): string {
  const written: string[] = [];
  command.configureOutput({ writeOut: (text) => written.push(text) });
  command.outputHelp();
  const whole = written.join('');
  return whole.slice(command.helpInformation().length).trim();
}

function exitCodes(): string {
  return ['## Exit codes', '', '```', EXIT_CODE_HELP.trim().split('\n').slice(1).join('\n'), '```', ''].join(
    '\n',
  );
}
