import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

/** A folder's files in one: their paths and bytes (base64) as a JSON object, packed by zstd. */
export async function packFolder(folder: string): Promise<Uint8Array> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name)).sort()
  const files = Object.fromEntries(await Promise.all(paths.map(async (path) => [path.slice(folder.length + 1), (await readFile(path)).toString('base64')])))
  return zstdCompressSync(JSON.stringify(files), { params: { [constants.ZSTD_c_compressionLevel]: 19 } })
}

export async function unpackFolder(packed: Uint8Array, folder: string): Promise<void> {
  const files = JSON.parse(zstdDecompressSync(packed).toString('utf8')) as Readonly<Record<string, string>>
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), Buffer.from(content, 'base64'))
  }
}
