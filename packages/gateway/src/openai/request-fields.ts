import { z } from 'zod';
import { fieldError } from './field-error.ts';

/** At most so many choices of one request are written: prompts times `n`. */
export const MAX_CHOICES = 32;
const MAX_STOPS = 16;

/** A field of OpenAI's API that is accepted as long as it asks for nothing this server does not do. */
function only<T>(...values: readonly T[]) {
  const allowed = new Set<unknown>(values);
  return z
    .unknown()
    .refine(
      (value) => value === undefined || value === null || allowed.has(value),
      `is not supported here; leave it out${values.length === 0 ? '' : ` or send ${JSON.stringify(values[0])}`}`,
    )
    .optional();
}

const expertNumbers = z.record(z.string().regex(/^\d{1,5}$/), z.array(z.int().nonnegative()).max(65_536));

/** Ours, under `connito`: which experts may answer, and whether to tell for each token which did. */
const connitoSchema = z.strictObject({
  experts: z
    .strictObject({
      /** By layer; other layers stay free. */
      allow: expertNumbers.optional(),
      deny: expertNumbers.optional(),
      /** Packages of a composition, by id or content hash. */
      deny_packages: z.array(z.string().min(1).max(256)).max(256).optional(),
    })
    .optional(),
  trace: z.boolean().optional(),
});
export type ExpertWishes = NonNullable<z.infer<typeof connitoSchema>['experts']>;

/** Fields that both kinds of completion have. */
export const sharedFields = {
  model: z.string().min(1).max(256),
  stream: z.boolean().nullish(),
  stream_options: z
    .strictObject({ include_usage: z.boolean().optional(), include_obfuscation: z.boolean().optional() })
    .nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  seed: z.int().nullish(),
  n: z.int().min(1).max(MAX_CHOICES).nullish(),
  stop: z.union([z.string().min(1), z.array(z.string().min(1)).max(MAX_STOPS)]).nullish(),
  max_tokens: z.int().min(1).nullish(),
  connito: connitoSchema.optional(),
  // Neither changes an answer.
  user: z.string().max(512).nullish(),
  // Not done here; their neutral values are what clients send by default.
  frequency_penalty: only(0),
  presence_penalty: only(0),
  logit_bias: z
    .record(z.string(), z.number())
    .refine((bias) => Object.keys(bias).length === 0, 'is not supported here; leave it out')
    .nullish(),
};

export const unsupported = only;

/** Parses a request's JSON, or answers 400 naming the first field at fault, as OpenAI does. */
export function parseFields<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw fieldError(parsed.error.issues[0]!, body);
}
