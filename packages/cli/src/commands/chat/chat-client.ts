import { z } from 'zod';
import { cliError } from '../../errors.ts';

export type ChatTurn = { readonly role: 'system' | 'user' | 'assistant'; readonly content: string };

export type ChatAnswerEnd = {
  readonly finishReason: string | null;
  /** Tokens that each expert served, `[layer][expert]`; null where the server does not say. */
  readonly experts: readonly (readonly number[])[] | null;
};

const modelsSchema = z.object({
  data: z
    .array(
      z.object({
        id: z.string(),
        connito: z.object({ chat_template: z.string(), context: z.number(), engine: z.string() }).optional(),
      }),
    )
    .min(1),
});

const refusalSchema = z.object({ error: z.object({ message: z.string() }) });

const chunkSchema = z.object({
  error: z.object({ message: z.string() }).optional(),
  choices: z
    .array(
      z.object({
        text: z.string().optional(),
        delta: z.object({ content: z.string().nullish() }).optional(),
        finish_reason: z.string().nullish(),
      }),
    )
    .default([]),
  connito: z.object({ experts: z.object({ layers: z.array(z.array(z.number())) }).nullish() }).optional(),
});

/** Asks one model of an OpenAI-compatible server. */
export class ChatClient {
  readonly description: string;
  /** Whether the server has no template of the model's own. */
  readonly isPlain: boolean;
  readonly #url: URL;
  readonly #model: string;
  readonly #headers: Readonly<Record<string, string>>;

  private constructor(
    url: URL,
    headers: Readonly<Record<string, string>>,
    model: z.output<typeof modelsSchema>['data'][number],
  ) {
    this.#url = url;
    this.#headers = headers;
    this.#model = model.id;
    const { connito } = model;
    this.isPlain = connito?.chat_template === 'plain';
    this.description =
      connito === undefined
        ? model.id
        : `${model.id}: ${connito.engine} engine, context of ${connito.context} tokens`;
  }

  static async connect(
    url: URL,
    { apiKey, model }: { readonly apiKey: string | null; readonly model: string | null },
  ): Promise<ChatClient> {
    const headers: Record<string, string> = { 'Content-Type': 'application/json' };
    if (apiKey !== null) headers.Authorization = `Bearer ${apiKey}`;
    const { data } = modelsSchema.parse(
      await (await request(new URL('/v1/models', url), { headers })).json(),
    );
    const found = model === null ? data[0]! : data.find(({ id }) => id === model);
    if (found !== undefined) return new ChatClient(url, headers, found);
    const ids = data.map(({ id }) => id).join(', ');
    throw cliError('invalid_option', `--id: the server at ${url.href} has ${ids}, not ${model}`, {
      options: 1,
    });
  }

  /** Streams one answer to `write`. */
  async ask(
    asked: { readonly prompt: string } | { readonly messages: readonly ChatTurn[] },
    options: { readonly maxTokens: number; readonly temperature: number; readonly seed?: number | undefined },
    write: (piece: string) => void,
  ): Promise<ChatAnswerEnd> {
    const path = 'prompt' in asked ? '/v1/completions' : '/v1/chat/completions';
    const { maxTokens: max_tokens, temperature, seed } = options;
    const body = JSON.stringify({
      model: this.#model,
      stream: true,
      max_tokens,
      temperature,
      seed,
      ...asked,
    });
    const response = await request(new URL(path, this.#url), {
      method: 'POST',
      headers: this.#headers,
      body,
    });
    let end: ChatAnswerEnd = { finishReason: null, experts: null };
    for await (const data of serverSentEvents(response)) {
      if (data === '[DONE]') break;
      const { error, choices, connito } = chunkSchema.parse(JSON.parse(data));
      if (error !== undefined) throw cliError('server_refused', `The server failed: ${error.message}`, {});
      const [choice] = choices;
      write(choice?.text ?? choice?.delta?.content ?? '');
      if (choice?.finish_reason != null)
        end = { finishReason: choice.finish_reason, experts: connito?.experts?.layers ?? null };
    }
    return end;
  }
}

async function request(url: URL, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init).catch((cause: unknown) => {
    const message = `Nothing answers at ${url.origin}. Start "connito serve", or correct --url.`;
    throw cliError('server_refused', message, { url: url.origin }, cause);
  });
  if (response.ok) return response;
  const refused = refusalSchema.safeParse(await response.json().catch(() => null));
  const why = refused.success ? refused.data.error.message : 'no reason given';
  throw cliError('server_refused', `The server answered ${response.status}: ${why}`, {
    status: response.status,
  });
}

/** The data of each event. */
async function* serverSentEvents(response: Response): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of response.body!) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split('\n\n');
    rest = parts.pop()!;
    for (const part of parts) yield part.replace(/^data: /, '');
  }
}
