import { z } from 'zod';
import { reasonSchema } from '../story/round-story.ts';
import { dashboardView } from '../views/dashboard.ts';
import { expertsView } from '../views/experts.ts';
import { healthOf, type LiveSource } from '../views/health.ts';
import { learningView, MAX_POINTS } from '../views/learning.ts';
import { marketView } from '../views/market.ts';
import { MINER_SORTS, minerHistoryView, minersView } from '../views/miners.ts';
import { nowView } from '../views/now.ts';
import { reasonsView } from '../views/reasons.ts';
import { provenanceView, roundsView, roundView } from '../views/rounds.ts';
import { runView } from '../views/run.ts';
import { securityView } from '../views/security.ts';
import { servingView } from '../views/serving.ts';
import { validatorsView } from '../views/validators.ts';
import { dashboardSchema } from './schemas/dashboard.ts';
import { expertsSchema } from './schemas/experts.ts';
import { healthSchema } from './schemas/health.ts';
import { learningSchema } from './schemas/learning.ts';
import { marketSchema } from './schemas/market.ts';
import { minerHistorySchema, minersSchema } from './schemas/miners.ts';
import { nowSchema } from './schemas/now.ts';
import { reasonsSchema } from './schemas/reasons.ts';
import { provenanceSchema, roundAnswerSchema, roundsSchema } from './schemas/rounds.ts';
import { runSchema } from './schemas/run.ts';
import { securitySchema } from './schemas/security.ts';
import { servingSchema } from './schemas/serving.ts';
import { validatorsSchema } from './schemas/validators.ts';

/** One resource: what it takes, what it answers, and how the answer is made. */
export type Endpoint = {
  /** With `{parameters}` as OpenAPI writes them. */
  readonly path: string;
  readonly summary: string;
  /** Path and query parameters, from text. */
  readonly parameters: z.ZodObject;
  readonly answer: z.ZodType;
  readonly handle: (source: LiveSource, parameters: unknown) => unknown;
};

function endpoint<Parameters extends z.ZodObject, Answer extends z.ZodType>(definition: {
  path: string;
  summary: string;
  parameters: Parameters;
  answer: Answer;
  handle: (source: LiveSource, parameters: z.output<Parameters>) => z.output<Answer>;
}): Endpoint {
  const { handle, ...rest } = definition;
  return { ...rest, handle: (source, parameters) => handle(source, parameters as z.output<Parameters>) };
}

const MAX_ROWS = 500;

function integer(minimum: number, maximum: number) {
  return z.coerce.number().int().min(minimum).max(maximum);
}
const round = integer(0, 0xffff_ffff);
const limit = (standard: number) => integer(1, MAX_ROWS).default(standard).describe('Rows at most.');
const before = round
  .optional()
  .describe('Only rounds before this one; take it from the last answer’s `before`.');
const rounds = integer(1, 100_000).default(100).describe('The last so many finished rounds.');

/** Everything under `/api/v1`, in the order of the documentation. */
export const ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    path: '/health',
    summary: 'Whether the data are live, and what cannot be read.',
    parameters: z.object({}),
    answer: healthSchema,
    handle: (source) => healthOf(source),
  }),
  endpoint({
    path: '/run',
    summary: 'The run: its definition and its id.',
    parameters: z.object({}),
    answer: runSchema,
    handle: (source) => runView(source),
  }),
  endpoint({
    path: '/now',
    summary: 'The open round: phase, what each role must do, and who has done it.',
    parameters: z.object({}),
    answer: nowSchema,
    handle: (source) => nowView(source),
  }),
  endpoint({
    path: '/learning',
    summary: 'Loss of each domain after each round, with its fall since the base model.',
    parameters: z.object({
      from: round.optional(),
      to: round.optional(),
      points: integer(2, MAX_POINTS).optional().describe('Points of each domain at most.'),
    }),
    answer: learningSchema,
    handle: learningView,
  }),
  endpoint({
    path: '/miners',
    summary: 'The miners of one finished round.',
    parameters: z.object({
      round: round.optional().describe('Default: the last finished one.'),
      offset: integer(0, 1_000_000).default(0),
      limit: limit(100),
      sort: z.enum(MINER_SORTS).default('rank'),
      domain: z.string().max(64).optional(),
      search: z.string().max(64).optional().describe('A uid, or part of a hotkey or name.'),
      pin: z.string().max(64).optional().describe('A hotkey that comes first.'),
    }),
    answer: minersSchema,
    handle: minersView,
  }),
  endpoint({
    path: '/miners/{hotkey}',
    summary: 'All rounds of one miner, newest first.',
    parameters: z.object({ hotkey: z.string().max(64), before, limit: limit(100) }),
    answer: minerHistorySchema,
    handle: (source, { hotkey, ...query }) => minerHistoryView(source, hotkey, query),
  }),
  endpoint({
    path: '/validators',
    summary: 'How each validator did over the last rounds.',
    parameters: z.object({ rounds }),
    answer: validatorsSchema,
    handle: (source, query) => validatorsView(source, query.rounds),
  }),
  endpoint({
    path: '/experts',
    summary: 'Which experts each domain is routed to, before and after; how far experts have moved.',
    parameters: z.object({
      round: round.optional().describe('The round that starts from the state to show.'),
    }),
    answer: expertsSchema,
    handle: (source, query) => expertsView(source, query.round),
  }),
  endpoint({
    path: '/rounds',
    summary: 'Finished rounds, newest first.',
    parameters: z.object({ before, limit: limit(50) }),
    answer: roundsSchema,
    handle: roundsView,
  }),
  endpoint({
    path: '/rounds/{round}',
    summary: 'One round’s whole story: every note, report, score, vote and state.',
    parameters: z.object({ round }),
    answer: roundAnswerSchema,
    handle: (source, query) => roundView(source, query.round),
  }),
  endpoint({
    path: '/provenance',
    summary: 'Whose updates the current model is made of.',
    parameters: z.object({}),
    answer: provenanceSchema,
    handle: (source) => provenanceView(source),
  }),
  endpoint({
    path: '/security',
    summary: 'What was rejected, by which check.',
    parameters: z.object({ rounds, before, limit: limit(100), reason: reasonSchema.optional() }),
    answer: securitySchema,
    handle: securityView,
  }),
  endpoint({
    path: '/market',
    summary: 'Packages on offer, and statements of what servers owe for their use.',
    parameters: z.object({}),
    answer: marketSchema,
    handle: (source) => marketView(source),
  }),
  endpoint({
    path: '/serving',
    summary: 'A server of models: what it serves, its load, and whose experts answer.',
    parameters: z.object({}),
    answer: servingSchema,
    handle: (source) => servingView(source),
  }),
  endpoint({
    path: '/reasons',
    summary: 'What every reason for a zero means, and what to do about it.',
    parameters: z.object({}),
    answer: reasonsSchema,
    handle: () => reasonsView(),
  }),
];

/** The one document with everything current. */
export const DASHBOARD_ENDPOINT: Endpoint = endpoint({
  path: '/dashboard.json',
  summary: 'Everything current in one document.',
  parameters: z.object({}),
  answer: dashboardSchema,
  handle: (source) => dashboardView(source),
});
