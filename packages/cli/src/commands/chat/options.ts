import { z } from 'zod';
import { integerOption, pathOption, urlOption } from '../../command/options.ts';

export const chatOptions = z
  .object({
    json: z.boolean().optional(),
    model: pathOption.optional(),
    url: urlOption.optional(),
    id: z.string().min(1).optional(),
    apiKeyFile: pathOption.optional(),
    system: z.string().optional(),
    complete: z.boolean().optional(),
    maxTokens: integerOption(1, 1_000_000),
    temperature: z
      .string()
      .regex(/^\d+(\.\d+)?$/, 'must be a number from 0 to 2')
      .transform(Number)
      .pipe(z.number().max(2, 'must be a number from 0 to 2')),
    seed: integerOption(0, Number.MAX_SAFE_INTEGER).optional(),
    experts: z.boolean().optional(),
    threads: integerOption(1, 256),
  })
  .refine(({ model, url }) => model === undefined || url === undefined, {
    path: ['model'],
    message: 'is for a model loaded here; with --url, name the server’s model with --id',
  });
export type ChatOptions = z.output<typeof chatOptions>;
