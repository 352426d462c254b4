import type { SeededNumbers } from '../load/seeded-numbers.ts'

/** A damaged, stretched or mixed copy of one of the inputs. Never longer than {@link MAX_INPUT_BYTES}. */
export function mutate(numbers: SeededNumbers, inputs: readonly Uint8Array[]): Uint8Array {
  let bytes: Uint8Array = Uint8Array.from(numbers.pick(inputs))
  for (let left = 1 + numbers.below(MAX_MUTATIONS); left > 0; left--) bytes = numbers.pick(MUTATIONS)(bytes, numbers, inputs)
  return bytes.subarray(0, MAX_INPUT_BYTES)
}

/** Larger inputs only take time from more of them; what grows worse than linearly shows at this size. */
export const MAX_INPUT_BYTES = 256 * 1024
/** A few at a time: an input that is damaged all over is refused at its first byte. */
const MAX_MUTATIONS = 6

type Mutation = (bytes: Uint8Array, numbers: SeededNumbers, inputs: readonly Uint8Array[]) => Uint8Array

const MUTATIONS: readonly Mutation[] = [
  function flipBit(bytes, numbers) {
    const at = numbers.below(bytes.length)
    if (bytes.length > 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << numbers.below(8))
    return bytes
  },
  function setByte(bytes, numbers) {
    if (bytes.length > 0) bytes[numbers.below(bytes.length)] = numbers.pick(TELLING_BYTES)
    return bytes
  },
  function cut(bytes, numbers) {
    return bytes.subarray(0, numbers.below(bytes.length + 1))
  },
  function remove(bytes, numbers) {
    const [start, end] = rangeIn(bytes, numbers)
    return concat(bytes.subarray(0, start), bytes.subarray(end))
  },
  function repeat(bytes, numbers) {
    const [start, end] = rangeIn(bytes, numbers)
    const times = Math.min(numbers.pick([2, 3, 10, 1000, 30_000]), Math.ceil(MAX_INPUT_BYTES / Math.max(1, end - start)))
    return concat(bytes.subarray(0, start), ...Array.from({ length: times }, () => bytes.subarray(start, end)), bytes.subarray(end))
  },
  function insert(bytes, numbers) {
    const at = numbers.below(bytes.length + 1)
    return concat(bytes.subarray(0, at), Buffer.from(numbers.pick(TELLING_TEXTS), 'latin1'), bytes.subarray(at))
  },
  function splice(bytes, numbers, inputs) {
    const other = numbers.pick(inputs)
    const [start, end] = rangeIn(other, numbers)
    const at = numbers.below(bytes.length + 1)
    return concat(bytes.subarray(0, at), other.subarray(start, end), bytes.subarray(at))
  },
  function noise(bytes, numbers) {
    const [start, end] = rangeIn(bytes, numbers)
    for (let at = start; at < Math.min(end, start + 64); at++) bytes[at] = numbers.below(256)
    return bytes
  },
]

/** Ends, brackets, the first and last of lengths, and what is no UTF-8. */
const TELLING_BYTES = [0x00, 0x01, 0x0a, 0x0d, 0x20, 0x22, 0x2c, 0x3a, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d, 0x7f, 0x80, 0xbf, 0xc0, 0xfe, 0xff]
const TELLING_TEXTS = [
  '{', '}', '[', ']', '"', '\\', '\\u0000', '\\ud800', 'null', 'true', '-', '1e999', '99999999999999999999999999', '{"a":', '[[[[', '\n', '\r\n', '\0', '\xff\xff\xff\xff\x0f', '\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01',
  '\x0a\xff\x01', '<165>1 ', '[x@1 y="', '65536 ', '{a="', '\u00ef\u00bb\u00bf', '__proto__', '2026-02-30T25:61:61Z',
]

function rangeIn(bytes: Uint8Array, numbers: SeededNumbers): readonly [start: number, end: number] {
  const start = numbers.below(bytes.length + 1)
  return [start, start + numbers.below(bytes.length - start + 1)]
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.concat(parts)
  return bytes.subarray(0, MAX_INPUT_BYTES)
}
