import { createServer } from 'node:net';
import { nodeError, systemCode } from '@connito/node';

/** Ports of this machine nobody listens on, by asking for all of them at once. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0)));
  const ports = servers.map(({ port }) => port);
  await Promise.all(servers.map(({ close }) => close()));
  return ports;
}

/** Fails with `port_taken` unless this port can be listened on now. */
export async function requireFreePort(port: number): Promise<void> {
  const server = await listen(port);
  await server.close();
}

function listen(port: number): Promise<{ readonly port: number; close(): Promise<void> }> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (cause) => {
      const message =
        systemCode(cause) === 'EADDRINUSE'
          ? `Port ${port} on 127.0.0.1 is in use. Choose another with --port, or leave it out to get free ones.`
          : `Cannot listen on port ${port} of 127.0.0.1 (${systemCode(cause) ?? cause.message}). Choose another with --port.`;
      const code = systemCode(cause) === 'EADDRINUSE' ? 'port_taken' : 'address_unavailable';
      reject(nodeError(code, message, { details: { port }, cause }));
    });
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      const given = typeof address === 'object' && address !== null ? address.port : port;
      resolve({ port: given, close: () => new Promise((closed) => server.close(() => closed())) });
    });
  });
}
