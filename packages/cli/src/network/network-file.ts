import { readFile } from 'node:fs/promises';
import { fileError, systemCode, writeDurably } from '@connito/node';
import { CODEC_KINDS, type Hotkey } from '@connito/protocol';
import { z } from 'zod';
import { cliError } from '../errors.ts';
import { BEHAVIOURS } from './behaviour.ts';
import { layoutOf, type NetworkLayout } from './layout.ts';

const name = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);
const hotkey = z.string().min(1).max(64) as z.ZodType<string> as z.ZodType<Hotkey>;

const networkSchema = z.strictObject({
  format: z.literal(1),
  run: z.string().regex(/^[0-9a-f]{64}$/),
  name: z.string(),
  createdAt: z.string(),
  /** Folder of the base model, absolute. */
  model: z.string(),
  domains: z.array(name).min(1),
  innerSteps: z.int().positive(),
  codec: z.enum(CODEC_KINDS),
  /** First of the ports to listen on, or null: free ones, chosen anew at each start. */
  port: z.int().min(1).max(65_535).nullable(),
  validators: z.array(z.strictObject({ name, hotkey })).min(1),
  miners: z.array(z.strictObject({ name, hotkey, behaviour: z.enum(BEHAVIOURS), domain: name })).min(1),
});

/** A local network as it was first started: what stays the same over all its starts. */
export type Network = z.infer<typeof networkSchema>;
export type NetworkMiner = Network['miners'][number];
export type NetworkValidator = Network['validators'][number];

/** Reads a directory's network, or null where none was started. Fails with `network_file_corrupt`. */
export async function findNetwork(layout: NetworkLayout): Promise<Network | null> {
  let text: string;
  try {
    text = await readFile(layout.networkFile, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw fileError(error, layout.networkFile);
  }
  try {
    return networkSchema.parse(JSON.parse(text));
  } catch (cause) {
    const message = `${layout.networkFile} is damaged or of another version. Start a new network in another directory with --dir.`;
    throw cliError('network_file_corrupt', message, { path: layout.networkFile }, cause);
  }
}

/** Like `findNetwork`, but fails with `network_missing` where there is none. */
export async function readNetwork(directory: string): Promise<{ layout: NetworkLayout; network: Network }> {
  const layout = layoutOf(directory);
  const network = await findNetwork(layout);
  if (network !== null) return { layout, network };
  const message = `There is no network in ${directory}. Start one with "connito up", or name its directory with --dir.`;
  throw cliError('network_missing', message, { directory });
}

export async function writeNetwork(layout: NetworkLayout, network: Network): Promise<void> {
  const text = `${JSON.stringify(networkSchema.parse(network), null, 2)}\n`;
  await writeDurably(layout.networkFile, new TextEncoder().encode(text));
}
