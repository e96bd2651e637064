import { expect, test } from 'vitest';
import type { Answer } from './answer.ts';
import { OpenAnswers } from './open-answers.ts';

/** An answer that ends when it is told to, and then needs `settle`. */
function fakeAnswer() {
  const ended = Promise.withResolvers<void>();
  let wasAsked = false;
  const answer = {
    ended: ended.promise,
    end: () => {
      wasAsked = true;
      return ended.promise;
    },
  };
  return { answer: answer as unknown as Answer, settle: ended.resolve, wasAsked: () => wasAsked };
}

test('places are free again when an answer has ended, and not before', async () => {
  const answers = new OpenAnswers(3);
  const first = fakeAnswer();
  answers.open(3, () => first.answer);
  const open = () => answers.open(1, () => fakeAnswer().answer);
  expect(open).toThrow(expect.objectContaining({ status: 503, code: 'overloaded' }));
  first.settle();
  await first.answer.ended;
  expect(open).not.toThrow();
});

test('an answer that cannot begin takes no places', () => {
  const answers = new OpenAnswers(1);
  const refuse = () => {
    throw new Error('refused');
  };
  expect(() => answers.open(1, refuse)).toThrow('refused');
  expect(() => answers.open(1, () => fakeAnswer().answer)).not.toThrow();
});

test('closing ends what is open, waits for it, and refuses what comes later', async () => {
  const answers = new OpenAnswers(8);
  const one = fakeAnswer();
  answers.open(1, () => one.answer);
  let isClosed = false;
  const closed = answers.close().then(() => {
    isClosed = true;
  });
  expect(one.wasAsked()).toBe(true);
  await new Promise((resolve) => setImmediate(resolve));
  expect(isClosed).toBe(false);
  expect(() => answers.open(1, () => fakeAnswer().answer)).toThrow(
    expect.objectContaining({ code: 'stopping' }),
  );
  one.settle();
  await closed;
});
