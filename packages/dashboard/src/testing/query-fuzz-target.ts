import { parseRequest } from '@connito/node';
import { ConnitoError, utf8 } from '@connito/protocol';
import { DASHBOARD_ENDPOINT, ENDPOINTS } from '../api/endpoints.ts';

const ALL = [...ENDPOINTS, DASHBOARD_ENDPOINT];
const decoder = new TextDecoder();

/** Query texts of every endpoint in turn: read within its bounds, or refused with `invalid_request`, which is a 400. The first character names the endpoint. */
export const queryFuzzTarget = {
  name: 'dashboard query',
  valid: ALL.flatMap((_, i) => {
    const letter = String.fromCharCode(97 + i);
    return [
      'sort=score&limit=20&offset=0&search=5F&group=law&reason=no_gain&round=3&domain=math&uid=4&hotkey=5F&id=1&from=0&to=9',
      'round=7',
      'limit=500',
      'uid=0',
      '',
    ].map((query) => utf8(`${letter}${query}`));
  }),
  maxRandomBytes: 128,
  run(bytes: Uint8Array): void {
    const text = decoder.decode(bytes);
    const { parameters } = ALL[(text.codePointAt(0) ?? 0) % ALL.length]!;
    const given = Object.fromEntries(new URLSearchParams(text.slice(1)));
    try {
      const read = parseRequest(parameters, given);
      for (const value of Object.values(read)) {
        if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new Error(`read ${value}`);
      }
    } catch (error) {
      if (!(error instanceof ConnitoError) || error.code !== 'invalid_request') throw error;
    }
  },
};
