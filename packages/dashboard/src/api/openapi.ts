import { z } from 'zod';
import { DASHBOARD_ENDPOINT, ENDPOINTS, type Endpoint } from './endpoints.ts';
import { eventSchemas } from './schemas/events.ts';

export const API_PREFIX = '/api/v1';

const errorSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()) }),
});

/** The OpenAPI 3.1 document of the API, generated from the schemas that check and describe it. */
export function openApiDocument(): Record<string, unknown> {
  const paths = Object.fromEntries([
    ...ENDPOINTS.map((endpoint) => [`${API_PREFIX}${endpoint.path}`, pathItem(endpoint)]),
    [DASHBOARD_ENDPOINT.path, pathItem(DASHBOARD_ENDPOINT)],
    [`${API_PREFIX}/events`, eventsItem()],
    [`${API_PREFIX}/artifacts/{hash}`, artifactItem()],
  ]);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Connito dashboard',
      version: '1',
      description:
        'Read-only. Everything follows from ledger and store, except names, which are local. Losses are in nats per token, scores and measurements in nano-nats per token, shares of pay in parts per billion.',
    },
    paths,
    components: { schemas: { Error: z.toJSONSchema(errorSchema) } },
  };
}

function pathItem({ path, summary, parameters, answer }: Endpoint): Record<string, unknown> {
  return {
    get: {
      summary,
      operationId: path.replaceAll(/[^a-z]+/gi, '_').replaceAll(/^_|_$/g, ''),
      parameters: Object.entries(parameters.shape).map(([name, schema]) => {
        const inPath = path.includes(`{${name}}`);
        const { $schema: _, description, ...json } = z.toJSONSchema(schema as z.ZodType, { io: 'output' });
        return {
          name,
          in: inPath ? 'path' : 'query',
          required: inPath,
          ...(description === undefined ? {} : { description }),
          schema: json,
        };
      }),
      responses: {
        200: { description: 'The answer.', content: { 'application/json': { schema: jsonSchema(answer) } } },
        default: {
          description: 'What is wrong.',
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
        },
      },
    },
  };
}

function eventsItem(): Record<string, unknown> {
  const events = Object.entries(eventSchemas)
    .map(([name, schema]) => `\`${name}\`: ${JSON.stringify(jsonSchema(schema).properties ?? {})}`)
    .join('\n');
  return {
    get: {
      summary: 'Server-sent events: what has just happened.',
      operationId: 'events',
      responses: { 200: { description: events, content: { 'text/event-stream': {} } } },
    },
  };
}

function artifactItem(): Record<string, unknown> {
  return {
    get: {
      summary:
        'The bytes of a document that a finished round names: report, merge report, reveal, state document.',
      operationId: 'artifact',
      parameters: [
        { name: 'hash', in: 'path', required: true, schema: { type: 'string', pattern: '^[0-9a-f]{64}$' } },
      ],
      responses: { 200: { description: 'The document.', content: { 'application/json': {} } } },
    },
  };
}

function jsonSchema(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: 'output' });
  return json;
}
