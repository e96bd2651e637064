import { ManualClock } from '@connito/node';
import { expect, test, vi } from 'vitest';
import { eventStream, MAX_UNREAD_MS } from './event-stream.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));

function open(values: () => AsyncGenerator<unknown, void, void>) {
  const clock = new ManualClock();
  const onLeft = vi.fn();
  const describeError = vi.fn((error: unknown) => ({ error: { message: (error as Error).message } }));
  let isClosed = false;
  const watched = (async function* () {
    try {
      yield* values();
    } finally {
      isClosed = true;
    }
  })();
  const reader = eventStream(watched, { clock, describeError, onLeft }).getReader();
  const text = async () => new TextDecoder().decode((await reader.read()).value);
  return { clock, onLeft, describeError, reader, text, isClosed: () => isClosed };
}

async function* numbers(): AsyncGenerator<number, void, void> {
  for (let i = 0; i < 1000; i++) yield i;
}

test('values, an end, and a failure as the last event', async () => {
  const whole = open(async function* () {
    yield { a: 1 };
  });
  expect(await whole.text()).toBe('data: {"a":1}\n\n');
  expect(await whole.text()).toBe('data: [DONE]\n\n');
  expect(await whole.reader.read()).toMatchObject({ done: true });
  const failing = open(async function* () {
    yield 1;
    throw new Error('broken');
  });
  expect(await failing.text()).toBe('data: 1\n\n');
  expect(await failing.text()).toBe('data: {"error":{"message":"broken"}}\n\n');
  expect(await failing.reader.read()).toMatchObject({ done: true });
});

test('a client that never reads is left, and holds nothing any more', async () => {
  const { clock, onLeft, reader, isClosed } = open(numbers);
  await settled();
  clock.advance(MAX_UNREAD_MS - 1);
  await settled();
  expect(onLeft).not.toHaveBeenCalled();
  clock.advance(1);
  await settled();
  expect(onLeft).toHaveBeenCalledOnce();
  expect(isClosed()).toBe(true);
  await expect(reader.read()).rejects.toThrow(/cut off/);
});

test('a client that reads a little now and then is left as well', async () => {
  const { clock, onLeft, text } = open(numbers);
  for (let i = 0; i < 6; i++) {
    await settled();
    expect(onLeft).not.toHaveBeenCalled();
    clock.advance(MAX_UNREAD_MS / 6 - 1);
    await text();
  }
  await settled();
  clock.advance(7);
  expect(onLeft).toHaveBeenCalledOnce();
});

test('waiting for the model is not the client’s time', async () => {
  const next = Promise.withResolvers<void>();
  const { clock, onLeft, text } = open(async function* () {
    await next.promise;
    yield 'late';
  });
  const first = text();
  await settled();
  clock.advance(10 * MAX_UNREAD_MS);
  next.resolve();
  expect(await first).toBe('data: "late"\n\n');
  expect(onLeft).not.toHaveBeenCalled();
});

test('a client that leaves while the model writes is no failure', async () => {
  const next = Promise.withResolvers<void>();
  const { describeError, onLeft, reader, isClosed } = open(async function* () {
    yield 1;
    await next.promise;
    yield 2;
  });
  await reader.read();
  await settled();
  const left = reader.cancel();
  expect(onLeft).toHaveBeenCalledOnce();
  next.resolve();
  await left;
  expect(isClosed()).toBe(true);
  expect(describeError).not.toHaveBeenCalled();
});
