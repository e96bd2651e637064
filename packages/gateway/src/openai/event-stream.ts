const encoder = new TextEncoder();

/**
 * Server-sent events: each value as `data: <JSON>`, then `data: [DONE]`. The next value is asked for only when the client has
 * taken the last ones. A failure becomes a last event with OpenAI's `error`; when the client leaves, `values` is closed.
 */
export function eventStream(
  values: AsyncGenerator<unknown, void, void>,
  describeError: (error: unknown) => unknown,
): ReadableStream<Uint8Array> {
  const event = (data: string): Uint8Array => encoder.encode(`data: ${data}\n\n`);
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const next = await values.next();
        if (next.done !== true) return controller.enqueue(event(JSON.stringify(next.value)));
        controller.enqueue(event('[DONE]'));
      } catch (error) {
        controller.enqueue(event(JSON.stringify(describeError(error))));
      }
      controller.close();
    },
    async cancel() {
      await values.return();
    },
  });
}
