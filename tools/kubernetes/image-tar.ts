import { createHash } from 'node:crypto'

/** One file of an image. */
export interface ImageFile {
  /** From the root, without a leading slash. */
  readonly path: string
  readonly bytes: Buffer
  /** Permissions. */
  readonly mode: number
}

export interface ImagePlan {
  /** Name and tag. */
  readonly reference: string
  readonly entrypoint: readonly string[]
  readonly files: readonly ImageFile[]
}

/** An image of one layer in the form of `docker save`, made without Docker: an image of one program needs no more. Equal plans give equal bytes. */
export function imageTarOf({ reference, entrypoint, files }: ImagePlan): Buffer {
  const layer = tarOf(files)
  const layerDigest = sha256(layer)
  const config = Buffer.from(JSON.stringify({
    architecture: ARCHITECTURES[process.arch] ?? process.arch, os: 'linux', config: { Entrypoint: entrypoint, Env: ['PATH=/usr/local/bin:/usr/bin:/bin'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layerDigest}`] }, history: [{ created_by: 'millrace' }],
  }))
  const configPath = `${sha256(config)}.json`
  const layerPath = `${layerDigest}/layer.tar`
  const manifest = Buffer.from(JSON.stringify([{ Config: configPath, RepoTags: [reference], Layers: [layerPath] }]))
  return tarOf([{ path: configPath, bytes: config, mode: 0o644 }, { path: layerPath, bytes: layer, mode: 0o644 }, { path: 'manifest.json', bytes: manifest, mode: 0o644 }])
}

/** Go's names for what Node calls otherwise. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64' }

/** A tar of plain files that belong to root, with the time 0. @throws a path is too long for the format's first version. */
export function tarOf(files: readonly ImageFile[]): Buffer {
  const blocks = files.flatMap(({ path, bytes, mode }) => [headerOf(path, bytes.length, mode), bytes, Buffer.alloc((BLOCK_BYTES - (bytes.length % BLOCK_BYTES)) % BLOCK_BYTES)])
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]) // two empty blocks end it
}

const BLOCK_BYTES = 512
const MAX_PATH_BYTES = 100

/** One block, as POSIX's ustar has it: text and octal numbers at fixed places. */
function headerOf(path: string, size: number, mode: number): Buffer {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) throw new Error(`${path} is longer than ${MAX_PATH_BYTES} bytes`)
  const header = Buffer.alloc(BLOCK_BYTES)
  const octal = (value: number, at: number, digits: number): void => void header.write(value.toString(8).padStart(digits, '0'), at)
  header.write(path, 0)
  octal(mode, 100, 7)
  octal(0, 108, 7) // user
  octal(0, 116, 7) // group
  octal(size, 124, 11)
  octal(0, 136, 11) // time
  header.write('        ', 148) // the checksum counts itself as spaces
  header.write('0', 156) // a plain file
  header.write('ustar\x0000', 257)
  octal(header.reduce((sum, byte) => sum + byte, 0), 148, 6)
  header.write('\0 ', 154)
  return header
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
