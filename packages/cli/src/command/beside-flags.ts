import { Option } from '@commander-js/extra-typings';
import { z } from 'zod';
import { pathOption, urlOption } from './options.ts';

/** Options of every command that serves a dashboard: what it shows besides the run. */
export const marketFlag = () =>
  new Option('--market <file>', 'index of packages to show, as "connito market index" writes it');
export const statementsFlag = () =>
  new Option(
    '--statements <paths...>',
    'statements to show, with --market or alone: files, or folders of them',
  );
export const servingFlag = () =>
  new Option('--serving <url>', 'server of models to show, such as that of "connito serve"');
export const servingKeyFlag = () =>
  new Option('--serving-key <file>', 'file with the API key for --serving, if it wants one');

export const besideOptions = {
  market: pathOption.optional(),
  statements: z.array(pathOption).max(256).default([]),
  serving: urlOption.optional(),
  servingKey: pathOption.optional(),
} as const;
export type BesideOptions = z.output<z.ZodObject<typeof besideOptions>>;

/** For `superRefine`. */
export function checkBesideOptions(
  { serving, servingKey }: BesideOptions,
  { addIssue }: Pick<z.RefinementCtx, 'addIssue'>,
): void {
  if (servingKey === undefined || serving !== undefined) return;
  addIssue({ code: 'custom', path: ['servingKey'], message: 'needs --serving too' });
}
