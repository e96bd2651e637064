import { describe, expect, test } from 'vitest';
import { chatRequestSchema } from './chat-request.ts';
import { completionRequestSchema } from './completion-request.ts';
import { parseFields } from './request-fields.ts';

const chat = { model: 'm', messages: [{ role: 'user', content: 'Hello' }] };
const completion = { model: 'm', prompt: 'Hello' };

// Words and codes of OpenAI's API, as its users quote them.
describe('a field at fault', () => {
  test.each([
    [
      { max_tokens: -678 },
      "Invalid 'max_tokens': integer below minimum value. Expected a value >= 1, but got -678 instead.",
      'integer_below_min_value',
      'max_tokens',
    ],
    [
      { n: 130 },
      "Invalid 'n': integer above maximum value. Expected a value <= 32, but got 130 instead.",
      'integer_above_max_value',
      'n',
    ],
    [
      { temperature: 9 },
      "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 9 instead.",
      'decimal_above_max_value',
      'temperature',
    ],
    [
      { top_p: 0 },
      "Invalid 'top_p': decimal below minimum value. Expected a value > 0, but got 0 instead.",
      'decimal_below_min_value',
      'top_p',
    ],
    [
      { temperature: 'hot' },
      "Invalid type for 'temperature': expected a decimal, but got a string instead.",
      'invalid_type',
      'temperature',
    ],
    [
      { max_tokens: 1.5 },
      "Invalid type for 'max_tokens': expected an integer, but got a decimal instead.",
      'invalid_type',
      'max_tokens',
    ],
    [
      { stop: 5 },
      "Invalid type for 'stop': expected one of a string or an array, but got an integer instead.",
      'invalid_type',
      'stop',
    ],
    [
      { stop: ['a', 7] },
      "Invalid type for 'stop[1]': expected a string, but got an integer instead.",
      'invalid_type',
      'stop[1]',
    ],
    [
      { messages: [] },
      "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
      'empty_array',
      'messages',
    ],
    [
      { messages: [{ role: 'wizard', content: 'Hello' }] },
      "Invalid value: 'wizard'. Supported values are: 'system', 'developer', 'user', 'assistant'.",
      'invalid_value',
      'messages[0].role',
    ],
    [
      { messages: [{ role: 'user', content: { text: 'Hello' } }] },
      "Invalid type for 'messages[0].content': expected one of a string or an array, but got an object instead.",
      'invalid_type',
      'messages[0].content',
    ],
    [
      { messages: [{ role: 'user', content: [{ type: 'image_url', text: '' }] }] },
      "Invalid value: 'image_url'. Supported values are: 'text'.",
      'invalid_value',
      'messages[0].content[0].type',
    ],
    [
      { messages: [{ role: 'user' }] },
      "Missing required parameter: 'messages[0].content'.",
      'missing_required_parameter',
      'messages[0].content',
    ],
    [{ model: undefined }, "Missing required parameter: 'model'.", 'missing_required_parameter', 'model'],
    [
      { model: 'm'.repeat(300) },
      "Invalid 'model': string too long. Expected a string with maximum length 256, but got a string with length 300 instead.",
      'string_above_max_length',
      'model',
    ],
    [
      { stop: Array.from({ length: 17 }, () => 'x') },
      "Invalid 'stop': array too long. Expected an array with maximum length 16, but got an array with length 17 instead.",
      'array_above_max_length',
      'stop',
    ],
    [{ max_token: 5 }, 'Unrecognized request argument supplied: max_token', null, 'max_token'],
  ])('%j is told of in OpenAI’s words', (changes, message, code, param) => {
    const parse = () => parseFields(chatRequestSchema, { ...chat, ...changes });
    expect(parse).toThrow(expect.objectContaining({ status: 400, message, code, param }));
  });

  test('a value nested however deep is told of by its type', () => {
    const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
    for (const changes of [
      { messages: [{ role: deep, content: 'Hello' }] },
      { stop: deep },
      { model: deep },
    ]) {
      const parse = () => parseFields(chatRequestSchema, { ...chat, ...changes });
      expect(parse).toThrow(expect.objectContaining({ status: 400 }));
    }
  });

  test.each([[null], [5], ['text'], [[]]])('a body that is %j is told of', (body) => {
    expect(() => parseFields(chatRequestSchema, body)).toThrow(/JSON object/);
  });

  test.each([
    [{ prompt: [1, 2, 'a'] }, 'prompt[2]'],
    [{ prompt: [[1], ['a']] }, 'prompt[1][0]'],
    [{ prompt: true }, 'prompt'],
    [{ prompt: [] }, 'prompt'],
  ])('of a prompt like %j names its place', (changes, param) => {
    const parse = () => parseFields(completionRequestSchema, { ...completion, ...changes });
    expect(parse).toThrow(expect.objectContaining({ status: 400, param }));
  });
});
