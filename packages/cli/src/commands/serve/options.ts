import { basename, resolve } from 'node:path';
import { z } from 'zod';
import { integerOption, pathOption, portOption } from '../../command/options.ts';

const MODEL_ID = /^[\w][\w.:@/-]{0,127}$/;

/** `<id>=<dir>`, or a folder that is served under its own name. */
const modelOption = z
  .string()
  .min(1)
  .transform((text, context) => {
    const [, named, path] = /^([\w.:@/-]+)=(.+)$/.exec(text) ?? [];
    const folder = resolve(path ?? text);
    const id = named ?? basename(folder);
    if (MODEL_ID.test(id)) return { id, folder };
    context.addIssue(`"${id}" cannot be a model's id; write <id>=<dir>`);
    return z.NEVER;
  });

export const modelsOption = z
  .array(modelOption)
  .min(1)
  .refine((models) => new Set(models.map(({ id }) => id)).size === models.length, 'gives two models one id');

export const serveOptions = z.object({
  json: z.boolean().optional(),
  port: portOption,
  host: z.string().min(1),
  model: modelsOption.optional(),
  apiKeys: pathOption.optional(),
  requestsPerSecond: z
    .string()
    .regex(/^\d+(\.\d+)?$/, 'must be a number')
    .transform(Number)
    .pipe(z.number().gt(0, 'must be greater than 0'))
    .optional(),
  maxRunning: integerOption(1, 4_096),
  maxWaiting: integerOption(0, 65_536),
  threads: integerOption(1, 256),
  engine: z.enum(['connito', 'llama.cpp'], 'must be connito or llama.cpp').default('connito'),
  llamaCpp: pathOption.optional(),
  receipts: pathOption.optional(),
  walletsPath: pathOption,
  wallet: z.string().min(1),
  hotkey: z.string().min(1),
});
export type ServeOptions = z.output<typeof serveOptions>;
