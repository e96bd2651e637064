import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { nodeError } from '../errors.ts';
import { systemCode } from '../file-error.ts';

export type ServeOptions = {
  /** The fetch handler, such as a hono app's. */
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** 127.0.0.1 unless the operator decides to be reachable from elsewhere. */
  readonly host?: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** How long `stop` waits for requests being answered before it cuts their connections. */
  readonly graceMs?: number;
};

export type HttpServer = AsyncDisposable & {
  readonly url: URL;
  readonly port: number;
  /** Takes no new connections, lets running requests end within the grace time, then closes everything. */
  stop(): Promise<void>;
};

/** Receiving a request's headers may not take longer; whole bodies are bounded by size and by `BODY_TIMEOUT_MS`. */
const HEADERS_TIMEOUT_MS = 10_000;
const BODY_TIMEOUT_MS = 10 * 60_000;
const MAX_HEADER_BYTES = 16 * 1024;
/** Each open connection costs a few kilobytes; waiting for blocks holds one for each client. */
const MAX_CONNECTIONS = 4_096;
const DEFAULT_GRACE_MS = 2_000;

/** Listens; resolves when connections are accepted. Fails with `port_taken` or `address_unavailable`. */
export async function serve(options: ServeOptions): Promise<HttpServer> {
  const { host = '127.0.0.1', port, graceMs = DEFAULT_GRACE_MS } = options;
  const server = createAdaptorServer({
    fetch: options.fetch,
    overrideGlobalObjects: false,
    serverOptions: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: BODY_TIMEOUT_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
  }) as Server;
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, host, port);
  const address = server.address() as AddressInfo;
  const urlHost = host.includes(':') ? `[${host}]` : host;
  let stopped: Promise<void> | null = null;
  const stop = () => {
    stopped ??= close(server, graceMs);
    return stopped;
  };
  return {
    url: new URL(`http://${urlHost}:${address.port}`),
    port: address.port,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, host, port)));
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

function listenError(cause: Error, host: string, port: number) {
  const details = { host, port };
  if (systemCode(cause) === 'EADDRINUSE') {
    return nodeError(
      'port_taken',
      `Port ${port} on ${host} is in use. Stop the process that listens there (\`ss -ltnp 'sport = :${port}'\` names it) or choose another port.`,
      { details, cause },
    );
  }
  return nodeError(
    'address_unavailable',
    `Cannot listen on ${host}:${port} (${systemCode(cause) ?? cause.message}).`,
    {
      details,
      cause,
    },
  );
}

function close(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close((error) => {
      clearTimeout(cut);
      if (error === undefined) resolve();
      else reject(error);
    });
    server.closeIdleConnections();
  });
}
