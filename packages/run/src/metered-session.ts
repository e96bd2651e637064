import type { Clock } from '@connito/node';
import type { ModelSession } from './model-session.ts';

/** A session whose model's calls are timed, each from asking to the answer: `onCall` is told of those that succeed. */
export function meteredSession(
  session: ModelSession,
  clock: Clock,
  onCall: (call: string, seconds: number) => void,
): ModelSession {
  const host = new Proxy(session.host, {
    get: (target, name, receiver) => {
      const method: unknown = Reflect.get(target, name, receiver);
      if (typeof method !== 'function' || typeof name !== 'string') return method;
      return async (...args: unknown[]) => {
        const startedAtMs = clock.nowMs();
        const value = await method.apply(target, args);
        onCall(name, (clock.nowMs() - startedAtMs) / 1_000);
        return value;
      };
    },
  });
  return { ...session, host };
}
