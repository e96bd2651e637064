import { type Clock, type Log, type RateLimit, RateLimiter, readBounded, statedLength } from '@connito/node';
import { type Context, Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import type { ApiKey, ApiKeys } from './access/api-keys.ts';
import { namesLoopback } from './access/loopback.ts';
import { ApiError, badRequest } from './errors.ts';
import type { GatewayMetrics } from './metrics.ts';
import { chatRequestSchema } from './openai/chat-request.ts';
import { completionRequestSchema } from './openai/completion-request.ts';
import { errorBody, INTERNAL_ERROR, toApiError } from './openai/error-body.ts';
import { eventStream } from './openai/event-stream.ts';
import { parseFields } from './openai/request-fields.ts';
import {
  askedOfChat,
  askedOfCompletion,
  type Format,
  streamedAnswer,
  wholeAnswer,
} from './openai/serve-completions.ts';
import { PLAYGROUND_HEADERS, playgroundFile } from './playground/playground.ts';
import type { ReceiptSink } from './receipts/receipt-sink.ts';
import { Answer, type Asked } from './serving/answer.ts';
import type { ModelVersion } from './serving/model-version.ts';
import type { OpenAnswers } from './serving/open-answers.ts';
import type { Lease, ServedModel } from './serving/served-model.ts';

export type GatewayOptions = {
  /** Null: whoever reaches the server may use it, but not its `/admin`. */
  readonly keys: ApiKeys | null;
  /** For each key, or for all together where there are none. Null: no limit. */
  readonly rateLimit: RateLimit | null;
  /** Only requests that name this machine are answered; for servers on loopback. */
  readonly onlyLoopbackNames: boolean;
};

export type GatewayDependencies = {
  readonly models: readonly ServedModel[];
  readonly answers: OpenAnswers;
  readonly clock: Clock;
  readonly metrics: GatewayMetrics;
  readonly receipts: ReceiptSink;
  readonly log: Log;
};

/** Generous for prompts of any context this server could hold. */
const MAX_BODY_BYTES = 4 << 20;

const swapSchema = z.strictObject({
  folder: z.string().min(1).max(4_096).optional(),
  overlays: z.array(z.string().min(1).max(4_096)).max(64).optional(),
});

type Variables = { Variables: { key: ApiKey | null } };

/** The HTTP interface: OpenAI's routes, health, metrics, playground, and `/admin` for keys that may swap models. */
export function createGatewayApp(
  options: GatewayOptions,
  dependencies: GatewayDependencies,
): Hono<Variables> {
  const { models, answers, clock, metrics, log } = dependencies;
  const byId = new Map(models.map((model) => [model.id, model]));
  const limiter = options.rateLimit === null ? null : new RateLimiter(options.rateLimit, clock);
  const app = new Hono<Variables>();

  const apiErrorOf = (error: unknown): ApiError => {
    const known = toApiError(error);
    if (known === null) log.error('A request failed', { error });
    return known ?? INTERNAL_ERROR;
  };
  app.onError((error, context) => {
    const known = apiErrorOf(error);
    if (known.retryAfterSeconds !== null) context.header('Retry-After', String(known.retryAfterSeconds));
    return context.json(errorBody(known), known.status as ContentfulStatusCode);
  });
  app.notFound((context) => {
    const message = `Unknown request URL: ${context.req.method} ${context.req.path.slice(0, 200)}.`;
    return context.json(errorBody(new ApiError(404, message, { code: 'unknown_url' })), 404);
  });

  app.use(async (context, next) => {
    await next();
    metrics.requests.inc({ route: routeOf(context), status: context.res.status });
  });
  app.use(async (context, next) => {
    if (options.onlyLoopbackNames && !namesLoopback(context.req.header('host'))) {
      throw new ApiError(403, 'This server answers on this machine only, under its own names.', {
        code: 'unknown_host',
      });
    }
    await next();
  });
  const requireKey = async (context: Context<Variables>, next: () => Promise<void>) => {
    const key = keyOf(context, options.keys);
    context.set('key', key);
    await next();
  };

  app.get('/health', (context) => context.json({ status: 'ok', models: models.map(({ id }) => id) }));
  app.get('/metrics', requireKey, async (context) => {
    context.header('Content-Type', metrics.registry.contentType);
    return context.body(await metrics.registry.metrics());
  });

  app.get('/v1/models', requireKey, (context) =>
    context.json({ object: 'list', data: models.map((model) => describeModel(model)) }),
  );
  app.get('/v1/models/:id{.+}', requireKey, (context) =>
    context.json(describeModel(find(byId, context.req.param('id') ?? ''))),
  );

  const complete = async (
    context: Context<Variables>,
    ask: (body: unknown) => {
      readonly model: string;
      readonly stream: boolean;
      asked(version: ModelVersion): { readonly asked: Asked; readonly format: Format };
    },
  ): Promise<Response> => {
    takeToken(limiter, context.get('key'));
    const request = ask(await readJson(context.req.raw));
    const lease = find(byId, request.model).acquire();
    const { answer, format, choices } = releasingOnFailure(lease, () => {
      const { asked, format } = request.asked(lease.version);
      const choices = asked.prompts.length * asked.choicesPerPrompt;
      const begin = () => new Answer(byId.get(request.model)!, lease, asked, dependencies);
      return { answer: answers.open(choices, begin), format, choices };
    });
    const { signal } = context.req.raw;
    if (!request.stream) {
      using _answer = answer;
      const whole = await wholeAnswer(answer, choices, format, signal);
      return whole === null ? new Response(null, { status: 499 }) : context.json(whole);
    }
    const chunks = (async function* () {
      using _answer = answer;
      yield* streamedAnswer(answer, choices, format, signal);
    })();
    const stream = eventStream(chunks, {
      clock,
      describeError: (error) => errorBody(apiErrorOf(error)),
      onLeft: () => void answer.end(),
    });
    return new Response(stream, {
      headers: { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-cache' },
    });
  };
  app.post('/v1/chat/completions', requireKey, (context) =>
    complete(context, (body) => {
      const request = parseFields(chatRequestSchema, body);
      return {
        model: request.model,
        stream: request.stream ?? false,
        asked: ({ engine, template }) => askedOfChat(request, engine, template),
      };
    }),
  );
  app.post('/v1/completions', requireKey, (context) =>
    complete(context, (body) => {
      const request = parseFields(completionRequestSchema, body);
      return {
        model: request.model,
        stream: request.stream ?? false,
        asked: ({ engine }) => askedOfCompletion(request, engine),
      };
    }),
  );

  const requireAdmin = async (context: Context<Variables>, next: () => Promise<void>) => {
    if (options.keys === null || keyOf(context, options.keys)?.isAdmin !== true) {
      throw new ApiError(403, 'Models are changed with a key marked "admin" only.', { code: 'admin_only' });
    }
    await next();
  };
  app.post('/admin/models/:id/swap', requireAdmin, async (context) => {
    const model = find(byId, context.req.param('id') ?? '');
    const { folder, overlays } = parseFields(swapSchema, await readJson(context.req.raw));
    const { source } = model.current;
    const wanted = {
      folder: folder ?? source.folder,
      overlays: overlays ?? (folder === undefined ? source.overlays : []),
    };
    return context.json(await counted(metrics, model, () => model.swap(wanted)));
  });
  app.post('/admin/models/:id/rollback', requireAdmin, async (context) => {
    const model = find(byId, context.req.param('id') ?? '');
    return context.json(
      await counted(metrics, model, async () => {
        const version = await model.rollback();
        if (version !== null) return version;
        throw new ApiError(409, `${model.id} has not been swapped; there is nothing to go back to.`, {
          code: 'nothing_to_roll_back',
        });
      }),
    );
  });

  app.get('/', (context) => context.redirect('/playground/'));
  app.get('/playground/:file{.*}', async (context) => {
    const file = await playgroundFile(context.req.param('file') ?? '');
    return file === null
      ? context.notFound()
      : context.body(file.text, 200, { ...PLAYGROUND_HEADERS, 'Content-Type': file.type });
  });
  return app;
}

/** The pattern that matched, so that metrics have few labels whatever clients ask for. */
function routeOf(context: Context): string {
  const patterns = ['/v1/chat/completions', '/v1/completions', '/v1/models', '/health', '/metrics'];
  const { path } = context.req;
  return patterns.find((pattern) => path === pattern) ?? (path.startsWith('/admin/') ? '/admin' : 'other');
}

function keyOf(context: Context, keys: ApiKeys | null): ApiKey | null {
  if (keys === null) return null;
  const given = /^Bearer (.{1,512})$/.exec(context.req.header('authorization') ?? '')?.[1];
  const key = given === undefined ? null : keys.find(given);
  if (key !== null) return key;
  const message =
    given === undefined
      ? 'You did not provide an API key. Send it as "Authorization: Bearer <key>".'
      : 'Incorrect API key provided.';
  throw new ApiError(401, message, { code: 'invalid_api_key' });
}

function takeToken(limiter: RateLimiter | null, key: ApiKey | null): void {
  limiter?.take(key === null ? '' : `key ${key.name}`);
}

async function readJson(request: Request): Promise<unknown> {
  // A browser sends other types across origins without asking first.
  if (!/^application\/json\b/i.test(request.headers.get('content-type') ?? ''))
    throw badRequest('The body must be JSON with "Content-Type: application/json".');
  const body = await readBounded(request.body, MAX_BODY_BYTES, statedLength(request.headers));
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw badRequest('We could not parse the JSON body of your request.');
  }
}

function find(models: ReadonlyMap<string, ServedModel>, id: string): ServedModel {
  const model = models.get(id);
  if (model !== undefined) return model;
  throw new ApiError(
    404,
    `The model \`${id.slice(0, 256)}\` does not exist or you do not have access to it.`,
    {
      param: 'model',
      code: 'model_not_found',
    },
  );
}

function describeModel(model: ServedModel) {
  const { current } = model;
  return {
    id: model.id,
    object: 'model',
    created: model.createdSeconds,
    owned_by: 'connito',
    connito: {
      engine: current.engine.name,
      version: current.number,
      context: current.engine.contextSize,
      chat_template: current.template.name,
      routing: current.engine.routing,
      packages: current.packages,
    },
  };
}

/** Gives the lease back where a request turns out to be wrong. */
function releasingOnFailure<T>(lease: Lease, work: () => T): T {
  try {
    return work();
  } catch (error) {
    lease[Symbol.dispose]();
    throw error;
  }
}

async function counted(metrics: GatewayMetrics, model: ServedModel, change: () => Promise<ModelVersion>) {
  try {
    const version = await change();
    metrics.swaps.inc({ model: model.id, outcome: 'done' });
    return { model: model.id, version: version.number, source: version.source };
  } catch (error) {
    metrics.swaps.inc({ model: model.id, outcome: 'refused' });
    throw error;
  }
}
