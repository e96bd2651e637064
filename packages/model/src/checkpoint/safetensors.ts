import { elementCount, type Tensor, tensor } from '@connito/engine';
import { z } from 'zod';
import { ModelError } from '../errors.ts';
import { fromBfloat16, toBfloat16 } from './bfloat16.ts';

/** Element types of a safetensors file that hold parameters. */
export type StoredType = 'F32' | 'BF16' | 'F16';

const BYTES: Readonly<Record<StoredType, number>> = { F32: 4, BF16: 2, F16: 2 };
/** The format's own bound on its header. */
const MAX_HEADER_BYTES = 100_000_000;

const entrySchema = z.object({
  dtype: z.enum(['F32', 'BF16', 'F16']),
  shape: z.array(z.int().nonnegative()).max(8),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});

/**
 * Tensors in the safetensors format: 8 bytes little-endian header length, a JSON header, then the raw tensors in the order
 * of their names. `metadata` values are strings, as the format demands.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  type: 'F32' | 'BF16',
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt', ...metadata } };
  const names = [...tensors.keys()].sort();
  let offset = 0;
  for (const name of names) {
    const { shape } = tensors.get(name)!;
    const end = offset + elementCount(shape) * BYTES[type];
    header[name] = { dtype: type, shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  // The data starts 8-byte aligned; the format pads with spaces.
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + headerBytes + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, 8 + json.length, 8 + headerBytes);
  file.set(json, 8);
  let at = 8 + headerBytes;
  for (const name of names) {
    const values = tensors.get(name)!.data as Float32Array;
    const stored = type === 'F32' ? values : toBfloat16(values);
    file.set(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength), at);
    at += stored.byteLength;
  }
  return file;
}

/**
 * Reads a safetensors file as single-precision tensors. Throws `checkpoint_corrupt` where ranges overlap, leave gaps, run
 * over the end or do not fit the shapes, and where a value is not finite; nothing is allocated before that is known.
 */
export function decodeSafetensors(file: Uint8Array, source: string): Map<string, Tensor> {
  const corrupt = (what: string): ModelError =>
    new ModelError('checkpoint_corrupt', `${source} is not a valid safetensors file: ${what}`);
  if (file.length < 8) throw corrupt(`${file.length} bytes are too few`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > MAX_HEADER_BYTES || headerBytes > file.length - 8) {
    throw corrupt(`its header would take ${headerBytes} of ${file.length} bytes`);
  }
  const header = parseHeader(file.subarray(8, 8 + headerBytes), corrupt);
  const data = file.subarray(8 + headerBytes);

  const entries = [...header].sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0]);
  let expected = 0;
  for (const [
    name,
    {
      dtype,
      shape,
      data_offsets: [start, end],
    },
  ] of entries) {
    if (start !== expected) throw corrupt(`tensor ${name} starts at ${start}, not at ${expected}`);
    if (end - start !== elementCount(shape) * BYTES[dtype]) {
      throw corrupt(`tensor ${name} ${dtype}[${shape}] does not fit its ${end - start} bytes`);
    }
    expected = end;
  }
  if (expected !== data.length) throw corrupt(`its tensors take ${expected} bytes, ${data.length} are there`);

  const tensors = new Map<string, Tensor>();
  for (const [
    name,
    {
      dtype,
      shape,
      data_offsets: [start, end],
    },
  ] of entries) {
    // A copy is aligned; the file's own bytes need not be. (A Buffer's `slice` would not copy.)
    const values = readValues(new Uint8Array(data.subarray(start, end)), dtype);
    for (let i = 0; i < values.length; i++) {
      if (!Number.isFinite(values[i]))
        throw corrupt(`tensor ${name} has the value ${values[i]} at element ${i}`);
    }
    tensors.set(name, tensor(values, shape));
  }
  return tensors;
}

function parseHeader(
  bytes: Uint8Array,
  corrupt: (what: string) => ModelError,
): Map<string, z.infer<typeof entrySchema>> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw corrupt('its header is not JSON');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw corrupt('its header is no object');
  const entries = new Map<string, z.infer<typeof entrySchema>>();
  for (const [name, value] of Object.entries(json)) {
    if (name === '__metadata__') continue;
    const entry = entrySchema.safeParse(value);
    if (!entry.success) throw corrupt(`entry "${name}": ${entry.error.issues[0]?.message}`);
    entries.set(name, entry.data);
  }
  return entries;
}

function readValues(bytes: Uint8Array, type: StoredType): Float32Array {
  const { buffer } = bytes;
  if (type === 'F32') return new Float32Array(buffer);
  if (type === 'BF16') return fromBfloat16(new Uint16Array(buffer));
  return Float32Array.from(new Float16Array(buffer));
}

/** The string metadata of a safetensors file. */
export function readMetadata(file: Uint8Array, source: string): Readonly<Record<string, string>> {
  const headerBytes =
    file.length < 8 ? -1 : Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  try {
    const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + headerBytes)));
    return z.record(z.string(), z.string()).parse(header.__metadata__ ?? {});
  } catch (cause) {
    throw new ModelError('checkpoint_corrupt', `${source} has no readable safetensors header`, { cause });
  }
}
