import { z } from 'zod';
import { pathOption } from '../../command/options.ts';

export const listKeysOptions = z.object({ walletsPath: pathOption, json: z.boolean().optional() });
export type ListKeysOptions = z.output<typeof listKeysOptions>;

export const newKeyOptions = listKeysOptions.extend({ wallet: z.string().min(1), hotkey: z.string().min(1) });
export type NewKeyOptions = z.output<typeof newKeyOptions>;
