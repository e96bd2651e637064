import { ManualClock } from '@connito/node';
import { describe, expect, it } from 'vitest';
import { stopRequests } from './stop-requests.ts';

describe('requests to stop', () => {
  const listen = () => {
    const clock = new ManualClock();
    const acts: string[] = [];
    const request = stopRequests(clock, { first: () => acts.push('first'), again: () => acts.push('again') });
    return { clock, acts, request };
  };

  it('end at once with a second Ctrl-C', () => {
    const { clock, acts, request } = listen();
    request('SIGINT');
    clock.advance(1_000);
    request('SIGINT');
    expect(acts).toEqual(['first', 'again']);
  });

  it('are one where a signal comes twice', () => {
    const { acts, request } = listen();
    request('SIGINT');
    request('SIGINT');
    expect(acts).toEqual(['first']);
  });

  it('stay polite from others than the terminal', () => {
    const { clock, acts, request } = listen();
    request('SIGTERM');
    clock.advance(5_000);
    request('SIGTERM');
    expect(acts).toEqual(['first']);
  });
});
